"""Task `segment`: how much each pixel belongs to a character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Segmenter(Protocol):
    """Seed masks of characters."""

    def segment(self, frames: Sequence[np.ndarray]) -> list[np.ndarray]:
        """uint8 RGB [h, w, 3] frames of any sizes -> float32 [h, w] of the same sizes, 0 background, 1 character."""
        ...
