"""The units of the source and whether they may be worked on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from animeflow.tables.specs import TABLES


def source_catalog(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The table of the units, sorted by shard. Rows come from `source.completeness.catalog_row`."""
    return TABLES["source_catalog"].table(sorted(rows, key=lambda row: str(row["shard"])))
