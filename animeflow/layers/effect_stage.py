"""The stage `effect_layers`: light and smoke over the plate, per drawing of a kept clip."""

from __future__ import annotations

from collections.abc import Sequence

from animeflow.layers.background import Background
from animeflow.layers.character_stage import difference_of
from animeflow.layers.clip import Clip
from animeflow.layers.effects import (
    Blend,
    Effect,
    bright_spots,
    choose_blend,
    follows_plate,
    light_layer,
    supported,
)
from animeflow.layers.fitness import Why
from animeflow.layers.pixels import F32, Mask
from animeflow.layers.smoke import smoke_layer
from animeflow.layers.store import LayerWriter, Row, ShownDrawing, base_row
from animeflow.settings.layers import LayersSettings


def effect_clip(
    clip: Clip,
    shown: Sequence[ShownDrawing],
    video_id: str,
    alphas: Sequence[F32],
    background: Background,
    writer: LayerWriter,
    settings: LayersSettings,
) -> list[Row]:
    """Rows of the table `effect_layers`, one per drawing. `alphas` float32 [h, w] are those of the characters."""
    effects = find_effects(clip, alphas, background, settings)
    return [_row(clip, d, effects[d], shown, video_id, writer) for d in range(clip.drawings)]


def find_effects(
    clip: Clip, alphas: Sequence[F32], background: Background, settings: LayersSettings
) -> list[Effect | None]:
    """The effect of every drawing, None without one. Without a plate there is nothing to see light against."""
    if not (settings.effects.enabled and background.has_plate):
        return [None] * clip.drawings
    if background.reason == Why.SMOKE:
        return [_smoke(clip, d, alphas[d], background, settings) for d in range(clip.drawings)]
    masks = light_masks(clip, alphas, background, settings)
    blend = _blend(clip, masks, background, settings)
    return [
        light_layer(difference_of(clip, d, background, settings), masks[d], alphas[d], blend)
        for d in range(clip.drawings)
    ]


def light_masks(
    clip: Clip, alphas: Sequence[F32], background: Background, settings: LayersSettings
) -> list[Mask]:
    """Where light was added, bool [h, w] per drawing: bright parts that a neighbouring drawing supports."""
    spots = [
        bright_spots(
            difference_of(clip, d, background, settings),
            alphas[d],
            background.behind(d, clip.size).hole,
            settings.effects,
        )
        for d in range(clip.drawings)
    ]
    return [supported(spots, d) for d in range(clip.drawings)]


def _blend(clip: Clip, masks: Sequence[Mask], background: Background, settings: LayersSettings) -> Blend:
    lit = [d for d, mask in enumerate(masks) if mask.any()]
    chosen = lit[:: max(1, len(lit) // 8)]
    found = [follows_plate(difference_of(clip, d, background, settings), masks[d]) for d in chosen]
    return choose_blend([evidence for evidence in found if evidence is not None])


def _smoke(
    clip: Clip, drawing: int, alpha: F32, background: Background, settings: LayersSettings
) -> Effect | None:
    hole = background.behind(drawing, clip.size).hole
    return smoke_layer(difference_of(clip, drawing, background, settings), alpha, hole)


def _row(
    clip: Clip,
    drawing: int,
    effect: Effect | None,
    shown: Sequence[ShownDrawing],
    video_id: str,
    writer: LayerWriter,
) -> Row:
    row = base_row(clip, drawing, video_id, shown)
    if effect is None:
        return {**row, "area": 0.0}
    return {
        **row,
        **writer.webp(f"{clip.drawing_ids[drawing]}_effect", effect.picture, "effect"),
        "blend": effect.blend.value,
        "intensity": effect.intensity,
        "peak": effect.peak,
        "area": float(effect.mask.mean()),
    }
