"""Task `expression`: what a face shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class ExpressionClassifier(Protocol):
    """Faces -> labels."""

    def classify(self, faces: Sequence[np.ndarray]) -> list[dict[str, float]]:
        """uint8 RGB [h, w, 3] pictures of one face each -> label to probability 0-1 each."""
        ...
