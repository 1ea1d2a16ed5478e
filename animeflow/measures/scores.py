"""Quality and aesthetic scores per clip; null with the reason where no scorer is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.measures.sampling import spread
from animeflow.media import open_video
from animeflow.media.decode import DEFAULT_LIMITS, DecodeLimits
from animeflow.models.score import Scorer
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
    limits: DecodeLimits = DEFAULT_LIMITS,
) -> pa.Table:
    """The same with a scorer: `column` gets its value for `frames` frames spread over each clip.

    Clips are read in the order of their frames, one at a time, so that memory holds one clip's frames.
    """
    rows = []
    with open_video(path, purpose=spec.name, limits=limits) as reader:
        for clip in sorted(clips, key=lambda clip: clip["start"]):
            pictures = np.stack([frame.rgb() for frame in reader.pick(spread(clip, frames))])
            value = float(scorer.score([pictures])[0])
            rows.append({"clip_id": clip["clip_id"], "video_id": clip["video_id"], column: value})
    return spec.table(rows)
