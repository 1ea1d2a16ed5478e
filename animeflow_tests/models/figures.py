"""A plain drawn figure on a plain background, with its mask."""

from __future__ import annotations

import numpy as np


def figure(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Head and body in the middle of a frame of (width, height): uint8 RGB [h, w, 3] and bool [h, w]."""
    width, height = size
    y, x = np.mgrid[:height, :width] / height
    x = x - width / height / 2
    head = (x / 0.17) ** 2 + ((y - 0.42) / 0.19) ** 2 < 1
    body = (np.abs(x) < 0.2) & (y > 0.58)
    frame = np.where((y > 0.7)[..., None], (90, 150, 80), (120, 170, 220)).astype(np.uint8)
    frame[body] = (200, 40, 60)
    frame[head] = (240, 210, 190)
    return frame, head | body


def iou(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Intersection over union of alpha > 0.5 and a mask."""
    found = alpha > 0.5
    return float((found & truth).sum() / (found | truth).sum())
