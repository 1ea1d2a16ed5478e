"""Dense inverse search flow (Kroeger 2016) of OpenCV: no weights, CPU only, the same bytes for any thread count."""

from __future__ import annotations

import threading
from typing import Any, Self

import cv2
import numpy as np

from animeflow.errors import ContractError
from animeflow.models.base import Adapter, DType
from animeflow.models.device import CPU, Device, apply_threads
from animeflow.models.registry import register
from animeflow.settings.models import Dis as Options

PRESETS = {"ultrafast": 0, "fast": 1, "medium": 2}
MIN_SIDE = 16


@register("flow", "dis")
class Dis(Adapter):
    """Optical flow of luma: two uint8 frames -> float32 [h, w, 2] in px (x, y)."""

    licence = "Apache-2.0"
    weights = ()
    requirements = ("cv2",)
    options_model = Options
    options: Options
    _searchers: threading.local | None = None

    def load(self, device: Device = CPU, dtype: DType = "float32") -> None:  # noqa: ARG002 - runs on the CPU
        """Make room for one searcher per calling thread: its buffers are reused, and OpenCV runs without the GIL."""
        if self._searchers is None:
            apply_threads(self.threads)
            self._searchers = threading.local()

    def close(self) -> None:
        """Free the searchers and their buffers."""
        self._searchers = None

    @classmethod
    def tiny(cls, seed: int) -> Self:
        """The method itself at its fastest preset: it has no weights, so the seed only marks the fingerprint."""
        adapter = cls(Options(preset="ultrafast"))
        adapter.seed = seed
        adapter.load()
        return adapter

    def flow(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Flow from a to b; see the task's protocol."""
        search = self._searcher()
        if a.shape != b.shape:
            raise ContractError(f"flow between frames of different shapes: {a.shape} and {b.shape}")
        height, width = a.shape[:2]
        return search.calc(padded(luma(a)), padded(luma(b)), None)[:height, :width].copy()

    def _searcher(self) -> Any:
        if self._searchers is None:
            raise self.not_loaded()
        if not hasattr(self._searchers, "search"):
            self._searchers.search = cv2.DISOpticalFlow.create(PRESETS[self.options.preset])
        return self._searchers.search


def luma(frame: np.ndarray) -> np.ndarray:
    """uint8 RGB [h, w, 3] -> uint8 [h, w] by BT.601; a frame that is luma already stays."""
    if (
        frame.dtype != np.uint8
        or frame.size == 0
        or frame.ndim not in {2, 3}
        or frame.shape[2:] not in {(), (3,)}
    ):
        raise ContractError(f"frame is {frame.dtype} {frame.shape}, expected uint8 (h, w, 3) or (h, w)")
    return frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def padded(gray: np.ndarray) -> np.ndarray:
    """At least 16 px on each side, edge repeated: OpenCV refuses frames under 12 px."""
    below, right = (max(0, MIN_SIDE - side) for side in gray.shape)
    return np.pad(gray, ((0, below), (0, right)), mode="edge") if below or right else gray
