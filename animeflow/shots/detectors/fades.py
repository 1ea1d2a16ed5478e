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

_HOLD = 3  # frames at 24 fps in which a slope rises at least once: drawings on twos, a noisy step
_STEADY = (
    0.35  # of the mean slope so far that a slope goes on with; less is what moves in the picture that came up
)
_JUMP = (
    8.0,
    16.0,
)  # of the mean step so far, and 8-bit levels: a step of more than both leads to another picture
_FALL = (0.3, 0.01)  # 8-bit levels, and share of the level, by which noise lowers a frame of a rising slope
_RISE = 3.0  # 8-bit levels between the two ends of a slope: less is the noise of a dark picture
_EXTREME = 6  # the farthest value of a flat frame over its mean's limit: noise and ringing, no picture
_FROM = (
    0.3  # share of the picture's level at which a fade may enter or leave a video that shows no flat frame
)
_PARTS = 3  # rows and columns of parts of a picture that a slow slope has to lift alike
_ALIKE = 0.4  # of the growth of the whole picture that each of its parts has at least: a moving light lifts some only
_SHOWN = 0.25  # of the level of the picture from which a part of it counts: black stays black
_SAME = 0.9  # correlation of a faded picture with itself
_WEAKER = 0.8  # the same of its distances from the colour it fades to; it moves meanwhile
_RETURNED = (
    6.0  # 8-bit levels: two ends of a white stretch that are less unlike show one picture that was lit
)


@dataclass(frozen=True)
class Rise:
    """The least step of a slope from one frame to the next at 24 fps: a share of the level, and 8-bit levels."""

    share: float
    levels: float


PLAIN = Rise(0.02, 0.3)  # nothing but a fade: at least as steep as the end of one of 48 frames
SLOW = Rise(0.005, 0.1)  # half as steep as the end of one of 96 frames: so rises a scene that is lit, too


@dataclass(frozen=True)
class Ground:
    """A grey that pictures fade to: `value`, 8-bit level. `levels` float64 [T]: mean distance of each frame from it;
    under `limit` a frame may be `flat`, bool [T]."""

    value: int
    limit: float
    levels: F64
    flat: npt.NDArray[np.bool_]
    returns: bool  # whether the same picture may come back: black does, white is then a flash


def grounds(evidence: Evidence, settings: TransitionSettings) -> tuple[Ground, Ground]:
    """Black and white."""
    levels, peaks, lows = evidence.levels
    dark = (levels < settings.black) & (peaks < _EXTREME * settings.black)
    light = (255 - levels < settings.white) & (255.0 - lows < _EXTREME * settings.white)
    return (
        Ground(0, settings.black, levels, dark, returns=True),
        Ground(255, settings.white, 255 - levels, light, returns=False),
    )


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
        start = max(last_end, slope_end(evidence, ground, first, step=-1, settings=settings))
        end = slope_end(evidence, ground, after - 1, step=1, settings=settings) + 1
        out, back = first - start, end - after
        whole = first > 0 and after < evidence.frames
        if not whole or max(out, back) < settings.min_frames:
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
    longest = evidence.paced(settings.max_frames)
    for first, after in runs(_one_coloured(evidence, settings)):
        if after - first > longest:  # a still of an hour: nothing of its size is made
            continue
        near = max(0, first - longest - 1)
        window = np.asarray(evidence.thumbs[near : after + longest + 1], np.float64)
        apart = window - window[first - near : after - near].mean(axis=(0, 1, 2))
        out = _slope(apart[: first - near + 1][::-1], evidence, settings)
        back = _slope(apart[after - near - 1 :], evidence, settings)
        start, end = first - out, after + back
        whole = first > 0 and after < evidence.frames
        if out + back > 0 and whole and not _returned(evidence, start, end):
            yield gradual(start, end, "fade", _score(evidence, start, end))


