"""A frame against its background: what differs, by how much, and in which direction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from animeflow.layers.pixels import F32, U8, Mask, channel_max, channel_min, disc, gradient

GRADIENT_SHARE = 0.6  # of the local plate gradient: what misregistration may cost
SEE_THROUGH_WINDOW = 11


@dataclass(frozen=True)
class Difference:
    """Frame and background of one drawing, uint8 RGB [h, w, 3]; `noise` = base tolerance + 3 sigma, 8-bit levels.

    `slope`: the gradient of the background where it is known already, float32 [h, w].
    """

    frame: U8
    background: U8
    noise: float
    slope: F32 | None = None

    @cached_property
    def signed(self) -> np.ndarray:
        """frame - background, int16 [h, w, 3]."""
        return self.frame.astype(np.int16) - self.background

    @cached_property
    def size(self) -> F32:
        """Largest |difference| over channels, float32 [h, w], 8-bit levels."""
        return channel_max(cv2.absdiff(self.frame, self.background)).astype(np.float32)

    @cached_property
    def tolerance(self) -> F32:
        """What may differ by noise or misregistration: base + 3 sigma + 0.6 x local gradient (levels)."""
        slope = gradient(self.background) if self.slope is None else self.slope
        return self.noise + GRADIENT_SHARE * slope

    @cached_property
    def unlike(self) -> Mask:
        """Beyond tolerance."""
        return self.size > self.tolerance

    @cached_property
    def brighter(self) -> Mask:
        """Beyond tolerance and no channel darker than noise: what added light looks like."""
        smooth = cv2.blur(self.signed.astype(np.float32), (3, 3))
        return self.unlike & (channel_min(smooth) > -self.noise) & (channel_max(smooth) > self.noise)


def noise_level(base: float, sigma: float) -> float:
    """Tolerance without the gradient: base + 3 sigma (8-bit levels)."""
    return base + 3 * sigma


def grown(values: F32, size: int) -> F32:
    """Grey dilation by a square."""
    return cv2.dilate(values, disc(size))
