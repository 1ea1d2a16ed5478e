"""Task `track`: where the masked things of one frame are in the next ones; the only task with state."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Tracker(Protocol):
    """Follows objects through a shot."""

    def open(self, size: tuple[int, int]) -> None:
        """Begin a shot of frames of size (width, height)."""
        ...

    def seed(self, frame: np.ndarray, labels: np.ndarray) -> None:
        """uint8 RGB [h, w, 3] and labels uint8 [h, w] (0 background, 1.. objects): what to follow from here."""
        ...

    def step(self, frame: np.ndarray) -> np.ndarray:
        """The next frame -> probabilities float32 [objects + 1, h, w] that sum to 1, background first."""
        ...

    def end(self) -> None:
        """Forget the shot."""
        ...
