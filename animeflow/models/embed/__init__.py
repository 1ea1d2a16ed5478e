"""Task `embed`: a vector whose angle to another says how alike two pictures are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Embedder(Protocol):
    """Pictures -> unit vectors."""

    def embed(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """uint8 RGB [h, w, 3] frames of any sizes -> float32 [n, dimensions], each of length 1."""
        ...
