"""Task `score`: a number that a person would agree with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Scorer(Protocol):
    """Clips -> one value each."""

    def score(self, clips: Sequence[np.ndarray]) -> list[float]:
        """uint8 RGB [T, h, w, 3] clips -> one value each, on the scale that the adapter's docstring names."""
        ...
