"""Chosen frames of a stranger's file as pictures, decoded in a worker process: what every stage after the one decode
reads of a source.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

from animeflow.media import isolate
from animeflow.media.decode import DecodeLimits, open_video
from animeflow.media.frame import U8, Size
from animeflow.media.seeking import FrameTimes
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
        for wanted in frames:
            for frame in reader.pick((wanted,)):
                yield frame.index, frame.rgb(size)
