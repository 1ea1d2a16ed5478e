"""Dissolves and fades with their first and last frame.

The network says roughly where a transition is, the thumbnails say where exactly: a fade from brightness around black
or white frames (`fades`), a dissolve from a straight line through the shares of its two ends.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.cuts import Cut, Range, gradual
from animeflow.shots.detectors.evidence import F64, Evidence, closed, runs
from animeflow.shots.detectors.fades import find_fades
from animeflow.shots.detectors.likeness import correlation
from animeflow.shots.detectors.mixtures import proved_dissolves
from animeflow.tables.thumbnails import Thumbs

_INNER = (0.12, 0.88)  # shares of a dissolve through which the line is drawn: its ends bend with motion
_STEADY = 0.7  # correlation of neighbouring frames: more in a dissolve, less at a cut and in a whip pan
_ONE = 0.25  # of the difference of its ends that a dissolve which the network saw in parts may lie beside their line
_GAP = 6  # frames in which the network loses sight of a dissolve
_GOES_ON = 0.5  # of the mean step of a dissolve by which the mixture still changes beyond what was seen of it
_BESIDE = 0.3  # of the difference of its ends by which a frame may lie beside their line there
_HOLD = 3  # frames at 24 fps in which it changes at least once
_LOOK = 3  # frames outside the network's range where the pure ends are taken


def find_transitions(evidence: Evidence, settings: TransitionSettings) -> tuple[Cut, ...]:
    """Fades first, then dissolves where no fade is, those the network doubts last; ascending and without overlap."""
    found: list[Cut] = []
    for find in (find_fades, find_dissolves, _proved_whole):
        taken = [cut.transition for cut in found if cut.transition is not None]
        found += [
            cut
            for cut in find(evidence, settings)
            if cut.transition is not None and not any(_overlaps(cut.transition, other) for other in taken)
        ]
    return tuple(sorted(found, key=lambda cut: cut.frame))


def find_dissolves(evidence: Evidence, settings: TransitionSettings) -> Iterator[Cut]:
    """Runs where the network sees a transition, with ends moved to where the mixture begins and ends; no two overlap.

    The network may lose sight of a dissolve in its midst: runs with short gaps between them are looked at as one first,
    and one by one where they are no mixture together.
    """
    if evidence.many_hot is None:
        return
    seen = evidence.many_hot > settings.many_hot
    alone = runs(seen)
    together = [run for run in runs(closed(seen, _GAP)) if run not in alone]
    taken: list[Range] = []
    for rough in (*together, *alone):
        score = float(np.max(evidence.many_hot[rough[0] : rough[1]]))
        span = _dissolve(evidence, rough, settings) if score >= settings.many_hot_peak else None
        if span is not None and rough in together and beside_line(evidence.thumbs, span) > _ONE:
            continue
        if span is not None and not any(_overlaps(span, other) for other in taken):
            taken.append(span)
            yield gradual(*span, "dissolve", score)


def _proved_whole(evidence: Evidence, settings: TransitionSettings) -> Iterator[Cut]:
    """Dissolves that the network doubts and the pictures prove, with the frames beyond in which the mixture goes on."""
    longest, hold, last_end = evidence.paced(settings.max_frames), evidence.paced(_HOLD), 0
    for cut in proved_dissolves(evidence, settings):
        span = cut.transition
        if span is None:
            continue
        wide = widened(evidence.thumbs, span, longest=longest, hold=hold)
        span = wide if wide[0] >= last_end and is_mixture(evidence.thumbs, wide, settings.bent) else span
        if span[0] >= last_end:
            last_end = span[1]
            yield gradual(*span, "dissolve", cut.score)


def _dissolve(evidence: Evidence, rough: Range, settings: TransitionSettings) -> Range | None:
    """The frames of the dissolve that the network sees roughly there, or None where they are no mixture."""
    length = rough[1] - rough[0]
    # Its ends move by 2 * _LOOK at most.
    far_too_long = length > evidence.paced(settings.max_frames) + 4 * _LOOK
    inside = rough[0] > 0 and rough[1] < evidence.frames
    if length < settings.min_frames - 1 or far_too_long or not inside:
        return None
    span = mixture_range(evidence.thumbs, rough, settings)
    longest = evidence.paced(settings.max_frames)
    if span is None or not settings.min_frames <= span[1] - span[0] <= longest:
        return None
    if not is_mixture(evidence.thumbs, span, settings.bent):
        return None
    wide = widened(evidence.thumbs, span, longest=longest, hold=evidence.paced(_HOLD))
    return wide if is_mixture(evidence.thumbs, wide, settings.bent) else span


def widened(thumbs: Thumbs, span: Range, *, longest: int, hold: int) -> Range:
    """A dissolve of which the network saw a part, with the frames beyond in which the mixture goes on: [start, end).

    Of a dissolve of 2 s it often sees the steepest part only. Whatever part that is, its two ends differ as the two
    pictures do, so shares along them go on falling before and rising after until the pure pictures are reached.
    """
    start, end = span
    room = longest - (end - start)
    first, last = max(0, start - 1 - room), min(len(thumbs) - 1, end + room)
    if room < 1 or start < 1 or end > last:
        return span
    window = np.asarray(thumbs[first : last + 1], np.float64).reshape(last + 1 - first, -1)
    away = window - window[start - 1 - first]
    apart = away[end - first]
    shares = away @ apart / max(float(apart @ apart), 1.0)
    rest = np.abs(away - shares[:, None] * apart).mean(axis=1) / max(float(np.abs(apart).mean()), 1.0)
    least = _GOES_ON / (end - start + 1)
    before, after = slice(start - 1 - first, None, -1), slice(end - first, None)
    earlier = _goes_on(-shares[before], rest[before], least, hold)
    later = _goes_on(shares[after], rest[after], least, hold)
    if earlier + later > room:
        return span
    # A step or two are motion: the line through the shares knows better.
    return start - (earlier if earlier > _LOOK else 0), end + (later if later > _LOOK else 0)


def _goes_on(shares: F64, rest: F64, least: float, hold: int) -> int:
    """Frames from the first on in which the shares go on rising by `least` a frame, close to the line."""
    best = 0
    for at in range(1, len(shares)):
        if at - best > hold or rest[at] > _BESIDE:
            break
        if shares[at] - shares[best] > least * (at - best):
            best = at
    return best


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


def is_mixture(thumbs: Thumbs, span: Range, straight: float) -> bool:
    """Whether the shares rise in a straight line, or a twice as bent one where all frames resemble their neighbours.

    Pans under a dissolve bend it; a cut or a whip pan that the network takes for one has frames that do not.
    """
    off = bent(thumbs, span)
    return off <= straight or (off <= 2 * straight and _steadiness(thumbs, span) >= _STEADY)


def _steadiness(thumbs: Thumbs, span: Range) -> float:
    inside = range(max(1, span[0]), min(len(thumbs), span[1] + 1))
    return min(correlation(thumbs[at - 1], thumbs[at]) for at in inside)


def bent(thumbs: Thumbs, span: Range) -> float:
    """How far the shares of the frames [start, end) lie beside a straight line in time, at most.

    A dissolve of drawn episodes lies within 0.06, under moving shots too, an eased one (smoothstep) within 0.1; a whip
    pan and a run of fast cuts, which the network takes for one, are 0.2 beside it and more.
    """
    shares = _along(thumbs, span)[1]
    return float(np.abs(shares - np.linspace(0, 1, len(shares))).max())


def beside_line(thumbs: Thumbs, span: Range) -> float:
    """How far the frames [start, end) lie beside the line between the pictures before and after, at most, as a share of
    how far those lie apart. Two dissolves with a shot between them lead through a picture that is no mixture.
    """
    away, shares = _along(thumbs, span)
    rest = np.abs(away - shares[:, None] * away[-1]).mean(axis=1)
    return float(rest.max() / max(float(np.abs(away[-1]).mean()), 1.0))


def _along(thumbs: Thumbs, span: Range) -> tuple[F64, F64]:
    """From the frame before [start, end) to the one after: their differences to the first [n, ...], and how far along
    its way to the last each is [n].
    """
    first, last = max(0, span[0] - 1), min(len(thumbs) - 1, span[1])
    window = np.asarray(thumbs[first : last + 1], np.float64).reshape(last + 1 - first, -1)
    away = window - window[0]
    return away, away @ away[-1] / max(float(away[-1] @ away[-1]), 1.0)


def _overlaps(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]
