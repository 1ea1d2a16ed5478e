"""Task `separate`: voices apart from music and noise."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Separator(Protocol):
    """A mix -> stems."""

    def separate(self, sound: np.ndarray) -> dict[str, np.ndarray]:
        """float32 [2, n] in -1..1 at 44.1 kHz -> stems of the same shape by name; `vocals` is one of them."""
        ...