def _slope(apart: F64, evidence: Evidence, settings: TransitionSettings) -> int:
    """Frames over which a picture grows out of one colour; 0 where they are few or something else grows there.

    `apart` [t, h, w, 3]: frames less the colour, the first of them of that colour.
    """
    levels, longest = np.abs(apart).mean(axis=(1, 2, 3)), evidence.paced(settings.max_frames)
    for rise in (SLOW, PLAIN):
        end = climb(levels, 0, rise, longest=longest, pace=evidence.pace)
        if end < settings.min_frames or end + 1 >= len(apart):
            continue
        whole, inner = apart[end + 1], apart[(end + 1) // 2]
        power = float(np.sqrt((whole * whole).sum() * (inner * inner).sum()))
        if float((whole * inner).sum()) >= _WEAKER * power > 0:
            return end
    return 0


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
    flats = ground.flat[::-1] if backwards else ground.flat
    if flats.all():
        return None
    flat = int(np.argmin(flats))

    def place(at: int) -> int:  # and back: frames of this end in frames of the video
        return evidence.frames - 1 - at if backwards else at

    step = -1 if backwards else 1
    slope = slope_end(evidence, ground, place(max(0, flat - 1)), step=step, settings=settings)
    end = place(slope) + 1
    if end - flat < settings.min_frames or end >= evidence.frames:
        return None
    if flat == 0:
        inner, full = (evidence.thumbs[place(at)] for at in (end // 2, end))
        dark, lit = ground.levels[place(0)], ground.levels[place(end)]
        if dark > _FROM * lit or correlation(inner, full) < _SAME:
            return None
    return end


def slope_end(
    evidence: Evidence, ground: Ground, flat: int, *, step: int, settings: TransitionSettings
) -> int:
    """The frame farthest from `flat` in direction `step` (1 or -1) whose level, still lower than the next, rises away
    from it. Where it rises slowly all parts of the picture have to rise.
    """
    longest, levels = evidence.paced(settings.max_frames), ground.levels
    away = levels[flat:][: longest + 1] if step > 0 else levels[: flat + 1][::-1][: longest + 1]
    plain, slow = (climb(away, 0, rise, longest=longest, pace=evidence.pace) for rise in (PLAIN, SLOW))
    if away[min(slow + 1, len(away) - 1)] < ground.limit:  # a dark scene that gets darker
        return flat
    if slow <= plain or away[slow] - away[0] < _RISE:
        return flat + step * plain
    full = min(slow + 1, len(away) - 1)
    inner, whole = (_part_levels(evidence.thumbs[flat + step * at], ground) for at in (full // 2, full))
    return flat + step * (slow if _rises_everywhere(inner, whole) else plain)


def _part_levels(picture: npt.NDArray[np.uint8], ground: Ground) -> F64:
    """Mean distance of each part of a thumbnail from the ground, 8-bit levels: float64 [9]."""
    away = np.abs(picture.astype(np.float64) - ground.value).mean(axis=2)
    rows = np.array_split(away, _PARTS, axis=0)
    return np.array([part.mean() for row in rows for part in np.array_split(row, _PARTS, axis=1)])


def _rises_everywhere(inner: F64, whole: F64) -> bool:
    """Whether all parts of a picture grow from `inner` to `whole` nearly as much as the picture does, as in a fade.

    What moves in the picture meanwhile only bends the growth of a part; a lamp that is carried through a dark street
    leaves parts behind, and a light that comes from one side has been in some before.
    """
    most = np.maximum(inner, whole)
    growth = (whole - inner)[most >= _SHOWN * whole.mean()] / most[most >= _SHOWN * whole.mean()]
    return bool(growth.min() >= _ALIKE * (1 - inner.mean() / whole.mean()))


def climb(levels: F64, flat: int, rise: Rise, *, longest: int, pace: float) -> int:
    """The last frame from `flat` on, at most `longest` from it, whose level, still lower than the next, rises.

    A frame counts as soon as it lies above the last one that did by as much as a slope of the least steepness has risen
    since then: looked at one by one the steps of a fade of 4 s drown in noise, and drawings on twos repeat theirs.
    """
    hold, best = round(_HOLD * pace), flat
    for at in range(flat + 1, min(len(levels), flat + longest + 1)):
        if at - best > hold or levels[at] < levels[best] - _FALL[0] - _FALL[1] * levels[best]:
            break
        mean = (levels[best] - levels[flat]) / max(best - flat, hold)
        if best - flat >= hold and levels[at] - levels[at - 1] > max(_JUMP[0] * mean, _JUMP[1]):
            break
        least = max(rise.levels / pace, rise.share * levels[best] / pace, _STEADY * mean)
        if levels[at] - levels[best] > least * (at - best):
            best = at
    return max(flat, best - 1)


def _returned(evidence: Evidence, start: int, end: int) -> bool:
    before, after = evidence.thumbs[max(0, start - 1)], evidence.thumbs[min(end, evidence.frames - 1)]
    return unlikeness(before, after).mean < _RETURNED or correlation(before, after) > _SAME


def _score(evidence: Evidence, start: int, end: int) -> float:
    return 1.0 if evidence.many_hot is None else float(np.max(evidence.many_hot[start:end]))
