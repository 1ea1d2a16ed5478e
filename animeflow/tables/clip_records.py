"""What all stages say about each clip of a shard, joined by id: the common ground of exports and of the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from animeflow.tables.handle import Handle
from animeflow.tables.schemas.catalog import LABELS, MEASURE_COLUMNS

Row = dict[str, Any]
OPTIONAL = (*MEASURE_COLUMNS, "annotations", "captions", "transcripts", "clip_videos", "layer_clips")
"""Tables that may be missing, whole or for some clips: their columns are then null."""


@dataclass(frozen=True)
class ClipRecord:
    """One clip: `values` are named like columns of `dataset_index`, `reasons` are {measure table: why it is null}.

    `clip` is the row of `clips`, `video` that of `shard_files`, `file` that of `clip_videos` where there is one.
    """

    values: Row
    reasons: Mapping[str, str]
    clip: Mapping[str, Any]
    video: Mapping[str, Any]
    file: Mapping[str, Any] | None


def clip_records(inputs: Mapping[str, Handle]) -> Iterator[ClipRecord]:
    """The clips of a shard in order of their video's path and first frame, kept and dropped alike.

    `inputs` are {asset: handle}; `shard_files`, `clips` and `kept_clips` have to be among them, those of OPTIONAL may.
    """
    videos = {row["video_id"]: row for row in inputs["shard_files"].rows() if row["usable"]}
    clips = {row["clip_id"]: row for row in inputs["clips"].rows()}
    tables = {name: _by_clip(inputs, name) for name in OPTIONAL if name != "transcripts"}
    heard = _heard(inputs)
    decisions = [row for row in inputs["kept_clips"].rows() if row["video_id"] in videos]
    for decision in sorted(
        decisions, key=lambda row: (videos[row["video_id"]]["path"], row["start"], row["end"])
    ):
        clip_id, video = decision["clip_id"], videos[decision["video_id"]]
        said = {name: rows.get(clip_id, {}) for name, rows in tables.items()}
        values = (
            _place(clips[clip_id], video) | _decision(decision) | _said(said) | _file(said["clip_videos"])
        )
        values |= {
            "layers": clip_id in tables["layer_clips"] if "smoothed_layers" in inputs else None,
            "transcript": heard.get(clip_id),
        }
        reasons = {name: said[name]["reason"] for name in MEASURE_COLUMNS if said[name].get("reason")}
        yield ClipRecord(values, reasons, clips[clip_id], video, said["clip_videos"] or None)


def upright_size(video: Mapping[str, Any]) -> tuple[int, int]:
    """(width, height) in px after rotation, from a row of `shard_files`."""
    size = video["width"], video["height"]
    return size[::-1] if video["rotation"] % 180 else size


def _by_clip(inputs: Mapping[str, Handle], table: str) -> dict[str, Row]:
    handle = inputs.get("smoothed_layers" if table == "layer_clips" else table)
    return {} if handle is None else {row["clip_id"]: row for row in handle.rows(table)}


def _heard(inputs: Mapping[str, Handle]) -> dict[str, str]:
    """{clip_id: what is said during it}, segments joined by newlines."""
    found: dict[str, list[str]] = {}
    for row in inputs["transcripts"].rows() if "transcripts" in inputs else []:
        for clip_id in row["clip_ids"] if row["text"] else []:
            found.setdefault(clip_id, []).append(row["text"])
    return {clip_id: "\n".join(texts) for clip_id, texts in found.items()}


def _place(clip: Mapping[str, Any], video: Mapping[str, Any]) -> Row:
    base = Fraction(clip["time_base_num"], clip["time_base_den"])
    names = (
        "clip_id", "video_id", "shot", "start", "end", "start_pts", "end_pts", "time_base_num", "time_base_den",
        "duration_s", "frames",
    )  # fmt: skip
    width, height = upright_size(video)
    return {name: clip[name] for name in names} | {
        "source_path": video["path"],
        "source_sha256": video["sha256"],
        "start_s": float(clip["start_pts"] * base),
        "width": width,
        "height": height,
    }


def _decision(row: Mapping[str, Any]) -> Row:
    return {
        "keep": row["keep"],
        "drop_reason": row["reason"],
        "failed": row["failed"],
        "unmeasured": row["unmeasured"],
    }


def _said(said: Mapping[str, Row]) -> Row:
    values = {
        column: said[table].get(column) for table, columns in MEASURE_COLUMNS.items() for column in columns
    }
    values |= {column.name: said["annotations"].get(column.name) for column in LABELS}
    return values | {"burned_text": said["text"].get("text"), "caption": said["captions"].get("caption")}


def _file(row: Mapping[str, Any]) -> Row:
    return {
        "media_path": row.get("media_path"),
        "size_bytes": row.get("size_bytes"),
        "sha256": row.get("sha256"),
    }
