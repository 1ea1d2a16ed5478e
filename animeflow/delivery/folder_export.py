"""The `folder` export: videos and one metadata.jsonl per shard, as Hugging Face's VideoFolder and trainers read it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

from animeflow.delivery.export_files import ExportFiles
from animeflow.settings.delivery import ExportSettings
from animeflow.tables import failed_videos
from animeflow.tables.clip_records import ClipRecord, clip_records
from animeflow.tables.handle import Handle
from animeflow.tables.ids import series_of
from animeflow.tables.schemas.catalog import LABELS, MEASURE_COLUMNS
from animeflow.tables.status import State, counts

SCHEMA_VERSION = 1
NO_FILE = "kept, but its clip file was not made"


def export_folder(
    inputs: Mapping[str, Handle], files: ExportFiles, settings: ExportSettings
) -> dict[str, Any]:
    """Write data/<shard>/videos/<clip_id>.<mkv or mp4>, mute/<clip_id>.… where clips were muted too, metadata.jsonl and
    summary.json.

    Every line of metadata.jsonl has the same fields, nulls included: a loader that sees the first file takes its fields
    for all. A dropped clip has `file_name` null. Returns the summary.
    """
    records = list(clip_records(inputs))
    lines = []
    for record in records:
        name = _link(record, "", "videos", "video", inputs, files)
        muted = _link(record, "mute_", "mute", "mute_video", inputs, files)
        if record.values["keep"] or settings.rejected:
            lines.append(metadata_line(record, name, muted, shard=files.shard))
    files.write_lines("metadata.jsonl", lines)
    summary = summarise(records, inputs, files.shard)
    files.write_text("summary.json", json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return summary


def _link(
    record: ClipRecord,
    columns: str,
    folder: str,
    role: str,
    inputs: Mapping[str, Handle],
    files: ExportFiles,
) -> str | None:
    """Take a clip's file over as <folder>/<clip_id> with its own suffix; None where there is none.

    Files without sound stand beside videos/, which a loader of videos reads whole.
    """
    path = None if record.file is None else record.file.get(f"{columns}media_path")
    if record.file is None or path is None:
        return None
    name = f"{folder}/{record.values['clip_id']}{PurePosixPath(path).suffix}"
    files.link(
        name,
        inputs["clip_videos"].media(path),
        sha256=record.file[f"{columns}sha256"],
        role=role,
        video_id=record.values["video_id"],
        clip_id=record.values["clip_id"],
    )
    return name


def metadata_line(
    record: ClipRecord, file_name: str | None, mute_file_name: str | None = None, *, shard: str
) -> dict[str, Any]:
    """A line of metadata.jsonl. Times in seconds since the video's first frame, `fps` informative."""
    values, video = record.values, record.video
    base = Fraction(values["time_base_num"], values["time_base_den"])
    labels = {column.name: _flat(values[column.name]) for column in LABELS}
    return {
        "file_name": file_name,
        "mute_file_name": mute_file_name,
        "schema_version": SCHEMA_VERSION,
        "caption": values["caption"],
        "text": values["caption"],
        "clip_id": values["clip_id"],
        "video_id": values["video_id"],
        "shard": shard,
        "series": series_of(shard),
        "episode": PurePosixPath(video["path"]).stem,
        "source_path": video["path"],
        "source_sha256": video["sha256"],
        "shot": values["shot"],
        "start_frame": values["start"],
        "end_frame": values["end"],
        "start_pts": values["start_pts"],
        "end_pts": values["end_pts"],
        "time_base": f"{base.numerator}/{base.denominator}",
        "t0": float((values["start_pts"] - video["first_pts"]) * base),
        "t1": float((values["end_pts"] - video["first_pts"]) * base),
        "fps": _rate(video),
        "frames": values["frames"],
        **windows(record.clip),
        "width": values["width"],
        "height": values["height"],
        "size_bytes": values["size_bytes"],
        "sha256": values["sha256"],
        "keep": values["keep"],
        "reason": values["drop_reason"],
        "failed": ",".join(values["failed"]),
        "unmeasured": ",".join(values["unmeasured"]),
        "missing_file": NO_FILE if values["keep"] and file_name is None else None,
        "scores": {column: values[column] for columns in MEASURE_COLUMNS.values() for column in columns},
        "score_reasons": {table: record.reasons.get(table) for table in MEASURE_COLUMNS},
        "burned_text": values["burned_text"],
        "transcript": values["transcript"],
        **labels,
    }


def windows(clip: Mapping[str, Any]) -> dict[str, Any]:
    """`num_windows`, and `windows` as "first-last" in source frames, last one included, joined by spaces.

    Text, because a list would get another type in a file where it is empty. Null where no windows were listed.
    """
    starts, length = clip.get("windows"), clip.get("window_frames")
    if starts is None or length is None:
        return {"num_windows": None, "windows": None}
    return {
        "num_windows": len(starts),
        "windows": " ".join(f"{start}-{start + length - 1}" for start in starts),
    }


def summarise(records: Sequence[ClipRecord], inputs: Mapping[str, Handle], shard: str) -> dict[str, Any]:
    """Counts that reconcile: clips = kept + dropped, kept = exported + without a file."""
    kept = [record for record in records if record.values["keep"]]
    dropped = Counter(record.values["drop_reason"] for record in records if not record.values["keep"])
    return {
        "shard": shard,
        "schema_version": SCHEMA_VERSION,
        "files": _files(inputs),
        "clips": len(records),
        "kept": len(kept),
        "exported": sum(record.file is not None for record in kept),
        "kept_without_file": sorted(r.values["clip_id"] for r in kept if r.file is None),
        "dropped": dict(sorted(dropped.items())),
        "missing": _missing(inputs.values()),
    }


def _files(inputs: Mapping[str, Handle]) -> dict[str, int]:
    """How many files are ok, failed (in any stage that the export reads) and skipped as no video of their own."""
    failed = set(failed_videos.distinct(s for handle in inputs.values() for s in handle.statuses))
    rest = counts(status for status in inputs["shard_files"].statuses if status.path not in failed)
    return {**rest, State.FAILED.value: len(failed)}


def _missing(handles: Iterable[Handle]) -> list[dict[str, str]]:
    """What any stage lacks, the first stage's word for each file."""
    found: dict[str, dict[str, str]] = {}
    for handle in handles:
        for entry in handle.manifest.missing:
            found.setdefault(entry["path"], {"asset": handle.asset, **entry})
    return [found[path] for path in sorted(found)]


def _rate(video: Mapping[str, Any]) -> float | None:
    return video["rate_num"] / video["rate_den"] if video["rate_den"] else None


def _flat(value: Any) -> Any:
    """A list of structs would get another type in a file where it is empty: palettes become text."""
    return " ".join(f"{c['hex']}:{c['share']:.3f}" for c in value) if isinstance(value, list) else value
