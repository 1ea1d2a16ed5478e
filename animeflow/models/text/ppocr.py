"""PP-OCRv6 small through onnxruntime: one model for Chinese, Japanese and English, 31 MB."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animeflow.models.frames import as_frames
from animeflow.models.onnx import Network, OnnxAdapter
from animeflow.models.registry import register
from animeflow.models.stand_in import LineStandIn, PixelStandIn
from animeflow.models.text import TextBox
from animeflow.models.text_boxes import boxes_of
from animeflow.models.text_lines import alphabet, crop_line, decode, line_input
from animeflow.settings.models import PPOcr as Options

STEP = 32


@register("text", "ppocr")
class PPOcr(OnnxAdapter):
    """Lines of text: uint8 RGB [h, w, 3] -> TextBox each with corners in px, text and score.

    A line is recognised by itself, so that its score does not depend on what else is in the frame.
    """

    licence = "Apache-2.0"
    weights = ("ppocr_v6_det", "ppocr_v6_rec")
    requirements = ("onnxruntime", "cv2")
    options_model = Options
    options: Options
    tiny_options = Options(side_px=160, max_height_share=1.0)
    vram_fixed_bytes = 1_500_000_000  # estimate, at 640 px

    @classmethod
    def stand_ins(cls, seed: int) -> tuple[Network, ...]:
        """A mix of the channels as text probability, a mix of the columns as characters."""
        return PixelStandIn(seed), LineStandIn(seed)

    def read(self, frames: Sequence[np.ndarray]) -> list[list[TextBox]]:
        """Lines of each frame; see the task's protocol."""
        detector, recogniser = self.networks
        classes = alphabet(recogniser.metadata["character"])
        return [
            [recognise(recogniser, classes, frame, corners) for corners in self._detect(detector, frame)]
            for frame in as_frames(frames)
        ]

    def _detect(self, detector: Network, frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        probability = detector(x=detector_input(frame, self.options.side_px))[0][0, 0]
        boxes = boxes_of(
            probability,
            (width, height),
            pixel_threshold=self.options.pixel_threshold,
            box_threshold=self.options.box_threshold,
            unclip_ratio=self.options.unclip_ratio,
            max_boxes=self.options.max_boxes,
        )
        return boxes[heights(boxes) <= self.options.max_height_share * height]


def heights(boxes: np.ndarray) -> np.ndarray:
    """Corners [n, 4, 2] -> the shorter side of each quadrilateral in px: the height of a line, the width of a column.

    On text-free drawings the detector takes whole figures for a line: 11 of 11 such boxes were higher than 0.7 of
    the frame, and some were read as one or two characters with a score of up to 0.91.
    """
    sides = np.linalg.norm(boxes - np.roll(boxes, -1, axis=1), axis=2)
    return np.minimum(sides[:, [0, 2]].max(axis=1), sides[:, [1, 3]].max(axis=1))


def recognise(recogniser: Network, classes: list[str], frame: np.ndarray, corners: np.ndarray) -> TextBox:
    """Read the line inside four corners."""
    text, score = decode(recogniser(x=line_input(crop_line(frame, corners)))[0][0], classes)
    return TextBox(polygon=corners, text=text, score=score)


def detector_size(size: tuple[int, int], side_px: int) -> tuple[int, int]:
    """(width, height) of a frame -> that of the detector's input: never enlarged, longer side at most, x32."""
    scale = min(1.0, side_px / max(size))
    width, height = (max(STEP, round(int(side * scale) / STEP) * STEP) for side in size)
    return width, height


def detector_input(frame: np.ndarray, side_px: int) -> np.ndarray:
    """uint8 RGB [h, w, 3] -> float32 BGR [1, 3, height, width] in -1..1 (the network was trained on BGR)."""
    size = detector_size((frame.shape[1], frame.shape[0]), side_px)
    small = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)[..., ::-1].astype(np.float32)
    return np.ascontiguousarray(((small / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None])
