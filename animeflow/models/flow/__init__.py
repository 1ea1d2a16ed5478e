"""Task `flow`: where each pixel of one frame is in another."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class FlowEstimator(Protocol):
    """Dense optical flow."""

    def flow(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Two uint8 frames of one size, RGB [h, w, 3] or luma [h, w] -> float32 [h, w, 2] in px (x, y).

        `b[y + flow[y, x, 1], x + flow[y, x, 0]]` shows what `a[y, x]` shows.
        """
        ...
