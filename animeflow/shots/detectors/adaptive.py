"""Kind `adaptive`: PySceneDetect's AdaptiveDetector on stored components."""

from __future__ import annotations

import numpy as np

from animeflow.settings.shots import AdaptiveDetector
from animeflow.shots.cuts import Cut
from animeflow.shots.detectors.evidence import F64, Evidence, above, content_values

_MAX_RATIO = 255.0
_ZERO = 1e-5


def find(evidence: Evidence, settings: AdaptiveDetector) -> tuple[Cut, ...]:
    """Cuts where the change exceeds the mean change of its neighbours by a ratio."""
    scores = content_values(evidence, settings.weights)
    ratios = adaptive_ratios(scores, settings.window_frames, settings.min_content)
    cuts: list[Cut] = []
    last = 0
    for frame in np.flatnonzero((ratios >= settings.ratio) & (scores >= settings.min_content)):
        if frame - last >= settings.min_shot_frames:
            last = int(frame)
            cuts.append(Cut(last, "hard", above(float(ratios[frame]), settings.ratio)))
    return tuple(cut for cut in cuts if cut.frame > 0)


def adaptive_ratios(scores: F64, window: int, min_content: float) -> F64:
    """Score over the mean score of `window` frames on each side, at most 255; 0 where there are not so many frames.

    Among still frames (mean below 1e-5) it is 255 for a score of min_content or more, else 0: PySceneDetect's rule, and
    the reason why drawings held on threes look like cuts to it.
    """
    ratios = np.zeros(len(scores))
    if len(scores) < 2 * window + 1:
        return ratios
    spans = np.lib.stride_tricks.sliding_window_view(scores, 2 * window + 1)
    target = spans[:, window]
    mean = (spans.sum(axis=1) - target) / (2 * window)
    still = np.abs(mean) < _ZERO
    moving = np.minimum(target / np.where(still, 1.0, mean), _MAX_RATIO)
    ratios[window : len(scores) - window] = np.where(
        still, np.where(target >= min_content, _MAX_RATIO, 0.0), moving
    )
    return ratios
