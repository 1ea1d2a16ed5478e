"""Kind `transnetv2`: the network alone, with transitions where its second output sees them."""

from __future__ import annotations

import numpy as np

from animeflow.settings.shots import TransNetV2Detector
from animeflow.shots.cuts import Cut
from animeflow.shots.detectors.evidence import Evidence, runs
from animeflow.shots.detectors.fused import spaced


def find(evidence: Evidence, settings: TransNetV2Detector) -> tuple[Cut, ...]:
    """One cut per run of probabilities above the threshold: after its last frame, as its authors count scenes.

    A cut inside a run of transition frames gets that run as a dissolve: the network does not tell dissolves from fades.
    """
    single, many = evidence.network
    spans = [
        run for run in runs(many > settings.threshold) if run[1] - run[0] >= settings.min_transition_frames
    ]
    cuts: dict[tuple[int, int] | int, Cut] = {}
    for first, after in runs(single > settings.threshold):
        if after >= evidence.frames:
            continue
        score = float(np.max(single[first:after]))
        span = next((one for one in spans if one[0] <= first < one[1]), None)
        if span is None:
            cuts[after] = Cut(after, "hard", score)
        elif span not in cuts:
            cuts[span] = Cut((span[0] + span[1]) // 2, "dissolve", score, span)
    return spaced(list(cuts.values()), settings.min_shot_frames, evidence)
