"""What a drawn shot is made of: the answer that any method of separating it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from animeflow.errors import ContractError

ROLES = ("subtitle", "credits", "sign")
BLENDS = ("add", "screen", "over")


@dataclass(frozen=True)
class TextTruth:
    """One line of drawn text: `polygon` is float64 [4, 2], corners (x, y) in frame px, clockwise from the top left."""

    text: str
    role: str
    polygon: np.ndarray

    def __post_init__(self) -> None:
        if self.role not in ROLES or self.polygon.shape != (4, 2):
            raise ContractError(
                f"text box {self.role!r} {self.polygon.shape}: allowed are {ROLES} and (4, 2)"
            )


@dataclass(frozen=True, kw_only=True)
class DrawnShot:
    """A shot and its truth. T frames of height h and width w, RGB uint8; arrays are read-only and may share memory.

    - `frames` [T,h,w,3]: what the audience sees, grain included. `grain` is its sigma in 8-bit levels, 0 for none.
    - `drawing` int32 [T]: index of the composed picture, one more exactly when any pixel changes (grain apart).
    - `cel_drawing` int32 [T]: index of the drawn cels, whatever the camera does.
    - `camera` float64 [T,3,3]: frame px -> `plate` px (pixel centres on whole numbers); `plate` [H,W,3]. With two
      planes they are the far plane's; with a moving background the plate is its calm state.
    - `background` [T,h,w,3]: everything behind the characters, through the camera.
    - `character` [T,h,w,4]: straight RGBA of all characters; `instances`: visible alpha float32 [T,h,w] of each, 0-1.
    - `effect` [T,h,w,3] with `effect_blend`: "add" and "screen": the light; "over": colour with `effect_alpha` [T,h,w].
      `effect_mask` bool [T,h,w]: light of at least 8 levels, or alpha of at least 0.05.
    - `overlay` [T,h,w,4]: burned-in text, straight RGBA, above everything.
    - `text_boxes`: per frame; `flash`: [start, end) frame ranges that break the flash limits.
    - `motion` float64 [T]: camera px since the frame before; `on_screen` bool [T]: a character is visible.
    """

    kind: str
    seed: int
    fps: Fraction
    frames: np.ndarray
    drawing: np.ndarray
    cel_drawing: np.ndarray
    camera: np.ndarray
    plate: np.ndarray
    background: np.ndarray
    character: np.ndarray
    instances: tuple[np.ndarray, ...]
    effect: np.ndarray
    effect_alpha: np.ndarray
    effect_blend: str | None
    effect_mask: np.ndarray
    overlay: np.ndarray
    text_boxes: tuple[tuple[TextTruth, ...], ...]
    flash: tuple[tuple[int, int], ...]
    motion: np.ndarray
    on_screen: np.ndarray
    grain: float = 0.0

    def __post_init__(self) -> None:
        count, height, width, _ = self.frames.shape
        wanted = {
            "drawing": (count,), "cel_drawing": (count,), "camera": (count, 3, 3), "motion": (count,),
            "background": (count, height, width, 3), "character": (count, height, width, 4),
            "effect": (count, height, width, 3), "effect_alpha": (count, height, width),
            "effect_mask": (count, height, width), "overlay": (count, height, width, 4), "on_screen": (count,),
        }  # fmt: skip
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ContractError(
                    f"{self.kind}: {name} has shape {getattr(self, name).shape}, expected {shape}"
                )
        if self.effect_blend not in (None, *BLENDS) or len(self.text_boxes) != count:
            raise ContractError(
                f"{self.kind}: blend {self.effect_blend!r}, {len(self.text_boxes)} text lists, {count} frames"
            )

    @cached_property
    def alpha(self) -> np.ndarray:
        """Alpha of all characters, float32 [T,h,w], 0-1."""
        return self.character[..., 3].astype(np.float32) / np.float32(255)
