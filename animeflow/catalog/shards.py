"""The finished assets of every shard, opened lazily."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from animeflow.tables.handle import Handle
from animeflow.tables.stages import STAGES
from animeflow.tables.workspace import Workspace

PARTITIONED = tuple(stage.name for stage in STAGES.values() if stage.partitioned)


@dataclass(frozen=True)
class Shard:
    """A shard with the assets that are finished and the names of those that are not."""

    key: str
    assets: Mapping[str, Handle]
    missing: tuple[str, ...]


def finished(workspace: Workspace) -> Iterator[Shard]:
    """Every shard of a workspace in order of its key. A manifest with a transient error counts as not finished."""
    for key in workspace.shards():
        found = {}
        for name in PARTITIONED:
            manifest = workspace.manifest(key, name)
            if manifest is not None and manifest.done:
                found[name] = Handle(workspace.asset_dir(key, name), manifest)
        yield Shard(key, found, tuple(name for name in PARTITIONED if name not in found))
