"""The group `catalog`: tables across shards, from their manifests; nothing is loaded through the IO manager."""

import dagster as dg

from animeflow.defs import origins
from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.runner import ShardResult
from animeflow.defs.stage import Stage
from animeflow.tables.staging import Staging
from animeflow.tables.status import Reason, State, Status


@dg.asset(**declared("source_catalog"))
def source_catalog(
    context: dg.AssetExecutionContext, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """List the units of the source and say which are complete, by which rule."""
    from animeflow.catalog.source_catalog import source_catalog as to_table

    rows = stages.catalog_rows()
    stage = stages.open(context, origin=origins.of_units(rows))
    return stages.per_shard(stage, lambda *_: ShardResult({"source_catalog": to_table(rows)}))


@dg.asset(**declared("dataset_index"))
def dataset_index(
    context: dg.AssetExecutionContext, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Gather the clips of all shards with their measures, decisions and provenance."""
    from animeflow.catalog.dataset_index import build_index

    stage = stages.open(context, origin=origins.of_shards(stages.workspace))

    def gather(stage: Stage, staging: Staging) -> ShardResult:
        run = build_index(stage.workspace, staging, provenance=stage.provenance)
        statuses = [shard_status(shard, run.missing.get(shard, ())) for shard in stage.workspace.shards()]
        counts = {
            "clips": sum(run.clips.values()),
            "shards": len(run.clips),
            "videos_in_several_shards": len(run.repeated),
        }
        return ShardResult(statuses=statuses, metadata=counts)

    return stages.per_shard(stage, gather)


@dg.asset(**declared("calibration_report"))
def calibration_report(
    context: dg.AssetExecutionContext, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Quantiles of every measure over all clips, and what each threshold would keep."""
    from animeflow.catalog.calibration_report import calibrate

    stage = stages.open(context, origin=origins.of_shards(stages.workspace))
    settings = stages.settings
    return stages.per_shard(
        stage,
        lambda stage, _: ShardResult(
            calibrate(stage.workspace, settings.catalog.calibration, settings.curation)
        ),
    )


@dg.asset(**declared("character_identities"))
def character_identities(
    context: dg.AssetExecutionContext, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Find the same character in several clips by the embeddings of its drawings."""
    from animeflow.catalog.character_identities import identify_characters

    stage = stages.open(context, origin=origins.of_shards(stages.workspace))
    identities = stages.settings.catalog.identities
    return stages.per_shard(
        stage,
        lambda stage, _: ShardResult(
            {"character_identities": identify_characters(stage.workspace, identities)}
        ),
    )


def shard_status(shard: str, missing: tuple[str, ...]) -> Status:
    """The row of a shard: what is not finished there is named, and not lost."""
    if not missing:
        return Status(shard, None)
    return Status(shard, None, State.SKIPPED, Reason.UPSTREAM, message=f"not finished: {', '.join(missing)}")
