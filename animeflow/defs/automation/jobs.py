"""Jobs: the graph cut where a curator wants to stop and look."""

from __future__ import annotations

import dagster as dg

from animeflow.tables.stages import STAGES

JOBS: dict[str, str] = {
    "ingest": "From the unit to shots, drawings, clips, encodes and key frames.",
    "curate": "Measures, decisions, and the kept clips as files.",
    "layers": "Layers, annotations and speech of the kept clips.",
    "publish": "Archives, exports and verified uploads.",
}
EVERYTHING, CATALOG = "everything", "catalog"


def stages_of(job: str) -> list[str]:
    """Names of the assets that a job materialises."""
    if job == EVERYTHING:
        return [stage.name for stage in STAGES.values() if stage.partitioned]
    return [stage.name for stage in STAGES.values() if stage.job == job]


def jobs() -> list[dg.UnresolvedAssetJobDefinition]:
    """One job per part of the graph, one for all of a shard, one across shards."""
    parts = [_job(name, text) for name, text in JOBS.items()]
    everything = _job(EVERYTHING, "Every stage of a shard, from the unit to what is published.")
    return [*parts, everything, _job(CATALOG, "Tables across all shards, from their manifests.")]


def _job(name: str, description: str) -> dg.UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*stages_of(name)),
        description=description,
    )
