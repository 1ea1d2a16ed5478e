"""Writing the files of an export into the staging folder, with a row for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.delivery.clips import json_line
from animeflow.media.images import write_png
from animeflow.tables.staging import Staging


@dataclass
class ExportFiles:
    """The files of one export of one shard, all under data/<shard>/. `rows` are those of `dataset_export`."""

    export: str
    staging: Staging
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def shard(self) -> str:
        return self.staging.shard

    def link(self, name: str, source: Path, *, sha256: str, role: str, **ids: str) -> None:
        """Take a finished file over: as a hard link where that goes, else as a copy. Finished files never change."""
        target = self._path(name)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        self._note(name, target, role, ids, sha256=sha256)

    def write_bytes(self, name: str, data: bytes, *, role: str, **ids: str) -> None:
        """Write a file of known content."""
        target = self._path(name)
        target.write_bytes(data)
        self._note(name, target, role, ids)

    def write_png(self, name: str, picture: npt.NDArray[np.uint8], *, role: str, **ids: str) -> None:
        """Write a picture without loss."""
        target = self._path(name)
        write_png(target, picture)
        self._note(name, target, role, ids)

    def write_text(self, name: str, text: str, *, role: str = "metadata", **ids: str) -> None:
        """Write UTF-8 with plain line ends."""
        self.write_bytes(name, text.encode("utf-8"), role=role, **ids)

    def write_lines(
        self, name: str, lines: Iterable[Mapping[str, Any]], *, role: str = "metadata", **ids: str
    ) -> None:
        """Write a .jsonl file line by line."""
        target = self._path(name)
        with target.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json_line(line) for line in lines)
        self._note(name, target, role, ids)

    def _path(self, name: str) -> Path:
        return self.staging.path(f"{self.export}/{self._inside(name)}")

    def _inside(self, name: str) -> str:
        return f"data/{self.shard}/{name}"

    def _note(
        self, name: str, path: Path, role: str, ids: Mapping[str, str], sha256: str | None = None
    ) -> None:
        ref = self.staging.add(path, sha256=sha256)
        self.rows.append(
            {
                "export": self.export,
                "path": self._inside(name),
                "role": role,
                "media_path": ref.path,
                "size_bytes": ref.size,
                "sha256": ref.sha256,
                "video_id": ids.get("video_id"),
                "clip_id": ids.get("clip_id"),
            }
        )
