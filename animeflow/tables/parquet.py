"""Parquet files with a checked schema: the same rows give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from animeflow.errors import ContractError
from animeflow.tables.schema import META_PROVENANCE, META_TABLE, META_VERSION, TableSpec

ROW_GROUP = 1024  # rows; one group of thumbnails is 4 MB


def _writer(sink: Any, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(sink, schema, compression="zstd", write_statistics=True, version="2.6")


def write(table: pa.Table, path: Path, *, spec: TableSpec, provenance: Mapping[str, Any]) -> None:
    """Write a table that matches its declaration; the provenance goes into the schema metadata."""
    spec.check(table)
    schema = spec.arrow_schema(provenance)
    with _writer(str(path), schema) as writer:
        writer.write_table(table.cast(schema), row_group_size=ROW_GROUP)


def content_sha256(table: pa.Table, *, spec: TableSpec) -> str:
    """Digest of the rows alone: equal rows give equal digests whatever settings produced them."""
    digest = _Digest()
    with _writer(digest, spec.arrow_schema()) as writer:
        writer.write_table(table.cast(spec.arrow_schema()), row_group_size=ROW_GROUP)
    return digest.hexdigest()


class RowWriter:
    """Writes a table as its rows come, one row group in memory; a context manager.

    The bytes and the digest are those of `write` and `content_sha256` on the whole table. Rows come in ascending order
    of their key, which proves it unique without the table.
    """

    def __init__(self, path: Path, *, spec: TableSpec, provenance: Mapping[str, Any]) -> None:
        self.rows = 0
        self._spec, self._digest = spec, _Digest()
        self._waiting = spec.empty()
        self._last_key: tuple[Any, ...] | None = None
        self._outputs: list[tuple[pq.ParquetWriter, pa.Schema]] = []
        with ExitStack() as opening:
            for sink, schema in (
                (str(path), spec.arrow_schema(provenance)),
                (self._digest, spec.arrow_schema()),
            ):
                self._outputs.append((opening.enter_context(_writer(sink, schema)), schema))
            self._closing = opening.pop_all()

    def write(self, rows: pa.Table) -> None:
        """The next rows, checked against the declaration. Raises ContractError."""
        self._spec.check(rows)
        self._check_order(rows)
        self.rows += rows.num_rows
        waiting = pa.concat_tables([self._waiting, rows.cast(self._spec.arrow_schema())])
        whole = waiting.num_rows - waiting.num_rows % ROW_GROUP
        for start in range(0, whole, ROW_GROUP):
            self._put(waiting.slice(start, ROW_GROUP))
        self._waiting = waiting.slice(whole)

    def close(self) -> str:
        """Write what waits and end the file; the digest of the rows."""
        if self._waiting.num_rows or not self.rows:
            self._put(self._waiting)
        self._closing.close()
        return self._digest.hexdigest()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        self._closing.close()

    def _put(self, group: pa.Table) -> None:
        # One chunk each: the pages of a column follow its chunks.
        group = group.combine_chunks()
        for writer, schema in self._outputs:
            writer.write_table(group.cast(schema), row_group_size=ROW_GROUP)

    def _check_order(self, rows: pa.Table) -> None:
        keys = [tuple(row.values()) for row in rows.select(list(self._spec.key)).to_pylist()]
        before = self._last_key
        for key in keys:
            if before is not None and key <= before:
                raise ContractError(f"table {self._spec.name}: row {key} comes after {before}")
            before = key
        self._last_key = before


class _Digest(io.RawIOBase):
    """A file that only its sha256 is kept of."""

    def __init__(self) -> None:
        super().__init__()
        self._sha256, self._size = hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._sha256.update(view)
        self._size += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self._size

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


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
