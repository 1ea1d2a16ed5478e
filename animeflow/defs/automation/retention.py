"""The job `retention`: over all shards, delete what is published, verified, and let go by the settings."""

import dagster as dg

from animeflow.defs.retention import free_shard
from animeflow.errors import AnimeflowError
from animeflow.settings.tree import Settings
from animeflow.tables.workspace import Workspace


@dg.op(
    description="Deletes what delivery.retention lets go; a shard that is not ready keeps its files and says why."
)
def free_shards(
    context: dg.OpExecutionContext,
    settings: dg.ResourceParam[Settings],
    workspace: dg.ResourceParam[Workspace],
) -> None:
    """Each shard on its own: one that is being written or is not whole in its target does not stop the others."""
    for shard in workspace.shards():
        try:
            freed = free_shard(workspace, shard, settings, context.run_id)
        except AnimeflowError as error:
            context.log.warning("%s keeps its files: %s", shard, error)
            continue
        if freed.assets:
            context.log.info("%s: freed %d bytes of %s", shard, freed.bytes, ", ".join(freed.assets))


@dg.job(description="Deletes what delivery.retention lets go, of every shard that is published and verified.")
def retention() -> None:
    """No asset: it makes nothing."""
    free_shards()
