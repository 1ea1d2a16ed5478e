"""Task `inpaint`: what stands behind a hole."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Inpainter(Protocol):
    """Fills holes from what surrounds them."""

    def fill(self, frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """uint8 RGB [h, w, 3] and mask [h, w] (bool, or uint8 with 0 = known) -> uint8 RGB [h, w, 3].

        Known pixels come back unchanged; what is under the mask has no influence. ContractError where nothing is known.
        """
        ...
