"""The group `measures`: what can be said of a clip. No threshold is here."""

from collections.abc import Mapping

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.stage import Video
from animeflow.models.optional import NO_KIND
from animeflow.tables.handle import Handle
from animeflow.tables.schemas.measures import NOT_READ, SWITCHED_OFF
from animeflow.tables.specs import TABLES


@dg.asset(**declared("flash"))
def flash(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    frame_signals: Handle,
    clips: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Count general and red flashes per second, on the stored thumbnails."""
    from animeflow.measures.flash import measure_flash

    settings = stages.settings.measures.flash

    def work(video: Video) -> Mapping[str, pa.Table]:
        table = measure_flash(
            video.frames,
            video.rows("clips"),
            settings,
            color_transfer=video.probe["color_transfer"],
            color_primaries=video.probe["color_primaries"],
        )
        return {"flash": table}

    return stages.per_video(stages.open(context, shard_files, frame_signals, clips), work)


@dg.asset(**declared("statistics"))
def statistics(
    context: dg.AssetExecutionContext,
    frame_signals: Handle,
    clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Summarise the stored signals per clip."""
    from animeflow.measures.statistics import measure_statistics

    settings = stages.settings.measures.statistics

    def work(video: Video) -> Mapping[str, pa.Table]:
        table = measure_statistics(video.frames, video.rows("clips"), video.rows("drawings"), settings)
        return {"statistics": table}

    return stages.per_video(stages.open(context, frame_signals, clips, drawings), work)


@dg.asset(**declared("text"))
def text(
    context: dg.AssetExecutionContext, text_boxes: Handle, clips: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Measure how much of the frame lies under recognised text."""
    from animeflow.measures.text import measure_text

    settings = stages.settings.measures.text
    # What `text_boxes` itself says it was made with: asked for no model, or for one that was not there.
    made_with = text_boxes.manifest.provenance.get("models", {}).get("text")
    unread = SWITCHED_OFF if made_with is None else NOT_READ if "absent" in made_with else None

    def work(video: Video) -> Mapping[str, pa.Table]:
        boxes = video.table("text_boxes")
        return {"text": measure_text(boxes, video.rows("clips"), settings, unread=unread)}

    return stages.per_video(stages.open(context, text_boxes, clips), work)


@dg.asset(**declared("quality"))
def quality(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Score technical and artistic quality, where a scorer is chosen."""
    return _scores(context, stages, "quality", shard_files, clips, drawings)


@dg.asset(**declared("aesthetics"))
def aesthetics(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Score aesthetics, where a scorer is chosen."""
    return _scores(context, stages, "aesthetics", shard_files, clips, drawings)


@dg.asset(**declared("motion"))
def motion(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    frame_signals: Handle,
    clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Measure optical flow between drawings."""
    from animeflow.measures.motion import measure_motion
    from animeflow.tables.frames import seconds

    stage = stages.open(context, shard_files, frame_signals, clips, drawings)
    settings = stages.settings.measures

    def work(video: Video) -> Mapping[str, pa.Table]:
        adapter = stage.models.get("flow")
        table = measure_motion(
            video.file,
            video.rows("clips"),
            video.rows("drawings"),
            seconds(video.table("frame_signals", columns=["frame", "pts", "time_base_num", "time_base_den"])),
            flow=adapter.flow,
            kind=adapter.kind,
            settings=settings.motion,
            sampling=settings.sampling,
            limits=video.limits,
            isolation=video.isolation,
        )
        return {"motion": table}

    return stages.per_video(stage, work)


def _scores(
    context: dg.AssetExecutionContext, stages: Stages, name: str, *inputs: Handle
) -> dg.MaterializeResult:
    from animeflow.measures.scores import NO_SCORER, scored, unscored
    from animeflow.media.decode.seeking import FrameTimes

    stage = stages.open(context, *inputs)
    sampling = stages.settings.measures.sampling
    frames = {"quality": sampling.quality_frames, "aesthetics": sampling.aesthetics_frames}[name]

    def work(video: Video) -> Mapping[str, pa.Table]:
        scorer, clips, spec = stage.models.maybe("scorer"), video.rows("clips"), TABLES[name]
        if scorer.model is None:
            reason = NO_SCORER if scorer.kind == NO_KIND else str(scorer.reason)
            return {name: unscored(clips, spec, reason=reason)}
        found = scored(
            video.file,
            clips,
            spec,
            scorer=scorer.model,
            column=name,
            frames=frames,
            times=FrameTimes.of_rows(video.rows("drawings")),
            limits=video.limits,
            isolation=video.isolation,
        )
        return {name: found}

    return stages.per_video(stage, work)
