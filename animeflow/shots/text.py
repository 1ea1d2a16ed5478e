"""Recognised text on frames sampled along the time grid, with two cheap tests that spare the recogniser."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.errors import NoSuchFrame
from animeflow.media.decode.reader import Frame, VideoReader, open_video
from animeflow.media.decode.steady import require_steady, steadied
from animeflow.media.isolation import isolate
from animeflow.media.stream import prefetch
from animeflow.models.text import TextBox, TextReader
from animeflow.settings.shots import DecodeSettings, TextSettings
from animeflow.shots.limits import decode_limits
from animeflow.tables.schemas.shots import TEXT_BOXES

U8 = npt.NDArray[np.uint8]
GRAY_SIZE = (320, 180)  # the luma the tests work on
STEP_LEVELS = 24  # a horizontal step over two pixels beyond this is strong
QUEUE_BYTES = 256_000_000  # of all queues of a pass together, where the caller says nothing
WINDOW = (32, 8)  # about a word of the smallest text the detector finds


@dataclass(frozen=True)
class TextSample:
    """A frame of the grid: what is to be done with it, and its picture (RGB [h, w, 3]) where it is to be read.

    `size` is (width, height) of the video; `same_as` the number of the earlier sample whose boxes hold here.
    """

    frame: int
    size: tuple[int, int]
    method: str  # read | repeated | spared
    same_as: int | None = None
    picture: U8 | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of its picture."""
        return 0 if self.picture is None else int(self.picture.nbytes)


class TextSampler:
    """Takes frames in order and says on which of them text is to be read: the cheap half, without a model.

    The grid depends on pts alone, and the tests on sampled frames alone: a pass over all frames and a sparse pass give
    the same samples.
    """

    def __init__(self, settings: TextSettings, time_base: Fraction) -> None:
        self._settings = settings
        self._grid = TimeGrid(settings.interval_s, time_base)
        self._samples = 0
        self._last: tuple[int, U8] | None = None  # number and luma of the last sample that was not `repeated`

    def due(self, pts: int, following: int | None) -> bool:
        """Whether the grid asks for this frame; as `TimeGrid.due`."""
        return self._grid.due(pts, following)

    def look(self, frame: Frame, luma: U8 | None = None) -> TextSample:
        """The sample of a frame that is due. `luma` is its gray picture at 320x180, if the caller has it."""
        luma = frame.gray(GRAY_SIZE) if luma is None else luma
        number, self._samples = self._samples, self._samples + 1
        if self._last is not None and same_picture(luma, self._last[1], self._settings.same_block):
            return TextSample(frame.index, frame.size, "repeated", same_as=self._last[0])
        self._last = (number, luma)
        if edge_share(luma) < self._settings.min_edge_share:
            return TextSample(frame.index, frame.size, "spared")
        return TextSample(frame.index, frame.size, "read", picture=frame.rgb())


class TextCollector:
    """Reads the text of samples, a few pictures at a time, and keeps the boxes alone.

    An error of the recogniser is not caught: no clip passes as free of text because reading failed.
    """

    def __init__(self, reader: TextReader, *, batch: int = 4) -> None:
        self._reader, self._batch = reader, batch
        self._samples: list[TextSample] = []
        self._boxes: dict[int, list[TextBox]] = {}  # by number of the sample
        self._waiting: list[tuple[int, U8]] = []

    def take(self, sample: TextSample) -> None:
        """The next sample of the video."""
        if sample.picture is not None:
            self._waiting.append((len(self._samples), sample.picture))
        self._samples.append(replace(sample, picture=None))
        if len(self._waiting) >= self._batch:
            self._read_waiting()

    def table(self, video_id: str) -> pa.Table:
        """The table `text_boxes` of what was taken."""
        self._read_waiting()
        return TEXT_BOXES.table(
            [self._row(video_id, number, sample) for number, sample in enumerate(self._samples)]
        )

    def _read_waiting(self) -> None:
        if not self._waiting:
            return
        found = self._reader.read([picture for _, picture in self._waiting])
        for (number, _), boxes in zip(self._waiting, found, strict=True):
            self._boxes[number] = boxes
        self._waiting.clear()

    def _row(self, video_id: str, number: int, sample: TextSample) -> dict[str, object]:
        source = number if sample.same_as is None else sample.same_as
        return {
            "video_id": video_id,
            "frame": sample.frame,
            "width": sample.size[0],
            "height": sample.size[1],
            "method": sample.method,
            "boxes": [
                {"polygon": box.polygon.reshape(-1).tolist(), "text": box.text, "score": box.score}
                for box in self._boxes.get(source, [])
            ],
        }


