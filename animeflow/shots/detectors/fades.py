"""Fades through black, white and any other one colour, and those a video begins and ends with: from levels alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.cuts import Cut, Range, gradual
from animeflow.shots.detectors.evidence import F64, Evidence, runs
from animeflow.shots.detectors.likeness import correlation, unlikeness

_DARKER = 0.985  # one step of a fade of 60 frames
_EXTREME = 6  # the farthest value of a flat frame over its mean's limit: noise and ringing, no picture
_FROM = (
    0.3  # share of the picture's level at which a fade may enter or leave a video that shows no flat frame
)
_SAME = 0.9  # correlation of a faded picture with itself
_WEAKER = 0.8  # the same of its distances from the colour it fades to; it moves meanwhile
_RETURNED = (
    6.0  # 8-bit levels: two ends of a white stretch that are less unlike show one picture that was lit
)


@dataclass(frozen=True)
class Ground:
    """A colour that pictures fade to. `levels` float64 [T]: mean distance of each frame from it; `flat` bool [T]."""

    levels: F64
    flat: npt.NDArray[np.bool_]
    returns: bool  # whether the same picture may come back: black does, white is then a flash


def grounds(evidence: Evidence, settings: TransitionSettings) -> tuple[Ground, Ground]:
    """Black and white."""
    levels, peaks, lows = evidence.levels
    dark = (levels < settings.black) & (peaks < _EXTREME * settings.black)
    light = (255 - levels < settings.white) & (255.0 - lows < _EXTREME * settings.white)
    return Ground(levels, dark, returns=True), Ground(255 - levels, light, returns=False)


def find_fades(evidence: Evidence, settings: TransitionSettings) -> Iterator[Cut]:
    """Each run of black, white or one-coloured frames with a steady slope before or after it, ascending.

    A picture that goes white and comes back is a flash and no fade.
    """
    found = [cut for ground in grounds(evidence, settings) for cut in _through(evidence, ground, settings)]
    found += _through_colours(evidence, settings)
    last_end = 0
    for cut in sorted(found, key=lambda one: one.frame):
        if cut.transition is not None and cut.transition[0] >= last_end:
            last_end = cut.transition[1]
            yield cut


def _through(evidence: Evidence, ground: Ground, settings: TransitionSettings) -> Iterator[Cut]:
    last_end = 0
    for first, after in runs(ground.flat):
        start = max(last_end, slope_end(ground.levels, first, step=-1, longest=settings.max_frames))
        end = slope_end(ground.levels, after - 1, step=1, longest=settings.max_frames) + 1
        out, back = first - start, end - after
        whole = first > 0 and after < evidence.frames
        if not whole or max(out, back) < settings.min_frames or end - start > settings.max_frames:
            continue
        if not ground.returns and _returned(evidence, start, end):
            continue
        last_end = end
        yield gradual(start, end, "fade", _score(evidence, start, end))


def _through_colours(evidence: Evidence, settings: TransitionSettings) -> Iterator[Cut]:
    """Fades to and from a colour of its own: a tinted or lifted black, a red, a sepia.

    What moves in front of a plain wall leaves its colour as steadily as a picture that fades in; but a fading picture
    is a weaker one of itself.
    """
    for first, after in runs(_one_coloured(evidence, settings)):
        if after - first > settings.max_frames:  # a still of an hour: nothing of its size is made
            continue
        near = max(0, first - settings.max_frames - 1)
        window = np.asarray(evidence.thumbs[near : after + settings.max_frames + 1], np.float64)
        apart = window - window[first - near : after - near].mean(axis=(0, 1, 2))
        out = _slope(apart[: first - near + 1][::-1], settings)
        back = _slope(apart[after - near - 1 :], settings)
        start, end = first - out, after + back
        is_fade = out + back > 0 and end - start <= settings.max_frames
        if is_fade and first > 0 and after < evidence.frames and not _returned(evidence, start, end):
            yield gradual(start, end, "fade", _score(evidence, start, end))


def _slope(apart: F64, settings: TransitionSettings) -> int:
    """Frames over which a picture grows out of one colour; 0 where they are few or something else grows there.

    `apart` [t, h, w, 3]: frames less the colour, the first of them of that colour.
    """
    end = slope_end(np.abs(apart).mean(axis=(1, 2, 3)), 0, step=1, longest=settings.max_frames)
    if end < settings.min_frames or end + 1 >= len(apart):
        return 0
    whole, inner = apart[end + 1], apart[(end + 1) // 2]
    power = float(np.sqrt((whole * whole).sum() * (inner * inner).sum()))
    return end if float((whole * inner).sum()) >= _WEAKER * power > 0 else 0


def _one_coloured(evidence: Evidence, settings: TransitionSettings) -> npt.NDArray[np.bool_]:
    """Frames of one colour that is neither black nor white, bool [T]."""
    black, white = grounds(evidence, settings)
    return (evidence.ranges < settings.plain) & ~black.flat & ~white.flat


def edge_fades(evidence: Evidence, settings: TransitionSettings) -> tuple[Range | None, Range | None]:
    """[0, end) of the fade a video begins with and [start, T) of the one it ends with, flat frames included.

    A video may begin and end within the fade: the first frame of one of 12 frames is not yet black. There the frames
    have to show one picture that grows or fails.
    """
    begins: Range | None = None
    ends: Range | None = None
    for ground in grounds(evidence, settings):
        into = _edge(evidence, ground, settings)
        out = _edge(evidence, ground, settings, backwards=True)
        begins = begins or (None if into is None else (0, into))
        ends = ends or (None if out is None else (evidence.frames - out, evidence.frames))
    if begins and ends and begins[1] >= ends[0]:
        return None, None  # one light that comes and goes: no picture stands between
    return begins, ends


def _edge(
    evidence: Evidence, ground: Ground, settings: TransitionSettings, *, backwards: bool = False
) -> int | None:
    """Frames of the fade at the beginning, or seen backwards at the end; None where there is none."""
    levels, flats = (
        one[::-1] if backwards else one for one in (ground.levels, ground.flat.astype(np.float64))
    )
    if flats.all():
        return None
    flat = int(np.argmin(flats))
    end = slope_end(levels, max(0, flat - 1), step=1, longest=settings.max_frames) + 1
    if end - flat < settings.min_frames or end >= evidence.frames:
        return None
    if flat == 0:
        inner, full = (
            evidence.thumbs[evidence.frames - 1 - at if backwards else at] for at in (end // 2, end)
        )
        if levels[0] > _FROM * levels[end] or correlation(inner, full) < _SAME:
            return None
    return end


def slope_end(levels: F64, flat: int, *, step: int, longest: int) -> int:
    """The frame farthest from `flat` in direction `step` whose level, still lower than the next, rises away from it.

    A frame that repeats the level of its neighbour (drawings on twos) does not end the slope.
    """
    at = best = flat
    while 0 <= at + step < len(levels) and abs(at + step - flat) <= longest:
        nearer, farther = levels[at], levels[at + step]
        if farther * _DARKER > nearer + 0.3:
            best = at + step
        elif abs(farther - nearer) > 0.3 or abs(at + step - best) > 2:
            break
        at += step
    return best + (1 if step < 0 else -1) if best != flat else flat


def _returned(evidence: Evidence, start: int, end: int) -> bool:
    before, after = evidence.thumbs[max(0, start - 1)], evidence.thumbs[min(end, evidence.frames - 1)]
    return unlikeness(before, after).mean < _RETURNED or correlation(before, after) > _SAME


def _score(evidence: Evidence, start: int, end: int) -> float:
    return 1.0 if evidence.many_hot is None else float(np.max(evidence.many_hot[start:end]))
