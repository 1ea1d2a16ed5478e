"""What the kinds of shots share: sizes in units, places, casts, the pattern of held frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import skia

from animeflow.sample import camera as cam
from animeflow.sample.canvas import Layer
from animeflow.sample.compose import Actor
from animeflow.sample.figure import draw_figure
from animeflow.sample.plates import paint
from animeflow.sample.pose import HEAD_ABOVE_NECK, NECK, TORSO, Pose, pelvis_height
from animeflow.sample.style import LIGHT_OF_HOUR, Design, Rng, Style, design, rng_of

GROUND = 322.0
MARGIN = 24.0
PoseAt = Callable[[int], Pose]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One shot's order: units are px of a frame 360 high, `s` px per unit."""

    kind: str
    seed: int
    size: tuple[int, int]
    frames: int
    fps: Fraction
    style: Style

    @property
    def s(self) -> float:
        return self.size[1] / 360.0

    @property
    def width(self) -> float:
        """Width of the frame in units."""
        return self.size[0] / self.s

    @property
    def palette(self) -> int:
        return self.seed if self.style.palette is None else self.style.palette

    def rng(self, what: str) -> Rng:
        return rng_of(self.seed, self.kind, what)

    def pick(self, what: str, *choices: str) -> str:
        return str(self.rng(what).choice(choices))

    def timing(self, *hold: int) -> np.ndarray:
        """Drawing index per frame: each number says how long a drawing stays, over and over."""
        pattern = self.style.hold or hold
        steps: list[int] = []
        k = 0
        while len(steps) < self.frames:
            steps += [k] * pattern[k % len(pattern)]
            k += 1
        return np.asarray(steps[: self.frames], np.int32)

    def character(self, who: int = 0, *, hour: str = "day", avoid: Design | None = None) -> Design:
        d = design(self.palette, who, chroma=self.style.chroma, avoid=avoid)
        return d.lit(LIGHT_OF_HOUR[hour]) if hour != "day" else d

    def plate(
        self, place: str, hour: str, *, extra: tuple[float, float] = (0.0, 0.0), near: float = 1.0
    ) -> np.ndarray:
        """A plate that exceeds the frame by `MARGIN` and `extra` units; `near` > 1 shows the place closer and softer."""
        size = (self.px(self.width + 2 * MARGIN + extra[0]), self.px(360 + 2 * MARGIN + extra[1]))
        ground = (GROUND + MARGIN + extra[1] / 2) if near == 1.0 else 268.0
        picture = paint(place, seed=self.palette, size=size, scale=self.s * near, hour=hour, ground=ground)
        if self.style.chroma != 1.0:
            grey = picture.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
            coloured = grey[..., None] + (picture - grey[..., None]) * np.float32(self.style.chroma)
            picture = np.clip(np.rint(coloured), 0, 255).astype(np.uint8)
        return (
            picture if near == 1.0 else cv2.GaussianBlur(picture, (0, 0), 1.6 * self.s * (near - 1.0) + 0.3)
        )

    def px(self, units: float) -> int:
        return round(units * self.s)

    def held(self) -> np.ndarray:
        return cam.held(self.size, self.frames, x=float(self.px(MARGIN)), y=float(self.px(MARGIN)))

    def actor(
        self, who: Design, pose: PoseAt, timing: np.ndarray, *, unit: float, x: Callable[[int], float] | float,
        head_y: float | None = None, facing: int = 1, on_frame: bool = False,
    ) -> Actor:  # fmt: skip
        """A character `unit` units of the frame per unit of its body, standing at x on the ground, or with its head at
        `head_y`. World-bound actors count from the frame of a held camera, so that both read the same."""
        offset = 0.0 if on_frame else MARGIN

        def draw(canvas: skia.Canvas, k: int) -> None:
            p = pose(k)
            px = x(k) if callable(x) else x
            foot_y = GROUND
            if head_y is not None:
                foot_y = head_y + unit * (
                    TORSO + NECK + HEAD_ABOVE_NECK + pelvis_height(p, tall=who.tall, turn=p.face.turn)
                )
            foot = ((px + offset) * self.s, (foot_y + offset) * self.s)
            draw_figure(canvas, who, p, foot=foot, unit=unit * self.s, facing=facing, line=self.line(unit))

        return Actor(draw=draw, timing=timing, on_frame=on_frame)

    def line(self, unit: float) -> float:
        """Ink in px: a little finer on small figures, as they are drawn."""
        return self.style.line * self.s * float(np.clip(0.55 + unit / 130.0, 0.7, 1.5))

    def layer(self) -> Layer:
        return Layer(self.size)
