"""The stage `character_layers`: the matte and straight colour of every drawing of a kept clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeflow.layers.background import Background
from animeflow.layers.character import Seed, character_mask, projected_alpha, rgba, solved_colour
from animeflow.layers.clip import Clip
from animeflow.layers.difference import Difference, noise_level
from animeflow.layers.pixels import F32, resized
from animeflow.layers.seeds import SeedMaps, grabcut_seed
from animeflow.layers.store import LayerWriter, Row, ShownDrawing, base_row
from animeflow.settings.layers import LayersSettings, SegmentationSettings


def character_clip(
    clip: Clip,
    shown: Sequence[ShownDrawing],
    video_id: str,
    seeds: Sequence[SeedMaps],
    background: Background,
    writer: LayerWriter,
    settings: LayersSettings,
) -> list[Row]:
    """Rows of the table `character_layers`, one per drawing."""
    rows = []
    for drawing in range(clip.drawings):
        alpha = matte(clip, drawing, seeds[drawing], background, settings)
        picture, view = clip.picture(drawing), background.behind(drawing, clip.size)
        layer = rgba(solved_colour(picture, view.picture, alpha), alpha)
        rows.append(
            {
                **base_row(clip, drawing, video_id, shown),
                **writer.webp(f"{clip.drawing_ids[drawing]}_char", layer),
                "coverage": float(layer[..., 3].mean() / 255),
            }
        )
    return rows


def matte(clip: Clip, drawing: int, maps: SeedMaps, background: Background, settings: LayersSettings) -> F32:
    """Alpha of the characters of a drawing, float32 [h, w] 0-1."""
    seed = Seed(resized(maps.seed, clip.size), resized(maps.mean, clip.size))
    view = background.behind(drawing, clip.size)
    difference = difference_of(clip, drawing, background, settings)
    if not background.has_plate:
        # Nothing to compare with: the background is a guess around the seed, so the seed is the mask, cut out anew.
        mask = resized(own_seed(clip, drawing, maps, settings.segmentation), clip.size) > 0.5
        return projected_alpha(difference, mask, view.hole & mask)
    mask = character_mask(difference, seed, view.hole, light=background.light)
    return projected_alpha(difference, mask, view.hole)


def own_seed(clip: Clip, drawing: int, maps: SeedMaps, settings: SegmentationSettings) -> F32:
    """GrabCut of this very drawing, float32 0-1 at working size: the maps were carried from another and are blurred."""
    height, width = maps.maps.shape[:2]
    picture = resized(clip.picture(drawing), (width, height))
    both = np.dstack([maps.segment, maps.matte])
    return grabcut_seed(picture, both, iterations=settings.grabcut_iterations)[0]


def difference_of(clip: Clip, drawing: int, background: Background, settings: LayersSettings) -> Difference:
    """A drawing against what lies behind it."""
    noise = noise_level(settings.character.tolerance, background.sigma)
    view = background.behind(drawing, clip.size)
    return Difference(clip.picture(drawing), view.picture, noise, view.slope)
