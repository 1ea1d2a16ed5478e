"""The one decode: what later stages need of every frame, measured while it passes.

One thread decodes, the next scales, the next measures, and where text is read the caller's thread does that: between
them stand queues that are bounded in bytes. All but the last runs in a worker process (`media.isolation.isolate`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.errors import DecodeError
from animeflow.media.command import check_stop
from animeflow.media.decode.hwdecode import backend_of
from animeflow.media.decode.reader import VideoReader, open_video
from animeflow.media.decode.steady import require_steady, steadied
from animeflow.media.isolation import isolate
from animeflow.media.stream import prefetch
from animeflow.models.text import TextReader
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.frame_meter import SHARPNESS_SIZE, FrameMeter, Small
from animeflow.shots.limits import decode_limits, require_frames
from animeflow.shots.text import (
    GRAY_SIZE,
    QUEUE_BYTES,
    TextCollector,
    TextSample,
    TextSampler,
    with_following,
)
from animeflow.tables.schemas.shots import FRAME_SIGNALS

Progress = Callable[[int], None]
Sink = Callable[[pa.Table], None]


STRETCH = (
    16  # frames that pass a queue together: one by one the waking of threads would cost more than the copying
)
DECODERS = (
    4  # threads of the decoder per core: they wait for each other's pictures (1080p: .92 of the time of two)
)
MOST_DECODERS = 16  # FFmpeg advises against more
AHEAD_BYTES = 12_500_000  # of decoded frames that wait for the scaler: four of 1080p, one of 4K
assert GRAY_SIZE == SHARPNESS_SIZE


@dataclass(frozen=True)
class Passed:
    """What the pass gave since the last one of these. Plain data: it may come from another process.

    `frames` counts the frames read so far; `rows` are the next rows of `frame_signals`, `sample` is a frame that text
    is to be read on.
    """

    frames: int
    rows: pa.Table | None = None
    sample: TextSample | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return (0 if self.rows is None else self.rows.nbytes) + (
            0 if self.sample is None else self.sample.nbytes
        )


def analyse(
    path: Path | str,
    *,
    video_id: str,
    settings: ShotsSettings,
    text_reader: TextReader | None = None,
    text_batch: int = 4,
    progress: Progress | None = None,
    purpose: str = "analysis",
    sink: Callable[[], AbstractContextManager[Sink]] | None = None,
    queue_bytes: int = QUEUE_BYTES,
    threads: int = 0,
) -> tuple[pa.Table, pa.Table | None]:
    """Read every frame of a video once: (`frame_signals`, `text_boxes` or None without a reader).

    With a `sink` the rows of `frame_signals` go there in order as they come, at most 1,024 at a time, and the first
    table is empty: memory then does not grow with the duration. It is opened for each try: a damaged file is tried
    twice, the second time in one decoder thread, and what the first gave is left by an error. Decoding and measuring
    happen in a worker process (settings.decode.isolate), reading of text here: the worker has no models.
    `progress` is called with the number of frames read so far, in this thread. `queue_bytes` bounds all queues
    together. `threads` are the cores for it: where settings.decode.threads names none, the decoder has four threads for
    each (0: FFmpeg chooses); neither changes a result. An error of the reader of text ends the decode. Raises
    DecodeError where the file cannot be read, is truncated and that is not accepted, or has fewer frames than
    settings.decode.min_frames.
    """

    def attempt(steady: bool) -> tuple[pa.Table, pa.Table | None]:
        kept: list[pa.Table] = []
        collector = None if text_reader is None else TextCollector(text_reader, batch=text_batch)
        with nullcontext(kept.append) if sink is None else sink() as take:
            _pass(
                path,
                take,
                collector,
                progress,
                queue_bytes=queue_bytes,
                video_id=video_id,
                settings=settings,
                purpose=purpose,
                threads=threads,
                steady=steady,
            )
        text = None if collector is None else collector.table(video_id)
        table = pa.concat_tables(kept) if kept else FRAME_SIGNALS.empty()
        FRAME_SIGNALS.check(table)
        return table, text

    return steadied(attempt)


def _pass(
    path: Path | str,
    take: Sink,
    collector: TextCollector | None,
    progress: Progress | None,
    *,
    queue_bytes: int,
    settings: ShotsSettings,
    **words: Any,
) -> None:
    """One try: rows go to `take`, samples to `collector`; `words` are further ones of `passes`."""
    passed: Generator[Passed] = isolate.stream(
        "animeflow.shots.signals:passes",
        path,
        limits=settings.decode,
        more_bytes=queue_bytes // 2,
        settings=settings,
        with_text=collector is not None,
        queue_bytes=queue_bytes // 2,
        **words,
    )
    if collector is not None:
        passed = prefetch(passed, max_bytes=queue_bytes // 2, size_of=_size_of, name="measure")
    with closing(passed):
        for one in passed:
            if one.rows is not None:
                take(one.rows)
            if one.sample is not None and collector is not None:
                collector.take(one.sample)
            if progress is not None:
                progress(one.frames)
            check_stop()  # what a short video has left may lie in the pipe already


def passes(
    path: Path | str,
    *,
    video_id: str,
    settings: ShotsSettings,
    with_text: bool,
    purpose: str,
    queue_bytes: int = QUEUE_BYTES // 2,
    threads: int = 0,
    steady: bool = False,
) -> Generator[Passed]:
    """The decode and all measuring without the reading of text: a thread decodes ahead by at most `queue_bytes`.

    `steady` decodes in one thread of the CPU. Raises what `analyse` raises of the file, UnsteadyDecode where it is
    damaged and not decoded so; closing the generator ends the decode.
    """
    with open_video(
        path,
        purpose=purpose,
        limits=decode_limits(settings.decode),
        threads=1 if steady else settings.decode.threads or min(MOST_DECODERS, DECODERS * threads),
        backend=None if steady else backend_of(settings.decode.backend),
    ) as reader:
        meter = FrameMeter(video_id, reader.time_base, (reader.width, reader.height))
        sampler = TextSampler(settings.text, reader.time_base) if with_text else None
        ahead = max(1, min(AHEAD_BYTES, queue_bytes // 4))
        stretches = prefetch(
            _stretches(reader, sampler, ahead_bytes=ahead, steady=steady),
            max_bytes=max(1, queue_bytes - ahead),
            size_of=_bytes_of,
            name="scale",
        )
        with closing(stretches):
            for stretch in stretches:
                for small, sample in stretch:
                    rows = meter.add(small)
                    if rows is not None or sample is not None:
                        yield Passed(meter.frames, rows, sample)
                yield Passed(meter.frames)
        if reader.truncated and not settings.decode.accept_truncated:
            raise DecodeError(
                f"its pictures end after {meter.frames} frames, well before its header says",
                reason="truncated",
                path=path,
                hint="set shots.decode.accept_truncated to use what is there",
            )
    require_frames(meter.frames, settings.decode, path)
    yield Passed(meter.frames, meter.rest())


Stretch = list[tuple[Small, TextSample | None]]


def _stretches(
    reader: VideoReader, sampler: TextSampler | None, *, ahead_bytes: int, steady: bool
) -> Iterator[Stretch]:
    """Frames as small pictures, a few at a time; one whose text is to be read ends its stretch, for it is large.

    Decoding goes on beside, few frames ahead: each that waits holds a buffer of the decoder's pool.
    """
    stretch: Stretch = []
    frames = prefetch(reader, max_bytes=ahead_bytes, size_of=attrgetter("nbytes"), name="decode")
    with closing(frames):
        for frame, following in with_following(frames):
            require_steady(reader, steady)
            small = Small.of(frame)
            due = sampler is not None and sampler.due(frame.pts, following)
            sample = sampler.look(frame, small.luma) if sampler is not None and due else None
            stretch.append((small, sample))
            if len(stretch) == STRETCH or (sample is not None and sample.picture is not None):
                yield stretch
                stretch = []
    require_steady(reader, steady)
    if stretch:
        yield stretch


def _bytes_of(stretch: Stretch) -> int:
    return sum(small.nbytes + (0 if sample is None else sample.nbytes) for small, sample in stretch)


def _size_of(passed: Passed) -> int:
    return passed.nbytes
