"""Figures that describe a matte."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
_BAND = 5  # px on both sides of the edge


def bounding_box(alpha: U8) -> list[int] | None:
    """[x, y, width, height] in px of alpha >= 128; None where there is none."""
    x, y, width, height = cv2.boundingRect((alpha >= 128).astype(np.uint8))
    return [int(x), int(y), int(width), int(height)] if width else None


def mask_quality(alpha: U8) -> float | None:
    """1 - mean(4 alpha (1 - alpha)) in a band of 5 px around the edge, 0-1: 1 is a crisp edge; None without one.

    It says how decided a matte is, not how right.
    """
    inside = (alpha >= 128).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _BAND + 1, 2 * _BAND + 1))
    band = cv2.dilate(inside, kernel) != cv2.erode(inside, kernel)
    if not band.any():
        return None
    value = alpha[band].astype(np.float64) / 255
    return round(float(1 - (4 * value * (1 - value)).mean()), 4)
