"""Kind `fused`: the network proposes, the pictures decide.

A hard cut is where no frame before resembles any frame after, whatever the network says: pictures that come back
(flashes, strobes) and pictures that only moved (pans) are none. The less the network believes in a cut, the more the
pictures have to differ.
"""

from __future__ import annotations

import numpy as np

from animeflow.settings.shots import FusedDetector
from animeflow.shots.cuts import Cut
from animeflow.shots.detectors.evidence import Evidence
from animeflow.shots.detectors.likeness import Thumbs, least_across, without_bars
from animeflow.shots.detectors.transitions import find_transitions


def find(evidence: Evidence, settings: FusedDetector) -> tuple[Cut, ...]:
    """Hard cuts and transitions; a hard cut inside a transition is part of it."""
    transitions = find_transitions(evidence, settings.transitions)
    spans = [cut.transition for cut in transitions if cut.transition is not None]
    hard = [cut for cut in hard_cuts(evidence, settings) if not any(a <= cut.frame <= b for a, b in spans)]
    return spaced([*transitions, *hard], settings.min_shot_frames, evidence.frames)


def hard_cuts(evidence: Evidence, settings: FusedDetector) -> list[Cut]:
    """Hard cuts with their scores, ascending."""
    single, _ = evidence.network
    if evidence.frames < 2:
        return []
    thumbs = without_bars(evidence.thumbs)
    least = evidence.diff_rgb * (evidence.thumbs[0].size / thumbs[0].size)  # bars have no difference
    belief = np.concatenate([[0.0], single[:-1]])  # that frame t begins a shot
    cuts = []
    for frame in range(1, evidence.frames):
        needed = needed_difference(float(belief[frame]), settings)
        if least[frame] >= needed:  # a translation never makes two pictures more unlike
            score = cut_score(thumbs, frame, float(belief[frame]), needed, settings)
            if score is not None:
                cuts.append(Cut(frame, "hard", score))
    return cuts


def cut_score(
    thumbs: Thumbs, frame: int, belief: float, needed: float, settings: FusedDetector
) -> float | None:
    """How sure the cut at `frame` is (0.5-1), or None where the pictures are less unlike than `needed` levels."""
    across = least_across(thumbs, frame, settings.return_frames, enough=needed)
    if across.mean < needed or across.everywhere < settings.everywhere:
        return None
    return max(belief, across.mean / (across.mean + needed))


def needed_difference(belief: float, settings: FusedDetector) -> float:
    """How unlike the two sides have to be, 8-bit levels, given the network's probability."""
    if belief >= settings.threshold:
        return settings.sure_difference
    if belief >= settings.doubt:
        return settings.doubtful_difference
    return settings.difference


def spaced(cuts: list[Cut], shortest: int, frames: int) -> tuple[Cut, ...]:
    """Cuts that leave no shot shorter than `shortest` frames: the surer one of two stays, a transition before both."""
    kept: list[Cut] = []
    for cut in sorted(cuts, key=lambda one: (one.kind == "hard", -one.score, one.frame)):
        far = all(abs(cut.frame - other.frame) >= shortest for other in kept)
        if far and shortest <= cut.frame <= frames - shortest:
            kept.append(cut)
    return tuple(sorted(kept, key=lambda one: one.frame))
