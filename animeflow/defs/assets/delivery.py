"""The group `delivery`: archives, exports, verified uploads."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import dagster as dg

from animeflow.defs import origins
from animeflow.defs.declare import declared
from animeflow.defs.resources.models import cpu_threads
from animeflow.defs.resources.stages import Stages
from animeflow.defs.runner import ShardResult, carried_statuses
from animeflow.defs.stage import Stage
from animeflow.defs.targets import target_of
from animeflow.tables.handle import Handle
from animeflow.tables.staging import Staging

if TYPE_CHECKING:
    from animeflow.delivery.publishing import Publisher, PublishRun

Publish = Callable[[Handle, Staging, "Publisher"], "PublishRun"]


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


@dg.asset(**declared("dataset_export"))
def dataset_export(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    frame_signals: Handle,
    clips: Handle,
    kept_clips: Handle,
    drawings: Handle,
    clip_videos: Handle,
    smoothed_layers: Handle,
    annotations: Handle,
    captions: Handle,
    transcripts: Handle,
    flash: Handle,
    statistics: Handle,
    text: Handle,
    quality: Handle,
    aesthetics: Handle,
    motion: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Write the export folders that the settings ask for."""
    from animeflow.delivery.dataset_export import build_exports

    clip = (shard_files, frame_signals, clips, kept_clips, drawings, clip_videos, smoothed_layers)
    said = (annotations, captions, transcripts, flash, statistics, text, quality, aesthetics, motion)
    stage = stages.open(context, *clip, *said)

    def export(stage: Stage, staging: Staging) -> ShardResult:
        settings = stages.settings
        run = build_exports(stage.inputs, staging, settings.delivery.exports, threads=cpu_threads(settings))
        # A video whose layers failed still has its clips exported.
        return ShardResult(run.tables, carried_statuses(stage, "kept_clips"), {"summary": dict(run.summary)})

    return stages.per_shard(stage, export)


@dg.asset(**declared("published_videos"))
def published_videos(
    context: dg.AssetExecutionContext, av1_videos: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Bring the encodes to their target and read them back; the manifest goes last."""
    from animeflow.delivery.publishing import publish_videos

    return _publish(context, av1_videos, stages, publish_videos)


@dg.asset(**declared("published_archives"))
def published_archives(
    context: dg.AssetExecutionContext, image_archives: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Bring the archives to their target and read them back; the manifest goes last."""
    from animeflow.delivery.publishing import publish_archives

    return _publish(context, image_archives, stages, publish_archives)


@dg.asset(**declared("published_dataset"))
def published_dataset(
    context: dg.AssetExecutionContext, dataset_export: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Bring the exports to their target and read them back; the manifest goes last."""
    from animeflow.delivery.publishing import publish_dataset

    return _publish(context, dataset_export, stages, publish_dataset)


def _publish(
    context: dg.AssetExecutionContext, source: Handle, stages: Stages, publish: Publish
) -> dg.MaterializeResult:
    from animeflow.delivery.publishing import Publisher
    from animeflow.hubs.open import open_hub

    name = context.asset_key.to_user_string()
    stage = stages.open(context, source, origin=origins.of_target(name, stages.settings))
    target = target_of(name, stages.settings)

    def upload(stage: Stage, staging: Staging) -> ShardResult:
        hub = open_hub(target.hub, workspace=stage.workspace.root)
        run = publish(source, staging, Publisher(hub, target.prefix, stages.settings.delivery.targets))
        return ShardResult(run.tables, metadata={"uploaded_bytes": run.uploaded_bytes})

    return stages.per_shard(stage, upload)
