"""The stage `segmentation`: seed maps per drawing of a kept clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeflow.layers.clip import Clip
from animeflow.layers.instances import boxes_of
from animeflow.layers.pixels import components, resized
from animeflow.layers.seeds import SeedMaps, SeedNets, make_seeds
from animeflow.layers.store import LayerWriter, Row, ShownDrawing, base_row
from animeflow.settings.layers import LayersSettings

SEED = 0.5


def segment_clip(
    clip: Clip,
    shown: Sequence[ShownDrawing],
    video_id: str,
    nets: SeedNets,
    writer: LayerWriter,
    settings: LayersSettings,
) -> list[Row]:
    """Rows of the table `segmentation`, one per drawing."""
    seeds = make_seeds(clip, nets, settings.segmentation)
    return [_row(clip, d, seeds[d], shown, video_id, writer, settings) for d in range(clip.drawings)]


def _row(
    clip: Clip,
    drawing: int,
    maps: SeedMaps,
    shown: Sequence[ShownDrawing],
    video_id: str,
    writer: LayerWriter,
    settings: LayersSettings,
) -> Row:
    seed = resized(maps.seed, clip.size) > SEED
    count, labels, stats = components(seed)
    least = settings.character.min_instance_px * seed.size / (640 * 360)
    large = np.flatnonzero(stats[:, 4] >= least)
    parts = np.where(np.isin(labels, large[large > 0]), labels, 0) if count > 1 else np.zeros_like(labels)
    return {
        **base_row(clip, drawing, video_id, shown),
        **writer.webp(f"{clip.drawing_ids[drawing]}_seed", maps.maps),
        "asked": maps.asked,
        "refined": maps.cut,
        "coverage": float(seed.mean()),
        "agreement": maps.agreement,
        "instances": boxes_of(parts),
    }
