"""The group `delivery`: archives, exports, verified uploads."""

import dagster as dg

from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.runner import ShardResult
from animeflow.defs.stage import Stage
from animeflow.tables.handle import Handle
from animeflow.tables.staging import Staging


@dg.asset(**declared("image_archives"))
def image_archives(
    context: dg.AssetExecutionContext,
    frame_signals: Handle,
    key_frames: Handle,
    kept_clips: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Pack the key frames of kept clips into numbered WebP archives and reopen each."""
    from animeflow.delivery.image_archives import build_archives

    stage = stages.open(context, frame_signals, key_frames, kept_clips)

    def pack(_: Stage, staging: Staging) -> ShardResult:
        run = build_archives(
            signals=frame_signals,
            key_frames=key_frames,
            kept_clips=kept_clips,
            staging=staging,
            settings=stages.settings.delivery.archives,
        )
        return ShardResult(run.tables)

    return stages.per_shard(stage, pack)
