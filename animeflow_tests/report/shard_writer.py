"""Writes assets of a shard as the stages do: by staging and finalising tables with drawn pictures."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from animeflow.sample import DrawnShot, draw_shot
from animeflow.tables import ids, timings
from animeflow.tables.manifest import Manifest
from animeflow.tables.schema import TableSpec
from animeflow.tables.specs import TABLES
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import Staged, Staging, finalise
from animeflow.tables.status import Reason, State, Status
from animeflow.tables.timings import Timing
from animeflow.tables.workspace import Workspace

SHARD = "season-one-0a1b2c3d"
RATE = 24
TIME_BASE = (1, 1000)
KINDS = ("pan", "strobe", "cross", "credits", "held_limb", "zoom")
KEPT = {"pan", "cross", "held_limb", "zoom"}
WEIGHTS = {"transnetv2": "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de"}

Row = dict[str, Any]


@dataclass
class DrawnVideo:
    """Shots one after the other; every second of them starts with a transition of four frames."""

    name: str
    shots: list[DrawnShot]

    @property
    def id(self) -> str:
        return ids.video_id(self.sha256)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def starts(self) -> list[int]:
        return [int(n) for n in np.cumsum([0, *(len(shot.frames) for shot in self.shots)])]

    @property
    def frames(self) -> np.ndarray:
        return np.concatenate([shot.frames for shot in self.shots])


def draw_video(name: str, *, size: tuple[int, int], frames: int, kinds: Sequence[str] = KINDS) -> DrawnVideo:
    shots = [
        draw_shot(kind, seed=40 + place, size=size, frames=frames + 3 * place)
        for place, kind in enumerate(kinds)
    ]
    return DrawnVideo(name, shots)


def pts(frame: int) -> int:
    """Milliseconds, as Matroska stores them; the first frame stands at 83 ms."""
    return 83 + round(frame * 1000 / RATE)


@dataclass
class Writer:
    """Writes assets of one shard."""

    workspace: Workspace
    videos: Sequence[DrawnVideo]
    bad: Sequence[Status]

    def finish(
        self,
        asset: str,
        tables: dict[str, list[Row]] | None = None,
        *,
        staging: Staging | None = None,
        decoded: float = 0.0,
        failed: dict[str, Status] | None = None,
    ) -> Manifest:
        """Finalise an asset: its tables split by video where they have that column; `decoded` per source frame."""
        staging = staging or self.workspace.staging(SHARD, asset)
        provenance = self._provenance(asset)
        for name, rows in (tables or {}).items():
            self._write(staging, name, rows, provenance)
        statuses = [*self._statuses(decoded, failed or {}), *self._carried(asset)]
        staged = Staged(staging, statuses, hashlib.sha256(asset.encode()).hexdigest(), provenance)
        manifest = finalise(staged, self.workspace.asset_dir(SHARD, asset))
        self._time(asset, statuses, decoded)
        return manifest

    def _write(self, staging: Staging, name: str, rows: list[Row], provenance: Row) -> None:
        spec = TABLES[name]
        rows = [_filled(spec, row) for row in rows]
        if not rows or "video_id" not in spec.names or spec.column("video_id").nullable:
            staging.write_table(name, spec.table(rows), provenance=provenance)
            return
        for video in sorted({str(row["video_id"]) for row in rows}):
            mine = [row for row in rows if row["video_id"] == video]
            staging.write_table(name, spec.table(mine), stem=video, provenance=provenance)

    def _provenance(self, asset: str) -> Row:
        models = {}
        if asset == "shots":
            models = {"shots": {"task": "shots", "kind": "transnetv2", "licence": "MIT", "weights": WEIGHTS}}
        return {
            "animeflow": "0.1.0",
            "stage": asset,
            "code_version": STAGES[asset].code_version,
            "settings_digest": hashlib.sha256(b"settings").hexdigest(),
            "upstream": {name: hashlib.sha256(name.encode()).hexdigest() for name in STAGES[asset].inputs},
            "models": models,
            "device": "cpu",
        }

    def _statuses(self, decoded: float, failed: dict[str, Status]) -> list[Status]:
        found = []
        for video in self.videos:
            count = len(video.frames)
            ok = Status(video.name, video.id, source_frames=count, frames_decoded=round(decoded * count))
            found.append(failed.get(video.name, ok))
        return found

    def _carried(self, asset: str) -> list[Status]:
        if asset == "shard_files":
            return list(self.bad)
        return [
            Status(
                bad.path, bad.video_id, State.SKIPPED, Reason.UPSTREAM, message=f"shard_files: {bad.reason}"
            )
            for bad in self.bad
        ]

    def _time(self, asset: str, statuses: Sequence[Status], decoded: float) -> None:
        frames = sum(status.source_frames or 0 for status in statuses if status.ok)
        place = list(STAGES).index(asset)
        timings.append(
            self.workspace.logs_dir(SHARD),
            Timing(
                asset,
                SHARD,
                "run-1",
                1.7e9 + place,
                0.3 + (place * 37 % 11) * 1.7,
                0.5 + place,
                400_000_000 + place * 10**7,
                False,
                len(self.videos),
                frames,
                {asset: round(decoded * frames)} if decoded else {},
            ),
        )


def _filled(spec: TableSpec, row: Row) -> Row:
    """The row with a plain value in every declared column that it does not name: the page asks for few of them."""
    missing = [column for column in spec.columns if column.name not in row and not column.nullable]
    return {**row, **{column.name: _plain(column.type) for column in missing}}


def _plain(kind: pa.DataType) -> Any:
    if pa.types.is_boolean(kind):
        return False
    if pa.types.is_string(kind):
        return ""
    return [] if pa.types.is_list(kind) else 0


def webp(array: np.ndarray) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(array).save(sink, "WEBP", lossless=True)
    return sink.getvalue()


def put(staging: Staging, relative: str, data: bytes) -> Row:
    """Write a media file; the columns that name it."""
    path = staging.path(relative)
    path.write_bytes(data)
    ref = staging.add(path)
    return {"media_path": ref.path, "size_bytes": ref.size, "sha256": ref.sha256}


def clip_span(video: DrawnVideo, place: int) -> tuple[int, int]:
    """Frames of the clip of a shot: without the halves of its transitions."""
    start, end = video.starts[place], video.starts[place + 1]
    return start + (2 if place % 3 == 2 else 0), end - (
        2 if place % 3 == 1 and place + 2 < len(video.starts) else 0
    )


def clip_of(video: DrawnVideo, place: int) -> str:
    return ids.clip_id(video.id, *clip_span(video, place))
