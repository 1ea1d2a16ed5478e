"""Task `matte`: the opacity of the character at each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Matter(Protocol):
    """Alpha mattes without a trimap."""

    def matte(self, frames: Sequence[np.ndarray]) -> list[np.ndarray]:
        """uint8 RGB [h, w, 3] frames of any sizes -> alpha float32 [h, w] of the same sizes in 0-1."""
        ...
