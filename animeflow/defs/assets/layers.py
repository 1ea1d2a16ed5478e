"""The group `layers`: every kept clip into character, effect and background."""

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared
from animeflow.defs.resources.models import cpu_threads
from animeflow.defs.resources.stages import Stages
from animeflow.defs.stage import Video
from animeflow.media.command import check_stop
from animeflow.tables.handle import Handle
from animeflow.tables.specs import TABLES

Rows = dict[str, list[dict[str, Any]]]


@dg.asset(**declared("segmentation"))
def segmentation(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Two networks and GrabCut say roughly where the characters are; held frames share a drawing."""
    from animeflow.layers.seeds import SeedNets
    from animeflow.layers.segmentation import segment_clip

    stage = stages.open(context, shard_files, kept_clips, drawings)
    settings = stages.settings.layers

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        nets = SeedNets(stage.models.get("segment").segment, stage.models.get("matte").matte)
        return {"segmentation": segment_clip(clip, shown, video.id, nets, writer, settings)}

    return stages.per_video(stage, partial(_each_clip, work, ("segmentation",)))


@dg.asset(**declared("background_layers"))
def background_layers(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    segmentation: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Register the drawings of a clip to one canvas, and take from them the plate that was painted once."""
    from animeflow.layers.background_stage import background_clip, stored_seeds

    stage = stages.open(context, shard_files, kept_clips, drawings, segmentation)
    settings = stages.settings.layers

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        seeds = stored_seeds(segmentation, clip, video.id)
        fill = stage.models.get("inpaint").fill
        found = background_clip(clip, shown, video.id, seeds, writer, settings, fill)
        return {
            "background_layers": [found.clip],
            "background_pictures": found.pictures,
            "camera_motion": found.camera,
        }

    names = ("background_layers", "background_pictures", "camera_motion")
    return stages.per_video(stage, partial(_each_clip, work, names))


@dg.asset(**declared("character_layers"))
def character_layers(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    segmentation: Handle,
    background_layers: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """What differs from the plate and belongs to a seed is character; its colour is solved from the frame."""
    from animeflow.layers.background_stage import stored_background, stored_seeds
    from animeflow.layers.character_stage import character_clip

    stage = stages.open(context, shard_files, kept_clips, drawings, segmentation, background_layers)
    settings = stages.settings.layers

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        seeds = stored_seeds(segmentation, clip, video.id)
        background = stored_background(background_layers, clip, video.id)
        return {
            "character_layers": character_clip(clip, shown, video.id, seeds, background, writer, settings)
        }

    return stages.per_video(stage, partial(_each_clip, work, ("character_layers",)))


@dg.asset(**declared("effect_layers"))
def effect_layers(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    background_layers: Handle,
    character_layers: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Light that was added to the plate, and smoke that it shows through."""
    from animeflow.layers.background_stage import stored_background
    from animeflow.layers.effect_stage import effect_clip
    from animeflow.layers.smoothing_stage import stored_alphas

    stage = stages.open(context, shard_files, kept_clips, drawings, background_layers, character_layers)
    settings = stages.settings.layers

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        background = stored_background(background_layers, clip, video.id)
        alphas = stored_alphas(character_layers, clip, video.id)
        return {"effect_layers": effect_clip(clip, shown, video.id, alphas, background, writer, settings)}

    return stages.per_video(stage, partial(_each_clip, work, ("effect_layers",)))


@dg.asset(**declared("smoothed_layers"))
def smoothed_layers(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    background_layers: Handle,
    character_layers: Handle,
    effect_layers: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """The published layers: alpha steady over time, colour solved again, instances settled, recomposition measured."""
    from animeflow.layers.background_stage import stored_background
    from animeflow.layers.smoothing_stage import smooth_clip, stored_characters, stored_effects

    inputs = (shard_files, kept_clips, drawings, background_layers, character_layers, effect_layers)
    stage = stages.open(context, *inputs)
    settings = stages.settings.layers

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        shot = next(row["shot"] for row in video.rows("kept_clips") if row["clip_id"] == clip.clip_id)
        rows, summary = smooth_clip(
            clip,
            shown,
            video.id,
            shot,
            stored_characters(character_layers, clip, video.id),
            stored_effects(effect_layers, clip, video.id),
            stored_background(background_layers, clip, video.id),
            writer,
            settings,
        )
        return {"smoothed_layers": rows, "layer_clips": [summary]}

    return stages.per_video(stage, partial(_each_clip, work, ("smoothed_layers", "layer_clips")))


def _each_clip(
    work: Callable[[Video, Any, Any, Any], Rows], names: tuple[str, ...], video: Video
) -> Mapping[str, pa.Table]:
    """Run `work` on every kept clip of a video, as many at once as there are threads, and gather its rows by table.

    Clips know nothing of each other, and each begins with the same state of OpenCV's generator: the result does not
    depend on how many run at once.
    """
    from animeflow.layers.pixels import repeatable, seed_generator
    from animeflow.layers.store import LayerWriter, opened_clip, shown_in

    kept = [clip for clip in video.rows("kept_clips") if clip["keep"]]
    drawings = video.rows("drawings")
    done = itertools.count(1)

    def one(row: dict[str, Any]) -> Rows:
        check_stop()
        shown = shown_in(row, drawings)
        writer = LayerWriter(video.staging, row["clip_id"])
        seed_generator()
        with opened_clip(video.file, row, shown, purpose=video.stage.spec.name) as clip:
            found = work(video, clip, shown, writer)
        video.tick(next(done), len(kept), "clips")
        return found

    with repeatable(), ThreadPoolExecutor(max_workers=cpu_threads(video.stage.settings)) as pool:
        parts = list(pool.map(one, kept))
    return {name: TABLES[name].table(row for part in parts for row in part[name]) for name in names}
