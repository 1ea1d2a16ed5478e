"""Quality and aesthetic scores per clip; null with the reason where no scorer is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from animeflow.tables.schema import TableSpec

NO_SCORER = "no scorer is chosen in this profile: no known scorer has weights inside a PyPI package"


def unscored(clips: Sequence[Mapping[str, Any]], spec: TableSpec, *, reason: str = NO_SCORER) -> pa.Table:
    """The table `quality` or `aesthetics` without a scorer: one row per clip, every score null with the reason."""
    rows = [{"clip_id": clip["clip_id"], "video_id": clip["video_id"], "reason": reason} for clip in clips]
    return spec.table(rows)
