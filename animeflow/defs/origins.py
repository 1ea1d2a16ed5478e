"""What goes into a stage beside its inputs, by digest: its unit, its target, the units or the shards there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from animeflow.defs.targets import TARGETS, target_of
from animeflow.settings.tree import Settings
from animeflow.tables.digests import digest
from animeflow.tables.stages import STAGES
from animeflow.tables.workspace import Workspace


def of_unit(unit_digest: str) -> dict[str, str]:
    """What `shard_files` is made from: the unit as the source has it."""
    return {"unit": unit_digest}


def of_target(stage: str, settings: Settings) -> dict[str, str]:
    """What of the target goes into a publishing stage (never the location itself); empty for other stages."""
    if stage not in TARGETS:
        return {}
    place = target_of(stage, settings)
    return {"target": digest(f"{place.hub.location}/{place.prefix}")}


def of_units(rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """What `source_catalog` is made from: its rows."""
    return {"units": digest(rows)}


def of_shards(workspace: Workspace) -> dict[str, str]:
    """What the other tables across shards are made from: per shard, the content of all that is finished there."""
    found = {}
    for shard in workspace.shards():
        manifests = {
            name: workspace.manifest(shard, name) for name, spec in STAGES.items() if spec.partitioned
        }
        found[shard] = digest(
            {name: one.content_digest for name, one in manifests.items() if one and one.done}
        )
    return found