class TimeGrid:
    """Which frames are shown at first pts + k x interval. A frame that is shown at several of these times counts once.

    So whatever is shown for an interval or longer, one long frame of a varying rate or many short ones, has a sample.
    """

    def __init__(self, interval_s: float, time_base: Fraction) -> None:
        # A millisecond early: Matroska rounds the times of both frames to milliseconds.
        self._interval = Fraction(interval_s).limit_denominator(1_000_000) / time_base
        self._early = Fraction(1, 1000) / time_base
        self._first: int | None = None
        self._before = 0
        self._next = Fraction(0)

    def due(self, pts: int, following: int | None) -> bool:
        """Whether this frame is sampled; call once per frame, pts ascending. The first frame is.

        `following` is the pts of the next frame; the last frame, which has none, lasts as long as the one before it.
        """
        is_first = self._first is None
        if self._first is None:
            self._first = self._before = pts
        end = 2 * pts - self._before if following is None else following
        self._before = pts
        shown_until = end - self._first - self._early
        if self._next >= shown_until and not is_first:
            return False
        self._next = max(1, math.ceil(shown_until / self._interval)) * self._interval
        return True


def with_following(frames: Iterable[Frame]) -> Iterator[tuple[Frame, int | None]]:
    """Each frame with the pts of the next one, None for the last: how long it is shown tells the next frame alone."""
    held: Frame | None = None
    for frame in frames:
        if held is not None:
            yield held, frame.pts
        held = frame
    if held is not None:
        yield held, None


def read_text(
    path: Path | str,
    *,
    video_id: str,
    settings: TextSettings,
    decode: DecodeSettings,
    text_reader: TextReader,
    text_batch: int = 4,
    purpose: str = "text",
    queue_bytes: int = QUEUE_BYTES,
    threads: int = 0,
) -> pa.Table:
    """The table `text_boxes` of a video without the other signals; frames between samples are not converted.

    Where the container gives a sound list of times only the sampled frames are asked for, which lets the reader seek.
    A thread decodes ahead of the recogniser by at most `queue_bytes`; `threads` as for `analyse`.
    """

    def attempt(steady: bool) -> pa.Table:
        samples: Generator[TextSample] = isolate.stream(
            "animeflow.shots.text:text_samples",
            path,
            limits=decode,
            settings=settings,
            decode=decode,
            purpose=purpose,
            threads=decode.threads or threads,
            steady=steady,
        )
        ahead = prefetch(samples, max_bytes=queue_bytes, size_of=_size_of, name="decode")
        collector = TextCollector(text_reader, batch=text_batch)
        with closing(ahead):
            for sample in ahead:
                collector.take(sample)
        return collector.table(video_id)

    return steadied(attempt)


def text_samples(
    path: Path | str,
    *,
    settings: TextSettings,
    decode: DecodeSettings,
    purpose: str,
    threads: int = 0,
    steady: bool = False,
) -> Generator[TextSample]:
    """The samples of a video by a sparse decode. Plain data: they may come from another process.

    `steady` decodes in one thread. Raises UnsteadyDecode for damage that was not decoded so.
    """
    with open_video(
        path, purpose=purpose, limits=decode_limits(decode), threads=1 if steady else threads
    ) as reader:
        sampler = TextSampler(settings, reader.time_base)
        for frame in _sampled_frames(reader, sampler, steady=steady):
            yield sampler.look(frame)


def _size_of(sample: TextSample) -> int:
    return sample.nbytes


def _sampled_frames(reader: VideoReader, sampler: TextSampler, *, steady: bool) -> Iterator[Frame]:
    """The frames of the grid: by the container's list of times, which spares the others; out of all frames of a damaged
    file (`steady`) and where that list is not sound.
    """
    first = next(iter(reader))
    require_steady(reader, steady)
    times = None if steady else reader.listed_times()
    if times is None:
        for frame, following in with_following(reader):
            require_steady(reader, steady)
            if sampler.due(frame.pts, following):
                yield frame
        return
    yield first
    stamps = [int(pts) for pts in times]
    due = [
        at
        for at, (pts, end) in enumerate(zip(stamps, [*stamps[1:], None], strict=True))
        if sampler.due(pts, end)
    ]
    with suppress(NoSuchFrame):  # there are packets without a picture: then the list is longer than the film
        for frame in reader.pick(due[1:]):
            require_steady(reader, steady)
            yield frame


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
