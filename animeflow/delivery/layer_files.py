"""The published layers of a drawing as an export reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PublishedDrawing:
    """A drawing of a kept clip whose layers are published: it is seen in the frames start..end-1.

    `blend` is add, screen or over where there is an effect; `effect_intensity` its mean strength 0-1.
    `inpainted` tells whether some of the background was never revealed; `background_quality` is 0-1.
    """

    clip_id: str
    drawing_id: str
    shot: int
    start: int
    end: int
    blend: str | None
    effect_kind: str | None
    effect_intensity: float | None
    inpainted: bool
    background_quality: float | None


class LayerFiles(Protocol):
    """Reads the pictures of a drawing."""

    def character(self, drawing: PublishedDrawing) -> U8:
        """Straight RGBA [h, w, 4]."""

    def effect(self, drawing: PublishedDrawing) -> U8 | None:
        """RGB [h, w, 3] for add and screen, straight RGBA [h, w, 4] for over; None without one."""

    def background(self, drawing: PublishedDrawing) -> U8:
        """RGB [h, w, 3]."""


def effect_rgba(effect: U8, blend: str | None) -> U8:
    """An effect as straight RGBA [h, w, 4].

    Light that is added has no alpha of its own: its strongest channel becomes alpha and its colour is scaled up to it,
    so that colour times alpha is the light again (to half a level of 8 bits).
    """
    if blend == "over" or effect.shape[2] == 4:
        return effect
    alpha = effect.max(axis=2, keepdims=True).astype(np.float32)
    colour = np.divide(
        effect * np.float32(255), alpha, out=np.zeros(effect.shape, np.float32), where=alpha > 0
    )
    return np.concatenate([np.rint(colour), alpha], axis=2).astype(np.uint8)
