"""What the stages of the group `layers` do with a video: the same for the assets and for `animeflow layers FILE`.

Each function takes an open stage and returns the work on one video of it; its inputs are the stage's handles.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pyarrow as pa

from animeflow.defs.memory import give_back
from animeflow.defs.resources.models import cpu_threads
from animeflow.defs.runner import VideoWork
from animeflow.defs.stage import Stage, Video
from animeflow.media.command import check_stop
from animeflow.tables.specs import TABLES

Rows = dict[str, list[dict[str, Any]]]
ClipWork = Callable[[Video, Any, Any, Any], Rows]


def segmentation(stage: Stage) -> VideoWork:
    """Seeds of every drawing."""
    from animeflow.layers.seeds import SeedNets
    from animeflow.layers.segmentation import segment_clip

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        nets = SeedNets(stage.models.get("segment").segment, stage.models.get("matte").matte)
        return {"segmentation": segment_clip(clip, shown, video.id, nets, writer, stage.settings.layers)}

    return partial(each_clip, stage, work)


def background_layers(stage: Stage) -> VideoWork:
    """Camera, plate, holes."""
    from animeflow.layers.background_stage import background_clip, stored_seeds

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        seeds = stored_seeds(stage.inputs["segmentation"], clip, video.id)
        fill = stage.models.get("inpaint").fill
        found = background_clip(clip, shown, video.id, seeds, writer, stage.settings.layers, fill)
        return {
            "background_layers": [found.clip],
            "background_pictures": found.pictures,
            "camera_motion": found.camera,
        }

    return partial(each_clip, stage, work)


def character_layers(stage: Stage) -> VideoWork:
    """Mattes and solved colour."""
    from animeflow.layers.background_stage import stored_background, stored_seeds
    from animeflow.layers.character_stage import character_clip

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        seeds = stored_seeds(stage.inputs["segmentation"], clip, video.id)
        background = stored_background(stage.inputs["background_layers"], clip, video.id)
        rows = character_clip(clip, shown, video.id, seeds, background, writer, stage.settings.layers)
        return {"character_layers": rows}

    return partial(each_clip, stage, work)


def effect_layers(stage: Stage) -> VideoWork:
    """Light and smoke."""
    from animeflow.layers.background_stage import stored_background
    from animeflow.layers.effect_stage import effect_clip
    from animeflow.layers.smoothing_stage import stored_alphas

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        background = stored_background(stage.inputs["background_layers"], clip, video.id)
        alphas = stored_alphas(stage.inputs["character_layers"], clip, video.id)
        rows = effect_clip(clip, shown, video.id, alphas, background, writer, stage.settings.layers)
        return {"effect_layers": rows}

    return partial(each_clip, stage, work)


def smoothed_layers(stage: Stage) -> VideoWork:
    """The layers that are published."""
    from animeflow.layers.background_stage import stored_background
    from animeflow.layers.smoothing_stage import smooth_clip, stored_characters, stored_effects

    def work(video: Video, clip: Any, shown: Any, writer: Any) -> Rows:
        shot = next(row["shot"] for row in video.rows("kept_clips") if row["clip_id"] == clip.clip_id)
        rows, summary = smooth_clip(
            clip,
            shown,
            video.id,
            shot,
            stored_characters(stage.inputs["character_layers"], clip, video.id),
            stored_effects(stage.inputs["effect_layers"], clip, video.id),
            stored_background(stage.inputs["background_layers"], clip, video.id),
            writer,
            stage.settings.layers,
        )
        return {"smoothed_layers": rows, "layer_clips": [summary]}

    return partial(each_clip, stage, work)


WORKS: dict[str, Callable[[Stage], VideoWork]] = {
    work.__name__: work
    for work in (segmentation, background_layers, character_layers, effect_layers, smoothed_layers)
}


def each_clip(stage: Stage, work: ClipWork, video: Video) -> Mapping[str, pa.Table]:
    """Run `work` on every kept clip of a video, as many at once as there are threads, and gather its rows by table.

    Clips know nothing of each other, and each begins with the same state of OpenCV's generator: the result does not
    depend on how many run at once.
    """
    from animeflow.layers.pixels import repeatable, seed_generator
    from animeflow.layers.store import LayerWriter, decoded_clip, shown_in
    from animeflow.media.decode.seeking import FrameTimes

    kept = [clip for clip in video.rows("kept_clips") if clip["keep"]]
    drawings = video.rows("drawings")
    times = FrameTimes.of_rows(drawings)
    limits, isolation, done = video.limits, video.isolation, itertools.count(1)

    def one(row: dict[str, Any]) -> Rows:
        check_stop()
        shown = shown_in(row, drawings)
        writer = LayerWriter(video.staging, row["clip_id"])
        seed_generator()
        clip = decoded_clip(
            video.file,
            row,
            shown,
            purpose=stage.spec.name,
            times=times,
            limits=limits,
            isolation=isolation,
        )
        found = work(video, clip, shown, writer)
        give_back()
        video.tick(next(done), len(kept), "clips")
        return found

    with repeatable(), ThreadPoolExecutor(max_workers=cpu_threads(stage.settings)) as pool:
        parts = list(pool.map(one, kept))
    return {
        name: TABLES[name].table(row for part in parts for row in part[name]) for name in stage.spec.tables
    }
