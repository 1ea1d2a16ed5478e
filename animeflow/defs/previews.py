"""Small previews for the UI: the first rows as a table, and where there are pictures a contact sheet (<= 64 KB)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from animeflow.tables.handle import Handle

ROWS, COLUMNS, TEXT = 8, 14, 80
HIDDEN = ("thumbnail", "sha256")


def preview(handle: Handle) -> dict[str, dg.MetadataValue]:
    """Metadata that answers at a glance what this stage did to this shard."""
    table = first_rows(handle)
    return {"preview": table} if table is not None else {}


def first_rows(handle: Handle) -> dg.MetadataValue | None:
    """The first rows of the asset's own table, None where it is empty."""
    filled = [file for file in handle.manifest.tables.get(handle.asset, []) if file.rows]
    if not filled:
        return None
    reader = pq.ParquetFile(handle.folder / filled[0].path)
    table = pa.Table.from_batches([next(reader.iter_batches(batch_size=ROWS))])
    names = [name for name in table.column_names if name not in HIDDEN][:COLUMNS]
    records = [
        dg.TableRecord({name: _cell(row[name]) for name in names}) for row in table.select(names).to_pylist()
    ]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in names]))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"
