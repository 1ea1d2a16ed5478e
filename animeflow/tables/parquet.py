"""Parquet files with a checked schema: the same rows give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from animeflow.errors import ContractError
from animeflow.tables.schema import META_PROVENANCE, META_TABLE, META_VERSION, TableSpec

ROW_GROUP = 1024  # rows; one group of thumbnails is 4 MB


def _options() -> dict[str, Any]:
    return {"compression": "zstd", "row_group_size": ROW_GROUP, "write_statistics": True, "version": "2.6"}


def write(table: pa.Table, path: Path, *, spec: TableSpec, provenance: Mapping[str, Any]) -> None:
    """Write a table that matches its declaration; the provenance goes into the schema metadata."""
    spec.check(table)
    pq.write_table(table.cast(spec.arrow_schema(provenance)), path, **_options())


def content_sha256(table: pa.Table, *, spec: TableSpec) -> str:
    """Digest of the rows alone: equal rows give equal digests whatever settings produced them."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.cast(spec.arrow_schema()), sink, **_options())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def read_provenance(path: Path) -> dict[str, Any]:
    """The provenance that `write` stored."""
    meta = pq.read_schema(path).metadata or {}
    return json.loads(meta.get(META_PROVENANCE, b"{}"))


def check_version(path: Path, *, spec: TableSpec) -> None:
    """Raise ContractError when a file is of another table or of a newer schema version."""
    meta = pq.read_schema(path).metadata or {}
    name, version = meta.get(META_TABLE, b"").decode(), int(meta.get(META_VERSION, b"0"))
    if name != spec.name:
        raise ContractError(f"{path.name} is table {name!r}, expected {spec.name!r}", path=path)
    if version > spec.version:
        raise ContractError(
            f"table {name} has schema version {version}, this animeflow reads up to {spec.version}",
            path=path,
            hint="upgrade animeflow",
        )
