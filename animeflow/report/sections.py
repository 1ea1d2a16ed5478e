"""View models of the plain sections: files, encodes, annotations, speech, delivery."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from animeflow.report.shard import Row, ShardData
from animeflow.report.text import plural
from animeflow.report.timeline import VideoTimeline, voice_intervals


def files(data: ShardData) -> list[Row]:
    """The files of the unit with what became of them in `shard_files`."""
    statuses = {status.path: status for status in data.statuses("shard_files")}
    found = []
    for row in data.rows("shard_files"):
        status = statuses.get(row["path"])
        found.append(
            {
                "path": row["path"],
                "video_id": row["video_id"],
                "usable": row["usable"],
                "state": status.state.value if status else "ok" if row["usable"] else "failed",
                "reason": status.reason.value if status else "",
                "message": row["error"] or (status.message if status else ""),
                "picture": f"{row['width']}×{row['height']} {row['codec']} {row['bit_depth']} bit",
                "frames": row["frames"],
                "length": _length(row),
                "size": row["size_bytes"],
                "streams": _streams(row),
            }
        )
    return found


def _length(row: Row) -> float | None:
    if row["last_pts"] is None or row["first_pts"] is None or not row["time_base_den"]:
        return row["duration_s"]
    shown = row["last_pts"] - row["first_pts"] + (row["last_duration"] or 0)
    return float(shown * row["time_base_num"] / row["time_base_den"])


def _streams(row: Row) -> str:
    names = {"audio": "sound", "subtitles": "subtitles", "attachments": "attachments", "chapters": "chapters"}
    parts = []
    for key, word in names.items():
        count = len(_json_list(row.get(f"{key}_json")))
        if count:
            parts.append(f"{count} {word}")
    return ", ".join(parts) or "picture only"


def _json_list(text: str | None) -> list[Any]:
    try:
        found = json.loads(text) if text else []
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def encodes(data: ShardData, lines: Sequence[VideoTimeline]) -> list[Row]:
    """One row per AV1 file, beside its source."""
    names = {line.video_id: line for line in lines}
    found = []
    order = list(names)
    rows = sorted(
        data.rows("av1_videos"),
        key=lambda r: order.index(r["video_id"]) if r["video_id"] in names else len(order),
    )
    for row in rows:
        line = names.get(row["video_id"])
        length = line.clock.total if line else 0.0
        found.append(
            {
                **row,
                "name": line.name if line else row["video_id"],
                "ratio": row["size_bytes"] / row["source_bytes"] if row["source_bytes"] else None,
                "kbps": row["size_bytes"] * 8 / 1000 / length if length else None,
            }
        )
    return found


def clip_files(data: ShardData) -> Row | None:
    """Counts of the clips as files; None when there are none."""
    rows = data.rows("clip_videos")
    if not rows:
        return None
    copied = sum(row["method"] == "copy" for row in rows)
    return {
        "count": len(rows),
        "bytes": sum(row["size_bytes"] for row in rows),
        "copied": copied,
        "encoded": len(rows) - copied,
    }


@dataclass(frozen=True)
class SpeechView:
    """Voice activity and what was said in one video."""

    name: str
    summary: str
    bands: Sequence[Any]
    lines: Sequence[Mapping[str, Any]]


def speech(data: ShardData, lines: Sequence[VideoTimeline]) -> list[SpeechView]:
    """One view per video that `transcripts` finished."""
    if not data.assets["transcripts"].readable:
        return []
    voice, rows = voice_intervals(data), defaultdict(list)
    for row in data.rows("transcripts"):
        rows[row["video_id"]].append(row)
    reasons = {status.video_id: status for status in data.statuses("transcripts")}
    silent = {row["video_id"] for row in data.rows("shard_files") if not _json_list(row["audio_json"])}
    found = []
    for line in lines:
        status = reasons.get(line.video_id)
        if status and not status.ok:
            found.append(
                SpeechView(line.name, f"{status.state.value}: {status.reason.value} {status.message}", [], [])
            )
            continue
        if line.video_id in silent:
            found.append(SpeechView(line.name, "It has no sound.", [], []))
            continue
        spoken = voice.get(line.video_id, [])
        said = [row for row in rows[line.video_id] if row.get("text")]
        found.append(SpeechView(line.name, _spoken(spoken, rows[line.video_id], line), line.voice, said))
    return found


def _spoken(spoken: Sequence[tuple[float, float]], rows: Sequence[Row], line: VideoTimeline) -> str:
    total = sum(b - a for a, b in spoken)
    if not spoken:
        return "No voice was found in the sound."
    text = f"Voice in {plural(len(spoken), 'interval')}, {total:.1f} s of {line.clock.total:.1f} s."
    why = {row.get("reason") for row in rows if not row.get("text") and row.get("reason")}
    return text + (f" No text: {', '.join(sorted(map(str, why)))}." if why else "")


@dataclass(frozen=True)
class Parcel:
    """Files of one kind in a delivery asset; `where` is the archive, the export or the target."""

    asset: str
    where: str
    role: str
    files: int
    size_bytes: int
    note: str


def delivery(data: ShardData) -> list[Parcel]:
    """Archives one by one; exports and targets by role."""
    found = [
        Parcel(
            "image_archives", row["media_path"].rpartition("/")[2], "archive", 1, row["size_bytes"],
            f"{plural(row['pictures'], 'picture')}, reopened and counted",
        )
        for row in data.rows("image_archives")
    ]  # fmt: skip
    found += _parcels("dataset_export", data.rows("dataset_export"), lambda row: str(row["export"]), "")
    for asset in ("published_videos", "published_archives", "published_dataset"):
        found += _parcels(asset, data.rows(asset), lambda _: "target", "sha256 read back")
    return found


def _parcels(asset: str, rows: Sequence[Row], where: Callable[[Row], str], note: str) -> list[Parcel]:
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        groups[where(row), row["role"]].append(row["size_bytes"])
    return [
        Parcel(asset, place, role, len(sizes), sum(sizes), note) for (place, role), sizes in groups.items()
    ]
