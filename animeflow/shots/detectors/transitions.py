"""Dissolves and fades with their first and last frame.

The network says roughly where a transition is, the thumbnails say where exactly: a fade from brightness around black
frames, a dissolve from a straight line through the shares of its two ends.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.cuts import Cut, Range, gradual
from animeflow.shots.detectors.evidence import F64, Evidence
from animeflow.tables.thumbnails import Thumbs

_DARKER = 0.985  # one step of a fade of 60 frames
_INNER = (0.12, 0.88)  # shares of a dissolve through which the line is drawn: its ends bend with motion
_LOOK = 3  # frames outside the network's range where the pure ends are taken


def find_transitions(evidence: Evidence, settings: TransitionSettings) -> tuple[Cut, ...]:
    """Fades first, then dissolves where no fade is, ascending and without overlap."""
    fades = list(find_fades(evidence, settings))
    taken = [cut.transition for cut in fades if cut.transition is not None]
    dissolves = [
        cut
        for cut in find_dissolves(evidence, settings)
        if cut.transition is not None and not any(_overlaps(cut.transition, other) for other in taken)
    ]
    return tuple(sorted([*fades, *dissolves], key=lambda cut: cut.frame))


def find_fades(evidence: Evidence, settings: TransitionSettings) -> Iterator[Cut]:
    """Each run of black frames with a steady darkening before it or brightening after it."""
    levels, peaks = evidence.levels
    last_end = 0
    for first, after in runs((levels < settings.black) & (peaks < 6 * settings.black)):
        start = max(last_end, slope_end(levels, first, step=-1, longest=settings.max_frames))
        end = slope_end(levels, after - 1, step=1, longest=settings.max_frames) + 1
        out, back = first - start, end - after
        whole = first > 0 and after < evidence.frames
        if not whole or max(out, back) < settings.min_frames or end - start > settings.max_frames:
            continue
        last_end = end
        yield gradual(start, end, "fade", _fade_score(evidence, start, end))


def slope_end(levels: F64, black: int, *, step: int, longest: int) -> int:
    """The frame farthest from `black` in direction `step` that still gets steadily brighter away from it.

    A frame that repeats the level of its neighbour (drawings on twos) does not end the slope.
    """
    at = best = black
    while 0 <= at + step < len(levels) and abs(at + step - black) <= longest:
        nearer, farther = levels[at], levels[at + step]
        if farther * _DARKER > nearer + 0.3:
            best = at + step
        elif abs(farther - nearer) > 0.3 or abs(at + step - best) > 2:
            break
        at += step
    return best + (1 if step < 0 else -1) if best != black else black


def _fade_score(evidence: Evidence, start: int, end: int) -> float:
    return 1.0 if evidence.many_hot is None else float(np.max(evidence.many_hot[start:end]))


def find_dissolves(evidence: Evidence, settings: TransitionSettings) -> Iterator[Cut]:
    """Runs where the network sees a transition, with ends moved to where the mixture begins and ends."""
    if evidence.many_hot is None:
        return
    for rough in runs(evidence.many_hot > settings.many_hot):
        score = float(np.max(evidence.many_hot[rough[0] : rough[1]]))
        length = rough[1] - rough[0]
        # Its ends move by 2 * _LOOK at most.
        far_too_long = length > settings.max_frames + 4 * _LOOK
        if length < settings.min_frames - 1 or far_too_long or score < settings.many_hot_peak:
            continue
        inside = rough[0] > 0 and rough[1] < evidence.frames
        span = mixture_range(evidence.thumbs, rough, settings) if inside else None
        if span is None:
            continue
        start, end = span
        if settings.min_frames <= end - start <= settings.max_frames:
            yield gradual(start, end, "dissolve", score)


def mixture_range(thumbs: Thumbs | F64, rough: Range, settings: TransitionSettings) -> Range | None:
    """[start, end) of the frames that are mixtures, from shares along the line between the two pure ends.

    `thumbs` [T, ...]. With A before and B after, the share of B in f is (f - A).(B - A) / |B - A|^2; a
    dissolve of N frames shows the shares 1/(N+1) .. N/(N+1), so the line reaches 0 one frame before it and 1 one frame
    after it. The rough range stands where the shares do not rise; None where the ends show the same.
    """
    first, last = max(0, rough[0] - _LOOK), min(len(thumbs) - 1, rough[1] - 1 + _LOOK)
    window = np.asarray(thumbs[first : last + 1], np.float64).reshape(last + 1 - first, -1)
    before, after = window[0], window[-1]
    apart = after - before
    if np.abs(apart).mean() < settings.min_change:
        return None
    shares = (window - before) @ apart / (apart @ apart)
    inner = np.flatnonzero((shares > _INNER[0]) & (shares < _INNER[1]))
    if len(inner) < 2:
        return rough
    slope, offset = np.polyfit(inner + first, shares[inner], 1)
    if slope <= 0:
        return rough
    start, end = round(-offset / slope) + 1, round((1 - offset) / slope)
    near = abs(start - rough[0]) <= 2 * _LOOK and abs(end - rough[1]) <= 2 * _LOOK
    return (max(0, start), min(len(thumbs), end)) if near and end - start >= 2 else rough


def runs(flags: npt.NDArray[np.bool_]) -> list[Range]:
    """[start, end) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _overlaps(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]
