"""What is read of a stranger's file after the one decode, in a worker process: chosen frames, or how many it has."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

from animeflow.errors import DecodeError
from animeflow.media.decode.frame import U8, Size
from animeflow.media.decode.pictures import plain_pictures
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.decode.seeking import FrameTimes
from animeflow.media.demux.container import main_video_stream, open_container
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings


def chosen_frames(
    path: Path,
    frames: Iterable[int],
    *,
    purpose: str,
    size: Size | None = None,
    times: FrameTimes | None = None,
    limits: DecodeLimits | None = None,
    isolation: IsolationSettings | None = None,
) -> Generator[tuple[int, U8], None, None]:
    """(frame number, uint8 RGB [h, w, 3]) in the order asked for; `size` = (w, h), None for the video's own.
    `times` of some frames, as the analysis found them, are those by which a frame is known again after a seek.

    Ascending numbers cost one pass. Nothing is opened where no frame is asked for. Raises DecodeError, also what
    `isolate.stream` makes of a decoder that crashes, hangs or takes too much memory.
    """
    wanted = [int(frame) for frame in frames]
    if wanted:
        yield from isolate.stream(
            "animeflow.media.chosen:decoded",
            Path(path),
            wanted,
            purpose=purpose,
            size=size,
            times=times,
            decode=limits or DecodeLimits(),
            limits=isolation or IsolationSettings(),
        )


def decoded(
    path: Path,
    frames: Sequence[int],
    *,
    purpose: str,
    size: Size | None,
    times: FrameTimes | None,
    decode: DecodeLimits,
) -> Iterator[tuple[int, U8]]:
    """The same, here: what the worker runs."""
    with open_video(path, purpose=purpose, limits=decode, times=times) as reader:
        for run in _ascending(frames):
            for frame in reader.pick(run):
                yield frame.index, frame.rgb(size)


def _ascending(frames: Sequence[int]) -> Iterator[Sequence[int]]:
    """The longest strictly ascending runs, in order: one pass over the file each."""
    start = 0
    for at in range(1, len(frames) + 1):
        if at == len(frames) or frames[at] <= frames[at - 1]:
            yield frames[start:at]
            start = at


def count_pictures(
    path: Path,
    *,
    purpose: str,
    limits: DecodeLimits | None = None,
    isolation: IsolationSettings | None = None,
) -> int:
    """How many pictures the main video gives, decoded in one thread without repairs. Raises as `chosen_frames`."""
    found: int = isolate.call(
        "animeflow.media.chosen:counted",
        Path(path),
        purpose=purpose,
        decode=limits or DecodeLimits(),
        limits=isolation or IsolationSettings(),
    )
    return found


def counted(path: Path, *, purpose: str, decode: DecodeLimits) -> int:
    """The same, here: what the worker runs."""
    with open_container(path, error=DecodeError, max_pixels=decode.max_pixels) as container:
        stream = main_video_stream(container, path, error=DecodeError)
        stream.codec_context.thread_count = 1
        return sum(1 for _ in plain_pictures(container.demux(stream), stream, purpose=purpose))
