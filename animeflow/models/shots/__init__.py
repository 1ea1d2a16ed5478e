"""Task `shots`: how likely a shot ends at each frame."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from animeflow.tables.thumbnails import Thumbs


class ShotNetwork(Protocol):
    """Probabilities of shot ends from thumbnails."""

    def probabilities(self, thumbs: Thumbs) -> tuple[np.ndarray, np.ndarray]:
        """uint8 RGB [T, 27, 48, 3], every frame of one video in order -> (single, many) float32 [T] in 0-1.

        `single[t]` > 0.5: frame t is the last of its shot, so the cut is t + 1. `many` marks all frames of a
        transition. Thumbnails that stay in their file are read a window at a time.
        """
        ...
