"""The group `layers`: every kept clip into character, effect and background."""

import dagster as dg

from animeflow.defs import layer_work
from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.tables.handle import Handle


@dg.asset(**declared("segmentation"))
def segmentation(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    kept_clips: Handle,
    drawings: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Two networks and GrabCut say roughly where the characters are; held frames share a drawing."""
    stage = stages.open(context, shard_files, kept_clips, drawings)
    return stages.per_video(stage, layer_work.segmentation(stage))


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
    stage = stages.open(context, shard_files, kept_clips, drawings, segmentation)
    return stages.per_video(stage, layer_work.background_layers(stage))


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
    stage = stages.open(context, shard_files, kept_clips, drawings, segmentation, background_layers)
    return stages.per_video(stage, layer_work.character_layers(stage))


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
    stage = stages.open(context, shard_files, kept_clips, drawings, background_layers, character_layers)
    return stages.per_video(stage, layer_work.effect_layers(stage))


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
    stage = stages.open(
        context, shard_files, kept_clips, drawings, background_layers, character_layers, effect_layers
    )
    return stages.per_video(stage, layer_work.smoothed_layers(stage))
