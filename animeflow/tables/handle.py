"""Lazy handles: what the IO manager hands to a stage instead of a whole table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from animeflow.errors import ContractError
from animeflow.tables import parquet
from animeflow.tables.frames import StoredFrames, stored_frames
from animeflow.tables.manifest import FileRef, Manifest, TableFile
from animeflow.tables.schema import TableSpec
from animeflow.tables.specs import TABLES
from animeflow.tables.status import STATUS, Status

UNREADABLE = (ContractError, OSError, pa.ArrowException, KeyError, TypeError)
"""What reading a file that another version, a kill or a full disk left behind can raise."""


@dataclass(frozen=True)
class Handle:
    """One finished asset of one shard. Nothing is read before it is asked for."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path) -> Handle:
        """The asset in `folder`; ContractError when it was never finished."""
        manifest = Manifest.read(folder)
        if manifest is None:
            raise ContractError(
                f"{folder.parent.name}/{folder.name} has no manifest: it was never finished",
                path=folder,
                hint=f"materialise {folder.name} first",
            )
        return cls(folder, manifest)

    @property
    def asset(self) -> str:
        return self.manifest.asset

    def table(
        self, name: str | None = None, *, video_id: str | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of a table (default: the one named like the asset), of one video or of the whole shard."""
        spec = TABLES[name or self.asset]
        files = self._files(spec, video_id)
        wanted = list(columns) if columns else None
        parts = [self._read(spec, file, wanted) for file in files]
        if parts:
            return pa.concat_tables(parts)
        empty = spec.empty()
        return empty.select(wanted) if wanted else empty

    def rows(self, name: str | None = None, *, video_id: str | None = None) -> list[dict[str, Any]]:
        """The same as row dicts: for tables of clips and drawings, not of frames."""
        return self.table(name, video_id=video_id).to_pylist()

    def frames(self, video_id: str) -> StoredFrames | pa.Table:
        """`frame_signals` of a video without loading it: columns when asked for, thumbnails by row group.

        A shard whose videos share a file gives the table.
        """
        spec = TABLES["frame_signals"]
        files = self._files(spec, video_id)
        if len(files) != 1 or Path(files[0].path).stem != video_id:
            found = self.table(spec.name, video_id=video_id)
            return found.filter(pc.field("video_id") == video_id)
        (file,) = files
        parquet.check_version(self.folder / file.path, spec=spec)
        return stored_frames(self.folder / file.path, lambda name: self._read(spec, file, [name])[name])

    def media(self, path: str) -> Path:
        """The absolute path of a media file that a table names; ContractError when the media were freed."""
        if self.manifest.freed:
            raise ContractError(
                f"the files of {self.folder.parent.name}/{self.asset} were deleted after publishing",
                path=self.folder / path,
                hint=f"make them again with animeflow run --select {self.asset}",
            )
        return self.folder / path

    def ref(self, path: str) -> FileRef:
        """The manifest's entry of a media file."""
        return self._refs[path]

    @cached_property
    def _refs(self) -> dict[str, FileRef]:
        return {file.path: file for file in self.manifest.media}

    @cached_property
    def statuses(self) -> list[Status]:
        """One status per file of the shard."""
        return [Status.of_row(row) for row in pq.read_table(self.folder / "status.parquet").to_pylist()]

    @cached_property
    def null_because(self) -> str | None:
        """The commonest reason why a row has no value, where no row has one; None where one has, or there are no rows.

        A table says so in a column `reason` that is null where there is a value: measures whose model is absent.
        """
        spec = TABLES[self.asset]
        if not any(column.name == "reason" and column.nullable for column in spec.columns):
            return None
        reasons = Counter(self.table(columns=["reason"])["reason"].to_pylist())
        return None if None in reasons or not reasons else str(reasons.most_common(1)[0][0])

    def ok_videos(self) -> set[str]:
        """Ids of the videos that this stage finished."""
        return {status.video_id for status in self.statuses if status.ok and status.video_id}

    def _files(self, spec: TableSpec, video_id: str | None) -> list[TableFile]:
        files = self.manifest.tables.get(spec.name, [])
        if video_id is None:
            return files
        return [file for file in files if Path(file.path).stem in (video_id, "all")]

    def _read(self, spec: TableSpec, file: TableFile, columns: list[str] | None) -> pa.Table:
        path = self.folder / file.path
        parquet.check_version(path, spec=spec)
        # ParquetFile, not read_table: the latter would infer partition columns from folder names with "=".
        table = pq.ParquetFile(path).read(columns=columns)
        for column in spec.columns:  # a column added since the file was written reads as null
            if column.name not in table.column_names and (columns is None or column.name in columns):
                table = table.append_column(column.field(), pa.nulls(table.num_rows, column.type))
        return table.select(columns or list(spec.names)).replace_schema_metadata(None)


STATUS_FILE = "status.parquet"
__all__ = ["STATUS", "STATUS_FILE", "Handle"]
