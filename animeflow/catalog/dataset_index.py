"""One row per clip over all shards: where it is, what was measured, what was decided, and what made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from animeflow.catalog.provenance import provenance_columns
from animeflow.catalog.shards import Shard, finished
from animeflow.tables.clip_records import clip_records
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging
from animeflow.tables.workspace import SHARDS, Workspace

NEEDED = ("shard_files", "clips", "kept_clips")


@dataclass(frozen=True)
class IndexRun:
    """Clips per indexed shard, for each shard the stages that have not finished, and the videos of several shards."""

    clips: Mapping[str, int]
    missing: Mapping[str, tuple[str, ...]]
    repeated: frozenset[str]


def build_index(workspace: Workspace, staging: Staging, *, provenance: Mapping[str, Any]) -> IndexRun:
    """Write `dataset_index` into the staging folder, one Parquet file per shard: memory holds one shard at a time.

    A shard without decisions is not in the index, and is counted as missing. Shards run apart, so a video that lies in
    two of them is worked on and published twice; its rows after the first shard, by key, name that shard.
    """
    clips, missing = {}, {}
    first: dict[str, str] = {}
    repeated: set[str] = set()
    for shard in finished(workspace):
        if shard.missing:
            missing[shard.key] = shard.missing
        if all(name in shard.assets for name in NEEDED):
            rows = index_rows(shard)
            for row in rows:
                home = first.setdefault(row["video_id"], shard.key)
                if home != shard.key:
                    row["duplicate_of"] = home
                    repeated.add(row["video_id"])
            staging.write_table(
                "dataset_index", TABLES["dataset_index"].table(rows), stem=shard.key, provenance=provenance
            )
            clips[shard.key] = len(rows)
    if not clips:
        staging.write_table("dataset_index", TABLES["dataset_index"].empty(), provenance=provenance)
    return IndexRun(clips, missing, frozenset(repeated))


def index_rows(shard: Shard) -> list[dict[str, Any]]:
    """The clips of one shard as rows of `dataset_index`."""
    made_by = provenance_columns(shard.assets) | {"missing_stages": list(shard.missing)}
    rows = []
    for record in clip_records(shard.assets):
        path = record.values["media_path"]
        place = f"{SHARDS}/{shard.key}/clip_videos/{path}" if path else None
        rows.append(record.values | made_by | {"shard": shard.key, "media_path": place, "duplicate_of": None})
    return rows
