"""U2-Net-p (Qin 2020): salient objects at 320x320, 4.6 MB; a seed for characters."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animeflow.models.frames import as_frames
from animeflow.models.onnx import Network, OnnxAdapter
from animeflow.models.registry import register
from animeflow.models.stand_in import PixelStandIn
from animeflow.settings.models import U2NetP as Options

SIDE = 320
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


@register("segment", "u2netp")
class U2NetP(OnnxAdapter):
    """Salient-object mattes: uint8 RGB [h, w, 3] of any size -> float32 [h, w] in 0-1, stretched to its own range.

    The stretch is the authors' (min-max of the first output): a frame without an object gets a mask all the same, so
    a mask alone never proves that something is there.
    """

    licence = "Apache-2.0"
    weights = ("u2netp",)
    requirements = ("onnxruntime", "cv2")
    options_model = Options
    vram_fixed_bytes = 500_000_000  # estimate; the graph is fixed at 320x320 and batch 1

    @classmethod
    def stand_ins(cls, seed: int) -> tuple[Network, ...]:
        """A mix of the channels."""
        return (PixelStandIn(seed),)

    def segment(self, frames: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Mattes of frames; see the class."""
        (network,) = self.networks
        return [matte_of(network(x=network_input(frame))[0], frame.shape[:2]) for frame in as_frames(frames)]

    __call__ = segment


def network_input(frame: np.ndarray) -> np.ndarray:
    """uint8 RGB [h, w, 3] -> float32 [1, 3, 320, 320]: squashed, divided by its maximum, ImageNet mean and deviation.

    The division by the maximum is that of the training code (data_loader.py, ToTensorLab).
    """
    small = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    scaled = small / max(float(small.max()), 1.0)
    return np.ascontiguousarray(((scaled - MEAN) / STD).transpose(2, 0, 1)[None])


def matte_of(output: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32 [1, 1, 320, 320] -> [h, w] in 0-1, stretched to the range of the output; a flat output gives 0."""
    raw = output[0, 0]
    low, high = float(raw.min()), float(raw.max())
    if high - low < 1e-6:
        return np.zeros(size, np.float32)
    full = cv2.resize((raw - low) / (high - low), size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(full, 0.0, 1.0).astype(np.float32)
