"""IS-Net (Qin 2022) trained on drawn characters by skytnt: 176 MB, from the hub."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animeflow.models.frames import as_frames
from animeflow.models.onnx import Network, OnnxAdapter
from animeflow.models.registry import register
from animeflow.models.stand_in import PixelStandIn
from animeflow.settings.models import IsNetAnime as Options

SIDE = 1024


@register("segment", "isnet_anime")
class IsNetAnime(OnnxAdapter):
    """Masks of drawn characters: uint8 RGB [h, w, 3] of any size -> float32 [h, w] in 0-1.

    Letterboxed to 1024x1024 and divided by 255, without mean and deviation, as the model's own code does; squashing and
    ImageNet statistics (rembg) give worse masks.
    """

    licence = "Apache-2.0"
    weights = ("isnet_anime",)
    requirements = ("onnxruntime", "cv2")
    options_model = Options
    vram_fixed_bytes = 1_000_000_000  # estimate; one frame at a time

    @classmethod
    def stand_ins(cls, seed: int) -> tuple[Network, ...]:
        """A mix of the channels."""
        return (PixelStandIn(seed),)

    def segment(self, frames: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Masks of frames; see the class."""
        (network,) = self.networks
        return [self._one(network, frame) for frame in as_frames(frames)]

    __call__ = segment

    def _one(self, network: Network, frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        left, top, inner_width, inner_height = letterbox((width, height))
        output = network(x=network_input(frame))[0][0, 0]
        inside = output[top : top + inner_height, left : left + inner_width]
        full = cv2.resize(inside, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.clip(full, 0.0, 1.0).astype(np.float32)


def letterbox(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(width, height) of a frame -> (left, top, width, height) of it inside the square, centred, aspect kept."""
    scale = SIDE / max(size)
    width, height = (max(1, int(side * scale)) for side in size)
    return (SIDE - width) // 2, (SIDE - height) // 2, width, height


def network_input(frame: np.ndarray) -> np.ndarray:
    """uint8 RGB [h, w, 3] -> float32 [1, 3, 1024, 1024] in 0-1, black around."""
    left, top, width, height = letterbox((frame.shape[1], frame.shape[0]))
    square = np.zeros((SIDE, SIDE, 3), np.float32)
    scaled = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
    square[top : top + height, left : left + width] = scaled.astype(np.float32) / 255
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None])
