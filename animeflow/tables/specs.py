"""Every declared table by name."""

from __future__ import annotations

from animeflow.tables.schema import TableSpec, registry
from animeflow.tables.schemas import (
    annotation,
    catalog,
    curation,
    delivery,
    layers,
    measures,
    media,
    shots,
    source,
    speech,
)
from animeflow.tables.status import STATUS

TABLES: dict[str, TableSpec] = registry(
    (STATUS,),
    source.TABLES,
    shots.TABLES,
    media.TABLES,
    measures.TABLES,
    curation.TABLES,
    layers.TABLES,
    annotation.TABLES,
    speech.TABLES,
    delivery.TABLES,
    catalog.TABLES,
)
