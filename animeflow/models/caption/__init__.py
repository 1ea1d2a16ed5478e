"""Task `caption`: a sentence about a clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Captioner(Protocol):
    """Clips -> sentences."""

    def caption(self, clips: Sequence[np.ndarray], *, prompt: str | None = None) -> list[str]:
        """uint8 RGB [T, h, w, 3] clips -> one text each, not empty."""
        ...
