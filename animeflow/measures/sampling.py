"""Which frames of a clip the sparse measures read, and one sparse decode for all of them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.media.chosen import chosen_frames
from animeflow.media.decode.reader import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.decode.seeking import FrameTimes
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.measures import SamplingSettings

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """Two frames of a clip between which motion is measured: first < second.

    `step` is the drawing after `first` (first < step <= second), for motion too fast to be seen across the pair.
    """

    first: int
    second: int
    step: int = field(default=-1, compare=False)

    def __post_init__(self) -> None:
        if self.step < 0:
            object.__setattr__(self, "step", self.second)


def motion_pairs(
    clip: Mapping[str, Any], times: npt.NDArray[np.float64], starts: Sequence[int], settings: SamplingSettings
) -> list[Pair]:
    """Up to settings.motion_pairs pairs, spread over the clip, about settings.motion_step_s apart.

    `times` [T] are seconds of every frame of the video, `starts` the first frames of its drawings, ascending. Both ends
    are moved to the first frame of the drawing that is shown there, so that a held frame is never compared with itself;
    a clip of one drawing has no pair.
    """
    begin, end = clip["start"], clip["end"]
    inside = np.array([begin, *(s for s in starts if begin < s < end)])
    if len(inside) < 2:
        return []
    anchors = np.linspace(
        times[begin], max(times[begin], times[end - 1] - settings.motion_step_s), settings.motion_pairs
    )
    found = {}
    for anchor in anchors:
        first = int(inside[np.searchsorted(times[inside], anchor + 1e-9, side="right") - 1])
        later = inside[inside > first]
        if len(later):
            due = np.searchsorted(times[later], times[first] + settings.motion_step_s - 1e-9)
            found[first] = Pair(first, int(later[min(due, len(later) - 1)]), int(later[0]))
    return [found[first] for first in sorted(found)]


def spread(clip: Mapping[str, Any], count: int) -> list[int]:
    """`count` frames at int(i N / count) of a clip of N frames, each at most once (the rule of the LAION scorer)."""
    length = clip["end"] - clip["start"]
    return sorted({clip["start"] + i * length // count for i in range(count)})


def read_frames(
    path: Path,
    wanted: Iterable[int],
    *,
    size: tuple[int, int],
    purpose: str,
    times: FrameTimes | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
    isolation: IsolationSettings | None = None,
) -> Generator[tuple[int, U8], None, None]:
    """(frame number, uint8 RGB [h, w, 3] at `size` = (width, height)) of the wanted frames, ascending."""
    return chosen_frames(
        path,
        sorted(set(wanted)),
        size=size,
        purpose=purpose,
        times=times,
        limits=limits,
        isolation=isolation,
    )
