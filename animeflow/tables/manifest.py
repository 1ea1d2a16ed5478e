"""The manifest of an asset of a shard: what a reader believes. Without it the files beside it do not exist."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from animeflow.errors import ContractError, ManifestDamaged
from animeflow.tables.digests import canonical_json

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class FileRef:
    """A file by its path relative to the asset's folder, its size in bytes and its sha256."""

    path: str
    size: int
    sha256: str

    def columns(self) -> dict[str, str | int]:
        """The three columns by which a table's row names its file."""
        return {"media_path": self.path, "size_bytes": self.size, "sha256": self.sha256}


@dataclass(frozen=True)
class TableFile(FileRef):
    """A Parquet file of a table: `content` is the digest of its rows alone."""

    rows: int = 0
    content: str = ""


@dataclass(frozen=True)
class Manifest:
    """One materialisation of one asset of one shard."""

    asset: str
    shard: str
    input_digest: str
    content_digest: str
    tables: dict[str, list[TableFile]]
    media: list[FileRef]
    schema_versions: dict[str, int]
    counts: dict[str, int]
    transient_errors: int
    missing: list[dict[str, str]]
    provenance: dict[str, Any] = field(default_factory=dict)
    manifest_version: int = MANIFEST_VERSION
    freed: bool = False
    """The media were deleted once what they led to was published; the tables stay and are true."""

    @property
    def done(self) -> bool:
        """A manifest with a transient error never counts as done."""
        return self.transient_errors == 0

    def to_json(self) -> str:
        values = json.loads(canonical_json(asdict(self)))
        if not self.freed:
            del values["freed"]
        return json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest in an asset's folder, None when there is none.

        ManifestDamaged where it cannot be read, ContractError where a newer animeflow wrote it.
        """
        path = folder / MANIFEST
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            raw = json.loads(data)
            if (version := raw["manifest_version"]) > MANIFEST_VERSION:
                raise ContractError(f"manifest version {version} is newer than this animeflow", path=path)
            raw["tables"] = {
                name: [TableFile(**file) for file in files] for name, files in raw["tables"].items()
            }
            raw["media"] = [FileRef(**file) for file in raw["media"]]
            return cls(**raw)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ManifestDamaged(
                "the manifest is damaged", path=path, hint=f"run {folder.name} again"
            ) from error

    def files(self) -> list[FileRef]:
        """Every file that the manifest says is there, tables first."""
        tables: list[FileRef] = [file for files in self.tables.values() for file in files]
        return tables if self.freed else tables + self.media

    def verify(self, folder: Path) -> list[str]:
        """Recount from disk: one line per file that is missing or differs in size."""
        faults = []
        for file in self.files():
            path = folder / file.path
            if not path.is_file():
                faults.append(f"{file.path}: missing")
            elif path.stat().st_size != file.size:
                faults.append(f"{file.path}: {path.stat().st_size} bytes, manifest says {file.size}")
        return faults
