"""How long the drawings of a clip are held: on ones, twos, threes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.tables.holds import Holds, holds_of

F64 = npt.NDArray[np.float64]


def hold_pattern(
    drawings: Sequence[Mapping[str, Any]], times: F64, start: int, end: int, *, majority: float
) -> Holds:
    """The holds of the frames start..end-1; `times` are those of the video's frames and of its end, in seconds.

    A drawing that the clip's border cuts counts with its whole length: how it was drawn does not depend on the cut.
    """
    spans = [(d["start"], d["end"]) for d in drawings if d["start"] < end and start < d["end"]]
    if not spans:
        raise ValueError(f"no drawing covers frames {start} to {end}")
    starts, ends = np.array(spans).T
    seen = times[np.minimum(ends, end)] - times[np.maximum(starts, start)]
    return holds_of(times[ends] - times[starts], seen, majority=majority)
