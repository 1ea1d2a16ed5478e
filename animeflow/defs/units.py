"""The units of the source, as assets, the sensor and the command line see them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from animeflow.hubs.base import HubBackend
from animeflow.hubs.open import open_source
from animeflow.settings.tree import Settings
from animeflow.source.completeness import catalog_row, completeness
from animeflow.source.units import Unit, find_unit, list_units
from animeflow.tables.workspace import Workspace


@dataclass(frozen=True)
class Source:
    """An open source repository and its units."""

    hub: HubBackend
    units: tuple[Unit, ...]

    def unit(self, shard: str) -> Unit:
        """The unit of a partition; InputError when the source has it no more."""
        return find_unit(self.units, shard)


def open_units(settings: Settings, workspace: Workspace) -> Source:
    """List the source that the settings name. Raises InputError where there is nothing, HubUnavailable."""
    hub = open_source(settings.source.hub, workspace=workspace.root)
    return Source(hub, tuple(list_units(hub, settings.source)))


def catalog_rows(settings: Settings, workspace: Workspace) -> list[dict[str, object]]:
    """Every unit with whether it may be worked on now, sorted by shard."""
    source, now = open_units(settings, workspace), time.time()
    rows = [
        catalog_row(unit, completeness(unit, source.hub, settings.source, now=now)) for unit in source.units
    ]
    return sorted(rows, key=lambda row: str(row["shard"]))
