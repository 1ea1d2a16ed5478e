"""Key frames of kept clips as numbered WebP in tar.gz archives that repeat byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.delivery.clips import Row, by_video, frame_times, json_line, paths_of
from animeflow.errors import ArchiveError
from animeflow.media.archive import list_archive, part_name, sha256_file, split_by_size, write_archive
from animeflow.settings.delivery import ArchiveSettings
from animeflow.tables.handle import Handle
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging

MB = 1_000_000


@dataclass(frozen=True)
class ArchiveRun:
    """The tables `image_archives` and `archive_images`, and the kept clips of whose shot no key frame lies in them."""

    tables: Mapping[str, pa.Table]
    clips_without_picture: tuple[str, ...]


def build_archives(
    *, signals: Handle, key_frames: Handle, kept_clips: Handle, staging: Staging, settings: ArchiveSettings
) -> ArchiveRun:
    """Write the archives of a shard and reopen each.

    Pictures are numbered from 1 in the order of their video's path and frame. A key frame that lies outside every
    kept clip of its shot (in a part that was dropped) is left out. Raises ArchiveError when one does not read back.
    """
    kept = [row for row in kept_clips.rows() if row["keep"]]
    pictures = list(_pictures(kept, signals, key_frames, paths_of(kept_clips), settings.role))
    for number, picture in enumerate(pictures, 1):
        picture |= {"number": number, "name": f"{number:06d}.webp"}
    parts = split_by_size({p["name"]: p["size_bytes"] for p in pictures}, max_bytes=settings.max_part_mb * MB)
    named = {picture["name"]: picture for picture in pictures}
    archives = []
    for part, names in enumerate(parts, 1):
        sources = {name: key_frames.media(named[name].pop("media_path")) for name in names}
        archives.append(_write(part, len(parts), sources, staging, settings))
        for name in names:
            named[name]["part"] = part
    if pictures:
        _write_listing(pictures, staging)
    tables = {"image_archives": archives, "archive_images": pictures}
    missing = {row["clip_id"] for row in kept} - {picture["clip_id"] for picture in pictures}
    return ArchiveRun(
        {name: TABLES[name].table(rows) for name, rows in tables.items()}, tuple(sorted(missing))
    )


def verify_archives(handle: Handle) -> list[str]:
    """Reopen every archive of `image_archives` and compare it with `archive_images`: one line per difference."""
    images = handle.rows("archive_images")
    faults = []
    for archive in handle.rows("image_archives"):
        wanted = {row["name"]: row["sha256"] for row in images if row["part"] == archive["part"]}
        path = handle.media(archive["media_path"])
        try:
            found = {member.name: member.sha256 for member in list_archive(path)}
        except ArchiveError as error:
            faults.append(f"{archive['media_path']}: {error.message}")
            continue
        odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        if odd:
            faults.append(
                f"{archive['media_path']}: {len(odd)} pictures missing, strange or changed, first {odd[0]}"
            )
        elif sha256_file(path) != archive["sha256"]:  # gzip does not check its own header
            faults.append(f"{archive['media_path']}: is not the file that was written")
    return faults


def _pictures(
    kept: list[Row], signals: Handle, key_frames: Handle, paths: Mapping[str, str], role: str
) -> Iterator[Row]:
    frames = by_video(row for row in key_frames.rows() if row["role"] == role)
    for video, clips in sorted(by_video(kept).items(), key=lambda item: (paths.get(item[0], ""), item[0])):
        found = [
            (clip, picture)
            for picture in frames.get(video, [])
            for clip in clips
            if clip["start"] <= picture["frame"] < clip["end"]
        ]
        if not found:
            continue
        times = frame_times(signals, video)
        for clip, picture in sorted(found, key=lambda pair: pair[1]["frame"]):
            yield _picture_row(clip, picture) | {
                "pts": times.pts[picture["frame"]],
                "time_base_num": times.time_base.numerator,
                "time_base_den": times.time_base.denominator,
                "time_s": float(times.seconds(picture["frame"])),
            }


def _picture_row(clip: Row, picture: Row) -> Row:
    names = ("video_id", "shot", "frame", "role", "media_path", "size_bytes", "sha256")
    return {"clip_id": clip["clip_id"]} | {name: picture[name] for name in names}


def _write(
    part: int, parts: int, sources: Mapping[str, Path], staging: Staging, settings: ArchiveSettings
) -> dict[str, Any]:
    path = staging.path(part_name(staging.shard, part, parts))
    archive = write_archive(path, sources, level=settings.gzip_level)
    ref = staging.add(path, sha256=archive.sha256)
    return {
        "part": part,
        "media_path": ref.path,
        "size_bytes": ref.size,
        "sha256": ref.sha256,
        "pictures": len(archive.members),
        "members_sha256": archive.digest,
    }


def _write_listing(pictures: list[Row], staging: Staging) -> None:
    """The numbers beside the archives, for readers without Parquet."""
    path = staging.path("images.jsonl")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for picture in pictures:
            file.write(json_line(picture))
    staging.add(path)
