"""MODNet (Ke 2022): trimap-free portrait mattes, 26 MB; on cels it finds what U2-Net-p misses, and the reverse."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animeflow.models.frames import as_frames
from animeflow.models.onnx import Network, OnnxAdapter
from animeflow.models.registry import register
from animeflow.models.stand_in import PixelStandIn
from animeflow.settings.models import ModNet as Options

STEP = 32
MAX_ASPECT = 4


@register("matte", "modnet")
class ModNet(OnnxAdapter):
    """Alpha mattes: uint8 RGB [h, w, 3] of any size -> float32 [h, w] in 0-1."""

    licence = "Apache-2.0"
    weights = ("modnet",)
    requirements = ("onnxruntime", "cv2")
    options_model = Options
    options: Options
    tiny_options = Options(short_side_px=64)
    vram_fixed_bytes = 3_000_000_000  # estimate, at a short side of 512 px

    @classmethod
    def stand_ins(cls, seed: int) -> tuple[Network, ...]:
        """A mix of the channels."""
        return (PixelStandIn(seed),)

    def matte(self, frames: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Mattes of frames; see the class."""
        (network,) = self.networks
        return [self._one(network, frame) for frame in as_frames(frames)]

    __call__ = matte

    def _one(self, network: Network, frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        size = network_size((width, height), self.options.short_side_px)
        output = network(x=network_input(frame, size))[0][0, 0]
        full = cv2.resize(output, (width, height), interpolation=cv2.INTER_AREA)
        return np.clip(full, 0.0, 1.0).astype(np.float32)


def network_size(size: tuple[int, int], short_side_px: int) -> tuple[int, int]:
    """(width, height) of a frame -> that of the network's input: the short side as given, both multiples of 32.

    The long side is at most four times the short one, so that a strip does not take the machine's memory.
    """
    scale = short_side_px / min(size)
    sides = [max(STEP, round(min(side * scale, MAX_ASPECT * short_side_px) / STEP) * STEP) for side in size]
    return sides[0], sides[1]


def network_input(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 RGB [h, w, 3] -> float32 [1, 3, height, width] in -1..1."""
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.ascontiguousarray(((small - 127.5) / 127.5).transpose(2, 0, 1)[None])
