"""A clip as layer separation sees it: frames, and which of them repeat which drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from animeflow.errors import ContractError
from animeflow.layers.pixels import I32, U8

# Largest 16x16 block mean of |difference| between two frames of one drawing: holds <= 8.4 at crf 18-28, new drawings
# >= 145 on drawn shots (reference/layers.md section 9).
SAME_DRAWING_LEVELS = 12.0


@dataclass(frozen=True)
class Clip:
    """Frames of one clip and its drawings.

    frames       uint8 RGB [T, h, w, 3] or anything that gives them by index (a memory map, a lazy reader)
    drawing      int32 [T], number of the drawing that a frame shows, from 0, never falling, without gaps
    drawing_ids  one per drawing
    start        number of the first frame in its video
    """

    clip_id: str
    frames: Sequence[U8] | U8
    drawing: I32
    drawing_ids: tuple[str, ...]
    start: int = 0

    def __post_init__(self) -> None:
        drawing = np.asarray(self.drawing, np.int32)
        object.__setattr__(self, "drawing", drawing)
        if len(self.frames) == 0 or len(drawing) != len(self.frames):
            raise ContractError(
                f"clip {self.clip_id}: {len(self.frames)} frames, {len(drawing)} drawing numbers"
            )
        steps = np.diff(drawing)
        if drawing[0] != 0 or (len(steps) and (steps.min() < 0 or steps.max() > 1)):
            raise ContractError(f"clip {self.clip_id}: drawings must count up from 0 without gaps")
        if len(self.drawing_ids) != drawing[-1] + 1:
            raise ContractError(
                f"clip {self.clip_id}: {len(self.drawing_ids)} ids, {drawing[-1] + 1} drawings"
            )
        first = self.frames[0]
        if first.ndim != 3 or first.shape[2] != 3 or first.dtype != np.uint8:
            raise ContractError(
                f"clip {self.clip_id}: frames are {first.dtype}{first.shape}, not uint8 [h, w, 3]"
            )

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in px."""
        height, width = self.frames[0].shape[:2]
        return width, height

    @property
    def drawings(self) -> int:
        return len(self.drawing_ids)

    @property
    def firsts(self) -> I32:
        """First frame of every drawing: the one that stands for it."""
        return np.searchsorted(self.drawing, np.arange(self.drawings)).astype(np.int32)

    def picture(self, drawing: int) -> U8:
        """The frame that stands for a drawing, uint8 [h, w, 3]."""
        return np.ascontiguousarray(self.frames[int(self.firsts[drawing])])


def held_drawings(frames: Sequence[U8] | U8) -> I32:
    """Number of the composed drawing of every frame, int32 [T], for clips that come without a table of drawings.

    A frame is new when some 16x16 block differs from the first frame of the run by SAME_DRAWING_LEVELS or more: slow
    pans add up until they count.
    """
    numbers, current, kept = [], -1, None
    for frame in frames:
        small = cv2.GaussianBlur(frame, (0, 0), 1).astype(np.int16)
        if kept is None or _block_difference(small, kept) >= SAME_DRAWING_LEVELS:
            current, kept = current + 1, small
        numbers.append(current)
    return np.asarray(numbers, np.int32)


def _block_difference(first: np.ndarray, second: np.ndarray) -> float:
    difference = np.abs(first - second).max(axis=2).astype(np.float32)
    height, width = difference.shape
    blocks = cv2.resize(difference, (max(1, width // 16), max(1, height // 16)), interpolation=cv2.INTER_AREA)
    return float(blocks.max())
