"""From the table of stages to what Dagster's decorators want: one declaration, read by both."""

from __future__ import annotations

from typing import Any

import dagster as dg

from animeflow.defs.partitions import SHARDS
from animeflow.tables.stages import STAGES, StageSpec

OWNERS = ("team:animeflow",)
FAILED_VIDEOS = "videos_failed"
RETRY = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def declared(name: str) -> dict[str, Any]:
    """Keyword arguments of `@dg.asset` for a stage of tables/stages.py."""
    spec = STAGES[name]
    return {
        "name": spec.name,
        "group_name": spec.group,
        "description": spec.description,
        "kinds": set(spec.kinds),
        "owners": list(OWNERS),
        "code_version": spec.code_version,
        "pool": spec.pool,
        "op_tags": op_tags(spec),
        "retry_policy": RETRY if spec.retry else None,
        "partitions_def": SHARDS if spec.partitioned else None,
        "check_specs": [failed_videos(spec)] if spec.partitioned else None,
        "io_manager_key": "io_manager",
        "dagster_type": dg.Any,
        **({} if spec.partitioned or not spec.inputs else {"deps": list(spec.inputs)}),
    }


def declared_out(name: str) -> dg.AssetOut:
    """One output of a `@dg.multi_asset(can_subset=True)`."""
    spec = STAGES[name]
    return dg.AssetOut(
        key=spec.name,
        group_name=spec.group,
        description=spec.description,
        kinds=set(spec.kinds),
        owners=list(OWNERS),
        code_version=spec.code_version,
        io_manager_key="io_manager",
        dagster_type=dg.Any,
        is_required=False,
    )


def failed_videos(spec: StageSpec) -> dg.AssetCheckSpec:
    """The standing check of every asset that works per video: it warns, and counts."""
    return dg.AssetCheckSpec(
        FAILED_VIDEOS,
        asset=spec.name,
        description="No video of the shard failed in this stage (a failure is a WARN).",
    )


def op_tags(spec: StageSpec) -> dict[str, str]:
    """Priority inside a run, and the queue of a cluster."""
    # Steps that are ready together run in the order of the table, which is the order in which a person reads them.
    place = len(STAGES) - list(STAGES).index(spec.name)
    tags = {"dagster/priority": str(100 * spec.priority + place)}
    if spec.pool == "gpu":
        tags["dagster-celery/queue"] = "gpu"
    return tags
