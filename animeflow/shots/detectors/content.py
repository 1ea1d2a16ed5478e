"""Kind `content`: PySceneDetect's ContentDetector with its merge filter, on stored components."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from animeflow.settings.shots import ContentDetector
from animeflow.shots.cuts import Cut
from animeflow.shots.detectors.evidence import Evidence, above, content_values


def find(evidence: Evidence, settings: ContentDetector) -> tuple[Cut, ...]:
    """Cuts where the change reaches the threshold, merged to the shortest shot length."""
    scores = content_values(evidence, settings.weights)
    over = [bool(score >= settings.threshold) for score in scores]
    cuts = sorted(set(merged(over, settings.min_shot_frames)) - {0})
    return tuple(
        Cut(frame, "hard", above(float(np.max(scores[frame])), settings.threshold)) for frame in cuts
    )


def merged(over: list[bool], length: int) -> Iterator[int]:
    """PySceneDetect 0.7 FlashFilter in mode MERGE: cuts closer than `length` frames become one, at the last of them.

    The first frame is the reference of the first gap; merging begins after a first cut.
    """
    last_over = 0
    merge_start: int | None = None
    may_merge = False
    for frame, is_over in enumerate(over):
        far = frame - last_over >= length
        if is_over:
            last_over = frame
        if merge_start is not None:
            if far and not is_over and last_over - merge_start >= length:
                merge_start = None
                yield last_over
        elif is_over and far:
            may_merge = True
            yield frame
        elif is_over and may_merge:
            merge_start = frame
