"""Task `pose`: where the joints of a person are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class PoseEstimator(Protocol):
    """People -> key points."""

    def poses(self, frames: Sequence[np.ndarray], boxes: Sequence[np.ndarray]) -> list[np.ndarray]:
        """uint8 RGB frames and boxes float32 [n, 4] (x, y, width, height in px) each -> float32 [n, points, 3].

        A point is (x px, y px, score 0-1); its names are those of the adapter's `points`.
        """
        ...
