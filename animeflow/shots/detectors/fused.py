"""Kind `fused`: the network proposes, the pictures decide.

A hard cut is where no frame before resembles any frame after, whatever the network says: pictures that come back
(flashes, strobes) and pictures that only moved (pans) are none. The less the network believes in a cut, the more the
pictures have to differ.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from animeflow.settings.shots import FusedDetector, TransitionSettings
from animeflow.shots.cuts import Cut, Range, Shots
from animeflow.shots.detectors.evidence import Evidence
from animeflow.shots.detectors.fades import edge_fades
from animeflow.shots.detectors.likeness import (
    Thumbs,
    correlation,
    is_lit_copy,
    is_other_picture,
    is_unrelated,
    least_across,
    motion_beside,
    unlikeness,
    without_bars,
)
from animeflow.shots.detectors.transitions import find_transitions

MOVING_FRAMES = 3  # on each side: a drawing on threes changes once


def detect(evidence: Evidence, settings: FusedDetector) -> Shots:
    """Cuts, transitions, and the fades at the ends of the video; no hard cut lies in those or nearer than a shot."""
    fade_in, fade_out = edge_fades(evidence, settings.transitions)
    free = (0 if fade_in is None else fade_in[1], evidence.frames if fade_out is None else fade_out[0])
    shot = settings.min_shot_frames
    hard = (free[0] + shot if fade_in else 0, free[1] - shot if fade_out else evidence.frames)
    cuts = (
        _hard_within(cut, hard)
        if cut.transition is None
        else _gradual_within(cut, free, settings.transitions)
        for cut in find(evidence, settings)
    )
    return Shots(evidence.frames, tuple(cut for cut in cuts if cut is not None), fade_in, fade_out)


def _hard_within(cut: Cut, free: Range) -> Cut | None:
    return cut if free[0] <= cut.frame <= free[1] else None


def _gradual_within(cut: Cut, free: Range, settings: TransitionSettings) -> Cut | None:
    """The transition in the frames that the video's own fades leave free, or None: it belongs to one of those.

    Another fade may touch them, where a video fades in and at once out again; both may count the frame between.
    """
    start, end = cut.transition or (cut.frame, cut.frame)
    if cut.kind == "fade":
        start, end = max(start, free[0]), min(end, free[1])
    if start < free[0] or end > free[1] or end - start < settings.min_frames:
        return None
    return replace(cut, frame=(start + end) // 2, transition=(start, end))


def find(evidence: Evidence, settings: FusedDetector) -> tuple[Cut, ...]:
    """Hard cuts and transitions; a hard cut inside a transition is part of it."""
    transitions = find_transitions(evidence, settings.transitions)
    spans = [cut.transition for cut in transitions if cut.transition is not None]
    hard = [cut for cut in hard_cuts(evidence, settings) if not any(a <= cut.frame <= b for a, b in spans)]
    return spaced([*transitions, *hard], settings.min_shot_frames, evidence)


def hard_cuts(evidence: Evidence, settings: FusedDetector) -> list[Cut]:
    """Hard cuts with their scores, ascending.

    Of those nearer to each other than a shot the one stays where the pictures differ most: in blur and at 60 frames a
    second the network is often surest of a frame beside the cut.
    """
    single, _ = evidence.network
    if evidence.frames < 2:
        return []
    thumbs = without_bars(evidence.thumbs)
    least = evidence.diff_rgb * (evidence.thumbs[0].size / thumbs[0].size)  # bars have no difference
    belief = np.concatenate([[0.0], single[:-1]])  # that frame t begins a shot
    edges = insert_edges(thumbs, belief, settings)
    longest = evidence.paced(settings.return_frames)
    found: list[tuple[float, Cut]] = []
    for frame in range(1, evidence.frames):
        needed = needed_difference(float(belief[frame]), settings)
        if least[frame] >= needed:  # a translation never makes two pictures more unlike
            reach = settings.min_shot_frames - 1 if frame in edges else settings.return_frames
            across = across_cut(thumbs, frame, float(belief[frame]), needed, settings, reach=max(1, reach))
            if across is not None and not is_slow_flash(
                thumbs, frame, needed, range(settings.return_frames + 1, longest + 1), evidence.pace
            ):
                score = max(float(belief[frame]), across / (across + needed))
                other = 1 - max(0.0, correlation(thumbs[frame - 1], thumbs[frame]))
                found.append((across * other * (0.5 + float(belief[frame])), Cut(frame, "hard", score)))
    kept: list[Cut] = []
    for _, cut in sorted(found, key=lambda one: (-one[0], one[1].frame)):
        if all(evidence.apart(cut.frame, other.frame) >= settings.min_shot_frames for other in kept):
            kept.append(cut)
    return sorted(kept, key=lambda one: one.frame)


def across_cut(
    thumbs: Thumbs, frame: int, belief: float, needed: float, settings: FusedDetector, *, reach: int
) -> float | None:
    """How unlike the pictures before and after a cut at `frame` are, or None where that is less than `needed` levels.

    Unless the network is sure they also differ by more than the frames beside them do, for in a whip pan all frames do,
    and are not one picture under two lights. Where it sees nothing they differ plainly, or are still and unrelated.
    """
    across = least_across(thumbs, frame, reach, enough=needed)
    if across.mean < needed or across.everywhere < settings.everywhere:
        return None
    if belief >= settings.threshold:
        return across.mean
    if is_lit_copy(thumbs[frame - 1], thumbs[frame], surely=belief >= settings.doubt):
        return None
    beyond = settings.doubtful_beyond_motion if belief >= settings.doubt else settings.beyond_motion
    if belief < settings.doubt and across.mean < settings.difference:
        if not is_unrelated(thumbs[frame - 1], thumbs[frame]):
            return None
        beyond = settings.still_beyond_motion
    return None if across.mean < beyond * motion_beside(thumbs, frame, MOVING_FRAMES) else across.mean


def is_slow_flash(thumbs: Thumbs, frame: int, needed: float, aparts: range, pace: float) -> bool:
    """Whether a light that goes on or off at `frame` is over within `aparts` frames and what was there is there again.

    Above 24 fps as many frames as a flash takes there are a shot of its own in a fast edit: here what shows between has
    to be no picture, or a lit copy of the one that returns. Every `pace`-th pair is looked at, as many as at 24 fps.
    """
    step = max(1, int(pace))
    for apart in reversed(aparts[::-step]):
        for before in range(1, apart + 1, step):
            first, second = frame - before, frame + apart - before
            if first < 0 or second >= len(thumbs):
                continue
            sides = (thumbs[frame - 1], thumbs[frame])
            lit = not any(is_other_picture(side, thumbs[first]) for side in sides)
            if lit and unlikeness(thumbs[first], thumbs[second]).mean < needed:
                return True
    return False


def insert_edges(thumbs: Thumbs, belief: npt.NDArray[np.float64], settings: FusedDetector) -> set[int]:
    """First frames of short inserts and of what follows them: shots that end before a flash has to.

    What was there before comes back after them, as after a flash. They are told apart where the network is sure of both
    edges, the frames between are one picture, and that picture is another one and not a lit copy of what surrounds it.
    """
    sure = [int(frame) for frame in np.flatnonzero(belief >= settings.threshold)]
    edges: set[int] = set()
    for place, first in enumerate(sure):
        # Edges nearer than a shot are the same one, smeared: at most return_frames of them are looked at.
        for after in sure[place + 1 : place + settings.return_frames]:
            if settings.min_shot_frames <= after - first < settings.return_frames and _is_insert(
                thumbs, first, after, settings
            ):
                edges |= {first, after}
    return edges


def _is_insert(thumbs: Thumbs, first: int, after: int, settings: FusedDetector) -> bool:
    inside = thumbs[(first + after) // 2]
    alike = all(
        unlikeness(inside, thumbs[at]).mean < settings.doubtful_difference for at in (first, after - 1)
    )
    return alike and all(is_other_picture(inside, thumbs[at]) for at in (first - 1, after))


def needed_difference(belief: float, settings: FusedDetector) -> float:
    """How unlike the two sides have to be, 8-bit levels, given the network's probability."""
    if belief >= settings.threshold:
        return settings.sure_difference
    if belief >= settings.doubt:
        return settings.doubtful_difference
    return settings.still_difference


def spaced(cuts: list[Cut], shortest: int, evidence: Evidence) -> tuple[Cut, ...]:
    """Cuts that leave no shot shorter than `shortest` frames: the surer one of two stays, a transition before both.

    At the ends of the video a shot may be shorter: what is left of it there belongs to no other one.
    """
    kept: list[Cut] = []
    for cut in sorted(cuts, key=lambda one: (one.kind == "hard", -one.score, one.frame)):
        far = all(evidence.apart(cut.frame, other.frame) >= shortest for other in kept)
        if far and 1 <= cut.frame < evidence.frames:
            kept.append(cut)
    return tuple(sorted(kept, key=lambda one: one.frame))
