"""One stage about to run on one shard: what goes in, whether the old result stands, and the digests that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from animeflow.defs.judgement import judge
from animeflow.defs.progress import Watch
from animeflow.defs.resources.models import Models
from animeflow.errors import ContractError
from animeflow.models.base import Adapter
from animeflow.settings.shots import DecodeSettings
from animeflow.settings.tree import Settings
from animeflow.tables.digests import digest, input_digest
from animeflow.tables.frames import StoredFrames
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import Manifest
from animeflow.tables.stages import STAGES, StageSpec
from animeflow.tables.staging import Staging, sweep
from animeflow.tables.workspace import Workspace

if TYPE_CHECKING:
    from animeflow.media.decode.reader import DecodeLimits


@dataclass(frozen=True)
class Stage:
    """A stage, its shard, and everything that can change its result.

    `origin` names further inputs by digest (`shard_files`: its unit).
    """

    spec: StageSpec
    shard: str | None
    run_id: str
    settings: Settings
    workspace: Workspace
    watch: Watch
    inputs: Mapping[str, Handle] = field(default_factory=dict)
    models: Models = field(default_factory=Models)
    origin: Mapping[str, str] = field(default_factory=dict)
    force: bool = False

    @property
    def folder(self) -> Path:
        """Where the finished asset lies."""
        return self.workspace.asset_dir(self.shard, self.spec.name)

    @cached_property
    def input_digest(self) -> str:
        """Equal to the manifest's: the old result stands. Device and precision count where a model runs."""
        return input_digest(
            stage=self.spec.name,
            code_version=self.spec.code_version,
            settings=self.settings.digest_parts(self.spec.settings),
            weights=self.models.fingerprints,
            upstream={name: handle.manifest.content_digest for name, handle in self.inputs.items()}
            | dict(self.origin),
            device=self.models.device_type,
            dtype=self.settings.models.dtype if self.models.adapters else "float32",
        )

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What made the result: goes into the manifest and the metadata of every table."""
        return {
            "animeflow": metadata.version("animeflow"),
            "stage": self.spec.name,
            "code_version": self.spec.code_version,
            "settings_digest": digest(self.settings.digest_parts(self.spec.settings)),
            "settings": self.settings_digests,
            "upstream": {name: handle.manifest.content_digest for name, handle in sorted(self.inputs.items())}
            | dict(self.origin),
            "models": {
                name: _model(adapter, self.models.absent.get(name))
                for name, adapter in sorted(self.models.adapters.items())
            },
            "device": self.models.device_type,
        }

    @cached_property
    def settings_digests(self) -> dict[str, str]:
        """One digest per part of the settings that the stage reads, so that a change can be named."""
        parts = self.settings.digest_parts(self.spec.settings)
        return {path: digest(values)[:16] for path, values in sorted(parts.items())}

    def standing(self) -> Manifest | None:
        """The manifest of the last result where it stands; what an interrupted run left beside it is removed."""
        verdict = judge(self)
        if verdict.state != "done":
            return None
        sweep(self.folder)
        self.leftovers().discard()
        return verdict.manifest

    def leftovers(self) -> Staging:
        """The staging folder as an interrupted run may have left it."""
        folder = self.folder.parent / ".staging" / self.spec.name
        return Staging(self.spec.name, self.shard or "catalog", folder)


@dataclass(frozen=True)
class Video:
    """One video of the shard, as the work of a stage sees it."""

    id: str
    path: str
    source_frames: int | None
    stage: Stage
    staging: Staging

    def table(self, name: str, *, columns: list[str] | None = None) -> pa.Table:
        """The rows of this video in a table of one of the stage's inputs."""
        wanted = columns if columns is None or "video_id" in columns else [*columns, "video_id"]
        found = self.input_of(name).table(name, video_id=self.id, columns=wanted)
        found = found.filter(pc.field("video_id") == self.id)
        return found.select(columns) if columns else found

    @property
    def frames(self) -> StoredFrames | pa.Table:
        """`frame_signals` of this video; its thumbnails stay in their file."""
        return self.input_of("frame_signals").frames(self.id)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The same as dicts: for tables of clips and drawings, not of frames."""
        return self.table(name).to_pylist()

    def signal(self, name: str) -> npt.NDArray[Any]:
        """One numeric column of `frame_signals`, a value per frame in order."""
        table = self.table("frame_signals", columns=["frame", name]).sort_by("frame")
        return np.asarray(table[name].to_numpy(zero_copy_only=False))

    def input_of(self, table: str) -> Handle:
        """The input that holds a table."""
        for name, handle in self.stage.inputs.items():
            if table in STAGES[name].tables:
                return handle
        raise ContractError(f"{self.stage.spec.name} reads table {table!r}, which is in none of its inputs")

    @cached_property
    def probe(self) -> dict[str, Any]:
        """The row of `shard_files`."""
        rows = [
            row
            for row in self.input_of("shard_files").rows("shard_files")
            if row["video_id"] == self.id and row["usable"]
        ]
        return rows[0]

    @property
    def file(self) -> Path:
        """The source file."""
        return self.input_of("shard_files").media(self.probe["media_path"])

    @property
    def limits(self) -> DecodeLimits:
        """What the settings allow a decode of the source: the same in every stage."""
        from animeflow.shots.limits import decode_limits

        return decode_limits(self.stage.settings.shots.decode)

    @property
    def isolation(self) -> DecodeSettings:
        """The worker process of such a decode, and its limits."""
        return self.stage.settings.shots.decode

    def frames_done(self, frames: int) -> None:
        """Report that so many source frames of this video are done."""
        self.tick(frames, self.source_frames or 0)

    def tick(self, done: float, total: float, unit: str = "frames") -> None:
        """Report progress inside this video; raises Interrupted when a stop was requested."""
        self.stage.watch.tick(done, total, unit)


def _model(adapter: Adapter, absent: str | None) -> dict[str, Any]:
    made_by = adapter.provenance
    return {
        "task": made_by.task,
        "kind": made_by.kind,
        "fingerprint": made_by.fingerprint,
        "licence": made_by.licence,
        "weights": {} if absent else dict(made_by.weights),
        **({"absent": absent} if absent else {}),
    }
