"""Tables of the group `catalog`: across shards."""

from __future__ import annotations

import pyarrow as pa

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas import annotation, measures
from animeflow.tables.schemas.common import (
    BOOL,
    CLIP_ID,
    END,
    END_PTS,
    F64,
    I32,
    I64,
    SHOT,
    START,
    START_PTS,
    STR,
    TIME_BASE,
    VIDEO_ID,
)

SHARD = Column("shard", STR, "key of the shard")
_STAGE_MISSING = "the stage has not finished for this clip"

SOURCE_CATALOG = TableSpec(
    name="source_catalog",
    version=1,
    grain="one unit of the source: an archive, or a folder that directly holds videos",
    key=("shard",),
    columns=(
        SHARD,
        Column("path", STR, "path in the source repository; bytes that are not UTF-8 are escaped"),
        Column(
            "kind",
            STR,
            "archive, folder, loose (videos beside the folders) or file (the source is one video)",
        ),
        Column("files", I32, "files that are taken"),
        Column("ignored", I32, "other files that lie there"),
        Column("size_bytes", I64, "size of the files that are taken", "bytes"),
        Column("digest", STR, "sha256 over path, size and etag of the files"),
        Column("complete", BOOL, "whether it may be worked on"),
        Column(
            "complete_by",
            STR,
            "archive, marker, checksums or quiet",
            None,
            "it is not complete",
            null_on_embedded=True,
        ),
    ),
)

MEASURE_TABLES = measures.TABLES
MEASURE_COLUMNS: dict[str, tuple[str, ...]] = {
    spec.name: tuple(c.name for c in spec.columns if c.type == F64) for spec in MEASURE_TABLES
}
"""Table -> its measures: the float64 columns. Their names are unique over all tables."""

LABELS = tuple(
    column for column in annotation.ANNOTATIONS.columns if column.name not in ("clip_id", "video_id", "shot")
)


def _measured() -> tuple[Column, ...]:
    return tuple(
        Column(c.name, F64, c.description, c.unit, "not measured", c.null_on_embedded)
        for spec in MEASURE_TABLES
        for c in spec.columns
        if c.type == F64
    )


def _labelled() -> tuple[Column, ...]:
    return tuple(
        Column(c.name, c.type, c.description, c.unit, "dropped, or see derivation_json", c.null_on_embedded)
        for c in LABELS
    )


DATASET_INDEX = TableSpec(
    name="dataset_index",
    version=1,
    grain="one clip of any shard, kept or dropped",
    key=("shard", "clip_id"),
    columns=(
        SHARD,
        CLIP_ID,
        VIDEO_ID,
        Column("source_path", STR, "path of the video in its unit"),
        SHOT,
        START,
        END,
        START_PTS,
        END_PTS,
        *TIME_BASE,
        Column("start_s", F64, "start on the container's clock", "s"),
        Column("duration_s", F64, "length", "s"),
        Column("frames", I32, "length", "frames"),
        Column("width", I32, "upright width of the video", "px"),
        Column("height", I32, "upright height of the video", "px"),
        Column("keep", BOOL, "the decision"),
        Column("drop_reason", STR, "`kept`, or the first rule that dropped it"),
        Column("failed", pa.list_(pa.string()), "every rule that it failed"),
        Column("unmeasured", pa.list_(pa.string()), "rules that it passed because their measure is null"),
        *_measured(),
        Column(
            "burned_text", STR, "text that was read in the picture", None, "none was read, or not measured"
        ),
        *_labelled(),
        Column("layers", BOOL, "whether published layers exist", None, _STAGE_MISSING),
        Column(
            "duplicate_of",
            STR,
            "the first shard, by key, that holds the same video",
            None,
            "no earlier shard holds it",
            null_on_embedded=True,
        ),
        Column("caption", STR, "what is seen", None, "no captioner", null_on_embedded=True),
        Column(
            "transcript",
            STR,
            "what is said during it",
            None,
            "nothing, or not recognised",
            null_on_embedded=True,
        ),
        Column("media_path", STR, "the clip file: shard/asset/path in the workspace", None, "dropped"),
        Column("size_bytes", I64, "size of the clip file", "bytes", "dropped"),
        Column("sha256", STR, "sha256 of the clip file", None, "dropped"),
        Column("source_sha256", STR, "sha256 of the source video"),
        Column("adapters", pa.list_(pa.string()), "stage/name=kind of every model that had a part in it"),
        Column("weights", pa.list_(pa.string()), "id=sha256 of their weights"),
        Column("licences", pa.list_(pa.string()), "licences of the models and weights"),
        Column("settings_digests", pa.list_(pa.string()), "stage=digest of the settings of every stage"),
        Column("content_digests", pa.list_(pa.string()), "stage=digest of the content of every stage"),
        Column("missing_stages", pa.list_(pa.string()), "stages that have not finished for the shard"),
    ),
)

CALIBRATION_REPORT = TableSpec(
    name="calibration_report",
    version=1,
    grain="one quantile of one measure over all clips of all shards",
    key=("measure", "quantile"),
    columns=(
        Column("measure", STR, "name of the measure"),
        Column("quantile", F64, "share of the measured clips at or below the value", "0-1"),
        Column("value", F64, "the quantile, linearly interpolated", None, "no clip is measured", True),
        Column("clips", I64, "clips"),
        Column("measured", I64, "clips with a value"),
    ),
)

THRESHOLD_RETENTION = TableSpec(
    name="threshold_retention",
    version=1,
    grain="one threshold of one rule",
    key=("rule", "threshold"),
    columns=(
        Column("rule", STR, "name of the setting under `curation`"),
        Column("measure", STR, "the measure that it compares"),
        Column("threshold", F64, "the value tried"),
        Column("current", BOOL, "whether it is the present setting"),
        Column("passing", I64, "measured clips that pass this rule alone"),
        Column("kept", I64, "clips that all rules would keep with this threshold, unmeasured ones included"),
        Column("clips", I64, "clips"),
        Column("measured", I64, "clips with a value"),
    ),
)

CHARACTER_IDENTITIES = TableSpec(
    name="character_identities",
    version=1,
    grain="one kept clip with characters",
    key=("shard", "clip_id"),
    columns=(
        SHARD,
        CLIP_ID,
        VIDEO_ID,
        Column("identity", STR, "id of the character, the same across shards", None, "see reason", True),
        Column("similarity", F64, "cosine similarity to the identity's centre", "-1-1", "see reason", True),
        Column("reason", STR, "why there is no identity", None, "there is one"),
    ),
)

TABLES = (
    SOURCE_CATALOG,
    DATASET_INDEX,
    CALIBRATION_REPORT,
    THRESHOLD_RETENTION,
    CHARACTER_IDENTITIES,
)
