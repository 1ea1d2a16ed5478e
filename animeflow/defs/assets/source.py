"""The group `source`: the files of a shard."""

import dagster as dg

from animeflow.defs import origins
from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.runner import ShardResult
from animeflow.defs.stage import Stage
from animeflow.tables.staging import Staging


@dg.asset(**declared("shard_files"))
def shard_files(context: dg.AssetExecutionContext, stages: dg.ResourceParam[Stages]) -> dg.MaterializeResult:
    """Fetch and unpack the unit, hash and probe its files, store the usable ones by id."""
    from animeflow.media.ffmpeg import proved_ffmpeg
    from animeflow.source.remarks import not_restored
    from animeflow.source.shard import probe_within, scan_counts, supervised_scan, take_unit

    hub, unit = stages.unit(context)
    stage = stages.open(context, origin=origins.of_unit(unit.digest))
    decode = stages.settings.shots.decode
    limits = {"max_pixels": decode.max_pixels, "max_frames": decode.max_frames}

    def take(stage: Stage, staging: Staging) -> ShardResult:
        ffmpeg = proved_ffmpeg(
            stages.settings.run.ffmpeg
        )  # a wrong one is our error here, outside it Dagster's
        taken = take_unit(
            unit,
            hub,
            staging,
            stages.settings.source,
            on_file=stage.watch.file,
            prober=probe_within(stages.settings, ffmpeg=ffmpeg),
            scanner=supervised_scan(stages.settings.source, **limits),
            ffmpeg=ffmpeg,
        )
        rows = taken.table.to_pylist()
        seen = {f"scan_{kind}": number for kind, number in scan_counts(rows).items()}
        seen["not_restored"] = len(not_restored(rows))
        return ShardResult({"shard_files": taken.table}, taken.statuses, seen)

    return stages.per_shard(stage, take)
