"""Declared tables: every column has a type, a description and a unit, and the declaration is enforced."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from animeflow.errors import ContractError

META_TABLE = b"animeflow.table"
META_VERSION = b"animeflow.schema_version"
META_PROVENANCE = b"animeflow.provenance"


@dataclass(frozen=True)
class Column:
    """One column. `null_reason` says when a null is honest; without it the column is never null."""

    name: str
    type: pa.DataType
    description: str
    unit: str | None = None
    null_reason: str | None = None
    null_on_embedded: bool = False  # may be null in every row on the `embedded` profile

    @property
    def nullable(self) -> bool:
        return self.null_reason is not None

    def field(self) -> pa.Field:
        meta = {"description": self.description}
        if self.unit:
            meta["unit"] = self.unit
        if self.null_reason:
            meta["null_reason"] = self.null_reason
        return pa.field(self.name, self.type, nullable=self.nullable, metadata=meta)


@dataclass(frozen=True)
class TableSpec:
    """A table: its name, version, what a row means, its key and its columns.

    Adding a nullable column is compatible; renaming or retyping one raises `version`.
    """

    name: str
    version: int
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ContractError(f"table {self.name}: a column is declared twice")
        if missing := set(self.key) - set(names):
            raise ContractError(f"table {self.name}: key columns not declared: {sorted(missing)}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def arrow_schema(self, provenance: Mapping[str, Any] | None = None) -> pa.Schema:
        """The pyarrow schema with units in field metadata and version and provenance in schema metadata."""
        meta = {META_TABLE: self.name.encode(), META_VERSION: str(self.version).encode()}
        if provenance is not None:
            meta[META_PROVENANCE] = json.dumps(provenance, sort_keys=True, ensure_ascii=False).encode()
        return pa.schema([column.field() for column in self.columns], metadata=meta)

    def table(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """A checked table from row dicts. A missing nullable value is null; unknown keys are an error."""
        rows = list(rows)
        known = set(self.names)
        for row in rows:
            if unknown := set(row) - known:
                raise ContractError(f"table {self.name}: undeclared columns {sorted(unknown)}")
        schema = self.arrow_schema()
        try:
            arrays = [pa.array([row.get(f.name) for row in rows], type=f.type) for f in schema]
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise ContractError(f"table {self.name}: {error}") from error
        table = pa.Table.from_arrays(arrays, schema=schema)
        self.check(table)
        return table

    def from_columns(self, columns: Mapping[str, Any]) -> pa.Table:
        """A checked table from whole columns (arrays, sequences): the fast way for per-frame tables."""
        if set(columns) != set(self.names):
            odd = sorted(set(columns) ^ set(self.names))
            raise ContractError(f"table {self.name}: columns missing or undeclared: {odd}")
        schema = self.arrow_schema()
        arrays = []
        for f in schema:
            value = columns[f.name]
            arrays.append(value if isinstance(value, pa.Array) else pa.array(value, type=f.type))
        table = pa.Table.from_arrays(arrays, schema=schema)
        self.check(table)
        return table

    def empty(self) -> pa.Table:
        return self.arrow_schema().empty_table()

    def check(self, table: pa.Table) -> None:
        """Raise ContractError unless the table has exactly the declared columns, types, nulls and a unique key."""
        if tuple(table.column_names) != self.names:
            raise ContractError(
                f"table {self.name}: columns {list(table.column_names)} differ from the declared {list(self.names)}"
            )
        for column in self.columns:
            field = table.schema.field(column.name)
            if field.type != column.type:
                raise ContractError(f"table {self.name}.{column.name}: {field.type}, declared {column.type}")
            if not column.nullable and table[column.name].null_count:
                raise ContractError(f"table {self.name}.{column.name}: null, but declared never null")
        self._check_key(table)

    def _check_key(self, table: pa.Table) -> None:
        if table.num_rows < 2:
            return
        keys = table.select(list(self.key))
        unique = keys.group_by(list(self.key)).aggregate([])
        if unique.num_rows != table.num_rows:
            raise ContractError(f"table {self.name}: the key {self.key} is not unique")


def registry(*groups: Sequence[TableSpec]) -> dict[str, TableSpec]:
    """All tables by name; a name used twice is an error."""
    specs: dict[str, TableSpec] = {}
    for group in groups:
        for spec in group:
            if spec.name in specs:
                raise ContractError(f"table {spec.name} is declared twice")
            specs[spec.name] = spec
    return specs
