"""Task `action`: what is done in a clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class ActionClassifier(Protocol):
    """Clips -> labels."""

    def classify(self, clips: Sequence[np.ndarray]) -> list[dict[str, float]]:
        """uint8 RGB [T, h, w, 3] clips -> label to probability 0-1 each."""
        ...
