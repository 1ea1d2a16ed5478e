"""Long sound in pieces of bounded size: overlapping windows, and the sound of given intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animeflow.media.audio import AudioBlock
from animeflow.models.transcribe import Interval, VoiceActivity

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """Sound of [start - lead, end + trail) in samples: `sound` float32 [n], the first sample of it at `first`."""

    start: int
    end: int
    first: int
    sound: F32


def windows(blocks: Iterable[AudioBlock], *, length: int, margin: int) -> Iterator[Window]:
    """Cut mono sound into windows of `length` samples with up to `margin` more on both sides.

    Together the parts [start, end) cover every sample once. Memory: one window and its margins.
    """
    pieces: list[F32] = []
    first = start = have = 0  # `pieces` hold the samples [first, have)
    for block in blocks:
        pieces.append(block.samples[0])
        have += block.samples.shape[1]
        while have >= start + length + margin:
            sound, end = np.concatenate(pieces), start + length
            yield Window(start, end, first, sound[: end + margin - first])
            keep = max(0, end - margin)
            pieces, first, start = [sound[keep - first :]], keep, end
    if have > start:
        yield Window(start, have, first, np.concatenate(pieces))


def find_speech(
    blocks: Iterable[AudioBlock], voice: VoiceActivity, *, length: int, margin: int
) -> list[Interval]:
    """Intervals with speech of sound of any length, in samples.

    The detector starts anew in each window and is given `margin` samples to warm up; what crosses the border of two
    windows is one interval.
    """
    found: list[Interval] = []
    for window in windows(blocks, length=length, margin=margin):
        for heard in voice.speech(window.sound):
            start, end = (
                max(heard.start + window.first, window.start),
                min(heard.end + window.first, window.end),
            )
            if start >= end:
                continue
            if found and found[-1].end == start == window.start:
                found[-1] = Interval(found[-1].start, end)
            else:
                found.append(Interval(start, end))
    return found


def grouped(intervals: Sequence[Interval], *, longest: int) -> list[Interval]:
    """Neighbouring intervals joined while they fit into `longest` samples; one that is longer is cut."""
    groups: list[Interval] = []
    for interval in intervals:
        for start in range(interval.start, interval.end, longest):
            end = min(start + longest, interval.end)
            if groups and end - groups[-1].start <= longest:
                groups[-1] = Interval(groups[-1].start, end)
            else:
                groups.append(Interval(start, end))
    return groups


def sound_of(blocks: Iterable[AudioBlock], intervals: Sequence[Interval]) -> Iterator[tuple[Interval, F32]]:
    """The sound of ascending, disjoint intervals, float32 [n] each; the stream is read once."""
    todo = iter(intervals)
    interval = next(todo, None)
    parts: list[F32] = []
    for block in blocks:
        head = block.start + block.samples.shape[1]
        while interval is not None and interval.start < head:
            lead = max(0, interval.start - block.start)
            parts.append(block.samples[0, lead : interval.end - block.start].copy())
            if interval.end > head:
                break
            yield interval, np.concatenate(parts)
            interval, parts = next(todo, None), []
    if interval is not None and parts:
        yield interval, np.concatenate(parts)
