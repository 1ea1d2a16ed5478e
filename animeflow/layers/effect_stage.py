"""The stage `effect_layers`: light and smoke over the plate, per drawing of a kept clip."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animeflow.layers.background import Background
from animeflow.layers.character import quantised
from animeflow.layers.character_stage import difference_of
from animeflow.layers.clip import Clip
from animeflow.layers.difference import Difference
from animeflow.layers.effects import Blend, Effect, added_light, light_mask, see_through_layer, supported
from animeflow.layers.pixels import F32, Mask, channel_max, dilate
from animeflow.layers.recompose import blended
from animeflow.layers.store import LayerWriter, Row, ShownDrawing, base_row
from animeflow.settings.layers import LayersSettings

# Smoke must leave this share of the squared difference that added light leaves: the simpler layer wins a tie.
SMOKE_GAIN = 0.7
SMOKE_ALPHA, SMOKE_AREA = 0.1, 0.01


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
    """The effect of every drawing, None without one. A clip whose plate needs no effect has none."""
    if not (settings.effects.enabled and background.has_plate and background.light):
        return [None] * clip.drawings
    masks, peaks = [], []
    for drawing in range(clip.drawings):
        difference = difference_of(clip, drawing, background, settings)
        hole = background.behind(drawing, clip.size).hole
        masks.append(light_mask(difference, alphas[drawing], hole, settings.effects))
        peaks.append(channel_max(cv2.GaussianBlur(difference.signed.astype(np.float32), (0, 0), 1)))
    steady = supported(masks, peaks, settings.effects)
    return [
        _best(difference_of(clip, d, background, settings), steady[d], alphas[d])
        for d in range(clip.drawings)
    ]


def _best(difference: Difference, mask: Mask, alpha: F32) -> Effect | None:
    light = added_light(difference, mask, alpha) if mask.any() else None
    smoke = _smoke(difference, alpha)
    if smoke is not None and (
        light is None or _left(difference, smoke, alpha) < SMOKE_GAIN * _left(difference, light, alpha)
    ):
        return smoke
    return light


def _smoke(difference: Difference, alpha: F32) -> Effect | None:
    """A see-through layer, where enough of the frame shows its background through it."""
    share, colour = see_through_layer(difference, alpha)
    mask = (share > SMOKE_ALPHA) & (alpha < 0.5) & dilate(difference.unlike, 9)
    if mask.mean() < SMOKE_AREA:
        return None
    shown = np.where(mask, share, 0).astype(np.float32)
    picture = np.dstack([np.rint(colour).astype(np.uint8), quantised(shown)])
    effect = Effect(picture, mask, Blend.OVER, float(shown[mask].mean()), float(shown.max()))
    plain = float((difference.signed[mask].astype(np.float32) ** 2).mean())
    return effect if _left(difference, effect, alpha, mask) < SMOKE_GAIN * plain else None


def _left(difference: Difference, effect: Effect, alpha: F32, where: Mask | None = None) -> float:
    """Mean squared difference that an effect leaves outside the character."""
    outside = alpha < 0.02 if where is None else where
    put = blended(difference.background.astype(np.float32), effect.picture, effect.blend)
    return float(((difference.frame - np.clip(put, 0, 255))[outside] ** 2).mean()) if outside.any() else 0.0


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
