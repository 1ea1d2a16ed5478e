"""Tables of the group `curation`: the decisions."""

from __future__ import annotations

import pyarrow as pa

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import BOOL, CLIP_ID, END, SHOT, START, STR, VIDEO_ID

KEPT_CLIPS = TableSpec(
    name="kept_clips",
    version=1,
    grain="one clip, kept or dropped",
    key=("clip_id",),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        SHOT,
        START,
        END,
        Column("keep", BOOL, "the decision"),
        Column("reason", STR, "`kept`, or the first rule that dropped it"),
        Column("failed", pa.list_(pa.string()), "every rule that it failed, in the order of the rules"),
        Column("unmeasured", pa.list_(pa.string()), "rules that it passed because their measure is null"),
    ),
)

TABLES = (KEPT_CLIPS,)
