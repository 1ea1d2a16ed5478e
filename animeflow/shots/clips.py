"""From shots to clips: without their transitions, split where they are too long."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.settings.shots import ClipSettings
from animeflow.shots.cuts import Range, Shots
from animeflow.tables.frames import end_pts, pts, time_base
from animeflow.tables.ids import clip_id
from animeflow.tables.schemas.shots import CLIPS

Stamps = npt.NDArray[np.int64]
_MORE_PARTS = 2  # than the fewest, before parts stop being equal


def cut_clips(signals: pa.Table, shots: Shots, settings: ClipSettings, *, video_id: str) -> pa.Table:
    """The table `clips` of a video. Lengths are times from pts, so that a varying frame rate is measured right."""
    base = time_base(signals)
    stamps = np.append(pts(signals), end_pts(pts(signals)))
    return CLIPS.table(
        _row(video_id, number, shot, clip, stamps, base) | _windows(clip, settings)
        for number, shot in enumerate(shots.ranges)
        for clip in clips_of_shot(trimmed(shot, shots, settings.margin_frames), stamps, base, settings)
    )


def trimmed(shot: Range, shots: Shots, margin: int) -> Range:
    """A shot without the transitions at its ends, the fades of the video included, and `margin` frames.

    end <= start where nothing is left.
    """
    start, end = shot
    for first, after in shots.left_out:
        if first <= start < after:
            start = after
        if first < end <= after:
            end = first
    return start + margin, end - margin


def clips_of_shot(inner: Range, stamps: Stamps, base: Fraction, settings: ClipSettings) -> Iterator[Range]:
    """Equal parts of [start, end), as few as the longest length allows; none that is below the shortest.

    A frame that is shown for longer than that (a still of a varying rate) is a clip of its own.
    """
    for stretch in _stretches(inner, stamps, base, Fraction(settings.max_s)):
        if duration(stretch, stamps, base) >= settings.min_s:
            parts = _parts(stretch, stamps, base, Fraction(settings.max_s))
            yield from (part for part in parts if duration(part, stamps, base) >= settings.min_s)


def _stretches(inner: Range, stamps: Stamps, base: Fraction, max_s: Fraction) -> Iterator[Range]:
    """[start, end) without the frames that are longer than `max_s`, and each of those, in order."""
    start, end = inner
    if end <= start:
        return
    long = start + np.flatnonzero(np.diff(stamps[start : end + 1]) > float(max_s / base))
    edges = sorted({start, end, *(int(at) for at in long), *(int(at) + 1 for at in long)})
    yield from itertools.pairwise(edges)


def _parts(stretch: Range, stamps: Stamps, base: Fraction, max_s: Fraction) -> list[Range]:
    """Equal parts, as few as there can be; as long ones as fit where long frames lie so that a few more do not help."""
    fewest = math.ceil(duration(stretch, stamps, base) / max_s)
    for parts in range(fewest, fewest + _MORE_PARTS + 1):
        # A part may exceed the limit by a frame where the cut times fall between frames.
        spans = list(itertools.pairwise(_edges(stretch, stamps, parts)))
        if all(duration(span, stamps, base) <= max_s for span in spans):
            return spans
    return list(itertools.pairwise(_filled(stretch, stamps, int(max_s / base))))


def _filled(stretch: Range, stamps: Stamps, ticks: int) -> Iterator[int]:
    """Edges of parts that are each as long as `ticks` allow; one frame at least."""
    start, end = stretch
    while start < end:
        yield start
        fits = int(np.searchsorted(stamps, stamps[start] + ticks, side="right")) - 1
        start = min(max(fits, start + 1), end)
    yield end


def windows_of(clip: Range, length: int, stride: int) -> list[int]:
    """First frames of the windows of `length` frames inside a clip, every `stride` frames; none where none fits."""
    start, end = clip
    return list(range(start, end - length + 1, stride))


def duration(span: Range, stamps: Stamps, base: Fraction) -> Fraction:
    """Time of the frames [start, end) in seconds, exact."""
    return int(stamps[span[1]] - stamps[span[0]]) * base


def _edges(inner: Range, stamps: Stamps, parts: int) -> list[int]:
    start, end = inner
    first, last = int(stamps[start]), int(stamps[end])
    wanted = [first + Fraction((last - first) * part, parts) for part in range(1, parts)]
    inside = [int(np.searchsorted(stamps, float(at))) for at in wanted]
    return sorted({start, *(at for at in inside if start < at < end), end})


def _row(
    video_id: str, shot: int, whole: Range, clip: Range, stamps: Stamps, base: Fraction
) -> dict[str, object]:
    start, end = clip
    return {
        "clip_id": clip_id(video_id, start, end),
        "video_id": video_id,
        "shot": shot,
        "start": start,
        "end": end,
        "start_pts": int(stamps[start]),
        "end_pts": int(stamps[end]),
        "time_base_num": base.numerator,
        "time_base_den": base.denominator,
        "frames": end - start,
        "duration_s": float(duration(clip, stamps, base)),
        "trimmed_start": start - whole[0],
        "trimmed_end": whole[1] - end,
    }


def _windows(clip: Range, settings: ClipSettings) -> dict[str, object]:
    length = settings.window_frames
    if not length:
        return {"windows": None, "window_frames": None}
    return {"windows": windows_of(clip, length, settings.window_stride_frames), "window_frames": length}
