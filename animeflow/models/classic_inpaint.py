"""What Telea's and the Navier-Stokes inpainting of OpenCV share."""

from __future__ import annotations

from typing import ClassVar, Self

import cv2
import numpy as np

from animeflow.errors import ContractError
from animeflow.models.base import Adapter, DType
from animeflow.models.device import CPU, Device, apply_threads
from animeflow.models.frames import as_frame
from animeflow.settings.models import NavierStokes, Telea


class Classic(Adapter):
    """Training-free inpainting: uint8 RGB [h, w, 3], mask [h, w] -> uint8 RGB. No weights, CPU only."""

    licence = "Apache-2.0"
    weights = ()
    requirements = ("cv2",)
    options: Telea | NavierStokes
    method: ClassVar[int]
    _ready = False

    def load(self, device: Device = CPU, dtype: DType = "float32") -> None:  # noqa: ARG002 - runs on the CPU
        """Nothing to load; threads are set."""
        apply_threads(self.threads)
        self._ready = True

    def close(self) -> None:
        """Nothing to free."""
        self._ready = False

    @classmethod
    def tiny(cls, seed: int) -> Self:
        """The method itself: it has no weights, so the seed only marks the fingerprint."""
        adapter = cls()
        adapter.seed = seed
        adapter.load()
        return adapter

    def fill(self, frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Fill the masked pixels; see the task's protocol."""
        if not self._ready:
            raise self.not_loaded()
        hole = hole_of(frame, mask)
        if not hole.any():
            return frame.copy()
        return cv2.inpaint(as_frame(frame), hole, self.options.radius_px, self.method)


def hole_of(frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mask as uint8 [h, w], 1 where to fill. A mask that leaves nothing known would give back its own content."""
    if mask.shape != frame.shape[:2] or mask.dtype not in (np.bool_, np.uint8):
        raise ContractError(f"mask is {mask.dtype} {mask.shape}, expected bool or uint8 {frame.shape[:2]}")
    hole = (mask != 0).astype(np.uint8)
    if hole.size and hole.all():
        raise ContractError("every pixel is masked: there is nothing to fill from")
    return hole
