"""Quality and aesthetic scores per clip; null with the reason where no scorer is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.measures.sampling import spread
from animeflow.media.chosen import chosen_frames
from animeflow.media.decode.reader import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.decode.seeking import FrameTimes
from animeflow.models.score import Scorer
from animeflow.settings.isolation import IsolationSettings
from animeflow.tables.schema import TableSpec

NO_SCORER = "no scorer is chosen in this profile: no known scorer has weights inside a PyPI package"
Rows = Sequence[Mapping[str, Any]]


def unscored(clips: Rows, spec: TableSpec, *, reason: str = NO_SCORER) -> pa.Table:
    """The table `quality` or `aesthetics` without a scorer: one row per clip, every score null with the reason."""
    rows = [{"clip_id": clip["clip_id"], "video_id": clip["video_id"], "reason": reason} for clip in clips]
    return spec.table(rows)


def scored(
    path: Path,
    clips: Rows,
    spec: TableSpec,
    *,
    scorer: Scorer,
    column: str,
    frames: int,
    times: FrameTimes | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
    isolation: IsolationSettings | None = None,
) -> pa.Table:
    """The same with a scorer: `column` gets its value for `frames` frames spread over each clip.

    `times` as in `chosen_frames`. Clips are read in the order of their frames, one at a time, so that memory holds one
    clip's frames.
    """
    rows = []
    ordered = [(clip, spread(clip, frames)) for clip in sorted(clips, key=lambda clip: clip["start"])]
    wanted = [frame for _, chosen in ordered for frame in chosen]
    with closing(
        chosen_frames(path, wanted, purpose=spec.name, times=times, limits=limits, isolation=isolation)
    ) as decoded:
        for clip, chosen in ordered:
            pictures = np.stack([picture for _, picture in islice(decoded, len(chosen))])
            value = float(scorer.score([pictures])[0])
            rows.append({"clip_id": clip["clip_id"], "video_id": clip["video_id"], column: value})
        next(decoded, None)  # to its end: only there the frames are counted
    return spec.table(rows)
