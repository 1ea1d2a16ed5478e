"""The group `annotation`: labels that need no hub, embeddings, captions."""

from collections.abc import Mapping

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared
from animeflow.defs.resources.models import cpu_threads
from animeflow.defs.resources.stages import Stages
from animeflow.defs.stage import Video
from animeflow.tables.handle import Handle


@dg.asset(**declared("annotations"))
def annotations(
    context: dg.AssetExecutionContext,
    frame_signals: Handle,
    clips: Handle,
    kept_clips: Handle,
    drawings: Handle,
    motion: Handle,
    text: Handle,
    background_layers: Handle,
    smoothed_layers: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Label the kept clips by rules on measures and published layers."""
    from animeflow.annotation.labels import Stored, label_video
    from animeflow.annotation.published import PublishedLayers

    layers = (smoothed_layers, background_layers)
    stage = stages.open(context, frame_signals, clips, kept_clips, drawings, motion, text, *layers)

    def work(video: Video) -> Mapping[str, pa.Table]:
        names = ("kept_clips", "drawings", "motion", "text")
        stored = Stored(video.id, **{name: video.rows(name) for name in names}, signals=frame_signals)
        shown = PublishedLayers(*layers, video.id)
        threads = cpu_threads(stages.settings)
        return label_video(stored, shown, stages.settings.annotation.labels, threads=threads)

    return stages.per_video(stage, work)


@dg.asset(**declared("embeddings"))
def embeddings(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Embed every drawing of the kept clips, where a network is chosen."""
    from animeflow.annotation.embeddings import embed_video

    stage = stages.open(context, shard_files, kept_clips, drawings)

    def work(video: Video) -> Mapping[str, pa.Table]:
        return embed_video(
            video.file,
            clips=video.rows("kept_clips"),
            drawings=video.rows("drawings"),
            embedder=stage.models.maybe("embedder"),
            settings=stages.settings.annotation.embeddings,
            on_picture=lambda done, total: video.tick(done, total, "drawings"),
            limits=video.limits,
            isolation=video.isolation,
        )

    return stages.per_video(stage, work)


@dg.asset(**declared("captions"))
def captions(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Describe every kept clip, where a captioner is chosen."""
    from animeflow.annotation.captions import caption_video

    stage = stages.open(context, shard_files, kept_clips, drawings)

    def work(video: Video) -> Mapping[str, pa.Table]:
        return caption_video(
            video.file,
            clips=video.rows("kept_clips"),
            drawings=video.rows("drawings"),
            captioner=stage.models.maybe("captioner"),
            settings=stages.settings.annotation.captions,
            on_clip=lambda done, total: video.tick(done, total, "clips"),
            limits=video.limits,
            isolation=video.isolation,
        )

    return stages.per_video(stage, work)
