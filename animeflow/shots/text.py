"""Recognised text on frames sampled along the time grid, with two cheap tests that spare the recogniser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.media.decode import Frame, VideoReader, open_video, read_frame_index
from animeflow.models.text import TextBox, TextReader
from animeflow.settings.shots import DecodeSettings, TextSettings
from animeflow.shots.limits import decode_limits
from animeflow.tables.schemas.shots import TEXT_BOXES

U8 = npt.NDArray[np.uint8]
GRAY_SIZE = (320, 180)  # the luma the tests work on
STEP_LEVELS = 24  # a horizontal step over two pixels beyond this is strong
WINDOW = (32, 8)  # about a word of the smallest text the detector finds


@dataclass
class _Sample:
    frame: int
    method: str
    same_as: int | None = None
    boxes: list[TextBox] = field(default_factory=list)


class TextSampler:
    """Takes frames in order and reads text on those that the time grid asks for.

    The grid depends on pts alone, and the tests on sampled frames alone: a pass over all frames and a sparse pass give
    the same rows. An error of the recogniser is not caught: no clip passes as free of text because reading failed.
    """

    def __init__(
        self,
        reader: TextReader,
        settings: TextSettings,
        time_base: Fraction,
        *,
        size: tuple[int, int],
        batch: int = 4,
    ) -> None:
        self._reader, self._settings, self._size, self._batch = reader, settings, size, batch
        self._grid = TimeGrid(settings.interval_s, time_base)
        self._samples: list[_Sample] = []
        self._waiting: list[tuple[_Sample, U8]] = []
        self._last: tuple[int, U8] | None = None  # number and luma of the last sample that was not `repeated`

    def offer(self, frame: Frame, luma: U8 | None = None) -> None:
        """Look at the frame if it is due. `luma` is its gray picture at 320x180, if the caller has it."""
        if self._grid.due(frame.pts):
            self._look(frame, frame.gray(GRAY_SIZE) if luma is None else luma)

    def table(self, video_id: str) -> pa.Table:
        """The table `text_boxes` of what was offered."""
        self._read_waiting()
        return TEXT_BOXES.table([self._row(video_id, sample) for sample in self._samples])

    def _look(self, frame: Frame, luma: U8) -> None:
        sample = _Sample(frame.index, "read")
        if self._last is not None and same_picture(luma, self._last[1], self._settings.same_block):
            sample.method, sample.same_as = "repeated", self._last[0]
        else:
            self._last = (len(self._samples), luma)
            if edge_share(luma) < self._settings.min_edge_share:
                sample.method = "spared"
            else:
                self._waiting.append((sample, frame.rgb()))
        self._samples.append(sample)
        if len(self._waiting) >= self._batch:
            self._read_waiting()

    def _read_waiting(self) -> None:
        if not self._waiting:
            return
        found = self._reader.read([picture for _, picture in self._waiting])
        for (sample, _), boxes in zip(self._waiting, found, strict=True):
            sample.boxes = boxes
        self._waiting.clear()

    def _row(self, video_id: str, sample: _Sample) -> dict[str, object]:
        source = sample if sample.same_as is None else self._samples[sample.same_as]
        return {
            "video_id": video_id,
            "frame": sample.frame,
            "width": self._size[0],
            "height": self._size[1],
            "method": sample.method,
            "boxes": [
                {"polygon": box.polygon.reshape(-1).tolist(), "text": box.text, "score": box.score}
                for box in source.boxes
            ],
        }


class TimeGrid:
    """Which frames are the first at or after first pts + k x interval. A frame in a gap counts once."""

    def __init__(self, interval_s: float, time_base: Fraction) -> None:
        # A millisecond early: Matroska rounds the times of both frames to milliseconds.
        self._interval = Fraction(interval_s).limit_denominator(1_000_000) / time_base
        self._early = Fraction(1, 1000) / time_base
        self._first: int | None = None
        self._next = Fraction(0)

    def due(self, pts: int) -> bool:
        """Whether this frame is sampled; call once per frame, pts ascending."""
        if self._first is None:
            self._first = pts
        since = pts - self._first + self._early
        if since < self._next:
            return False
        self._next = (since // self._interval + 1) * self._interval
        return True


def read_text(
    path: Path | str,
    *,
    video_id: str,
    settings: TextSettings,
    decode: DecodeSettings,
    text_reader: TextReader,
    text_batch: int = 4,
    purpose: str = "text",
) -> pa.Table:
    """The table `text_boxes` of a video without the other signals; frames between samples are not converted.

    Where the container gives a sound list of times only the sampled frames are asked for, which lets the reader seek.
    """
    with open_video(path, purpose=purpose, limits=decode_limits(decode), threads=decode.threads) as reader:
        sampler = TextSampler(
            text_reader, settings, reader.time_base, size=(reader.width, reader.height), batch=text_batch
        )
        for frame in _sampled_frames(reader, settings):
            sampler.offer(frame)
        return sampler.table(video_id)


def _sampled_frames(reader: VideoReader, settings: TextSettings) -> Iterator[Frame]:
    """The frames of the grid by the container's list of times; every frame where that is not sound."""
    frames = iter(reader)
    first = next(frames)
    yield first
    index = read_frame_index(reader.path)
    if index is None:
        yield from frames
        return
    grid = TimeGrid(settings.interval_s, reader.time_base)
    times = index.starting_at(first.pts).pts
    yield from reader.pick([at for at, pts in enumerate(times) if grid.due(int(pts)) and at > 0])


def same_picture(luma: U8, before: U8, limit: float) -> bool:
    """Whether no 8x8 block of two 320x180 luma pictures differs by `limit` levels or more on average."""
    apart = cv2.absdiff(luma, before).astype(np.float32)
    blocks = cv2.resize(apart, (GRAY_SIZE[0] // 8, GRAY_SIZE[1] // 8 + 1), interpolation=cv2.INTER_AREA)
    return float(blocks.max()) < limit


def edge_share(luma: U8) -> float:
    """Largest share of strong horizontal steps in any 32x8 window of a 320x180 luma picture, 0-1."""
    steps = cv2.absdiff(luma[:, 2:], luma[:, :-2]) > STEP_LEVELS
    share = cv2.boxFilter(steps.astype(np.float32), -1, WINDOW, borderType=cv2.BORDER_CONSTANT)
    return float(share.max())
