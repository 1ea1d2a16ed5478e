"""The six pictures of a clip as sprites: frame, mask, character, effect, background, recomposition."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from animeflow.layers.effects import Blend
from animeflow.layers.recompose import recompose
from animeflow.report.pictures import Budget, evenly, fit, sprite, webp_uri
from animeflow.report.shard import Row, ShardData
from animeflow.report.text import decibel, percent

U8 = npt.NDArray[np.uint8]
Tiles = dict[str, Image.Image | None]
"""By painter: a drawing's picture of that layer, scaled for the page; None where it has none."""

WIDTH = 300  # px of a drawing on the page
COLUMNS = 6
QUALITIES = (58, 42)
SCRATCHED = (226, 92, 60)  # the strokes over filled background
# One colour per instance, apart in hue and light for eyes that see few hues.
INSTANCES = np.array(
    [[255, 255, 255], [255, 255, 255], [104, 178, 255], [255, 176, 72], [120, 214, 156], [222, 150, 230],
     [250, 226, 110]],
    np.uint8,
)  # fmt: skip


@dataclass(frozen=True)
class Pane:
    """One layer of a clip: a sprite of `columns` x `rows` drawings, or a note why there is none."""

    name: str
    figure: str
    uri: str | None
    note: str
    columns: int
    rows: int
    aspect: str
    black: bool = False


@dataclass(frozen=True)
class Layers:
    """The published pictures of one drawing, and its frame of the source where it can be had."""

    frame: U8 | None
    character: U8
    background: U8
    hole: U8
    instances: U8
    effect: U8 | None
    blend: Blend | None


def draw_panes(
    data: ShardData, rows: Sequence[Row], frames: Sequence[U8 | None], budget: Budget
) -> tuple[list[int], list[Pane]]:
    """The panes of a clip and the indices of the drawings on them: fewer where the budget is small."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # reading, scaling and encoding release the lock
        painted = list(pool.map(partial(_tiles, data), rows, frames))
        there = [i for i, tiles in enumerate(painted) if tiles is not None]
        drawings = [tiles for tiles in painted if tiles is not None]
        if not drawings:
            return [0], [_empty("layers", "the pictures cannot be read")]
        keep = list(range(len(drawings)))
        for quality in (*QUALITIES, QUALITIES[-1], QUALITIES[-1]):
            shown = [(rows[there[i]], drawings[i]) for i in keep]
            panes = list(pool.map(partial(_pane, shown, quality), PAINTERS))
            size = sum(len(pane.uri or "") for pane in panes)
            if size <= budget.left or (quality == QUALITIES[-1] and len(keep) == 1):
                break
            if quality == QUALITIES[-1]:
                keep = [keep[i] for i in evenly(len(keep), max(1, int(len(keep) * 0.9 * budget.left / size)))]
    budget.used += sum(len(pane.uri or "") for pane in panes)
    return [there[i] for i in keep], panes


def _tiles(data: ShardData, row: Row, frame: U8 | None) -> Tiles | None:
    """What each painter makes of a drawing, scaled for the page; None when its pictures cannot be read."""
    layers = read_layers(data, row, frame)
    if layers is None:
        return None
    pictures = {name: paint(layers) for name, paint in PAINTERS.items()}
    return {
        name: None if picture is None else fit(Image.fromarray(picture), WIDTH)
        for name, picture in pictures.items()
    }


def read_layers(data: ShardData, row: Row, frame: U8 | None) -> Layers | None:
    """The pictures that a row of `smoothed_layers` names; None when one of them cannot be read."""
    read = partial(data.picture, "smoothed_layers")
    character, background = read(row["character_path"]), read(row["background_path"])
    hole, instances = read(row["hole_path"]), read(row["instances_path"])
    if character is None or background is None or hole is None or instances is None:
        return None
    effect = read(row["effect_path"]) if row["effect_path"] else None
    return Layers(
        frame=frame,
        character=np.asarray(character.convert("RGBA")),
        background=np.asarray(background.convert("RGB")),
        hole=np.asarray(hole.convert("L")),
        instances=np.asarray(instances.convert("L")),
        effect=None if effect is None else np.asarray(effect),
        blend=Blend(row["blend"]) if effect is not None else None,
    )


def paint_frame(layers: Layers) -> U8 | None:
    return layers.frame


def paint_mask(layers: Layers) -> U8:
    """Alpha as light; instances apart by colour where there are several."""
    alpha = layers.character[..., 3:].astype(np.uint16)
    ids = layers.instances
    several = np.count_nonzero(np.bincount(ids.ravel())[1:]) > 1
    colour = INSTANCES[np.where(ids > 0, 1 + ids % (len(INSTANCES) - 1), 0)] if several else INSTANCES[0]
    return ((alpha * colour + 127) // 255).astype(np.uint8)


def paint_character(layers: Layers) -> U8:
    return layers.character


def paint_effect(layers: Layers) -> U8 | None:
    return layers.effect


def paint_background(layers: Layers) -> U8:
    """The background with thin strokes over what no frame has shown."""
    height, width = layers.hole.shape
    y, x = np.mgrid[0:height, 0:width]
    period = max(6, width // 60)
    strokes = ((x + y) % period < max(1, period // 5)) & (layers.hole > 0)
    picture = layers.background.copy()
    picture[strokes] = (0.45 * picture[strokes] + 0.55 * np.array(SCRATCHED)).astype(np.uint8)
    return picture


def paint_recomposition(layers: Layers) -> U8:
    return recompose(layers.character, layers.background, layers.effect, layers.blend)


PAINTERS: dict[str, Callable[[Layers], U8 | None]] = {
    "frame": paint_frame,
    "mask": paint_mask,
    "character": paint_character,
    "effect": paint_effect,
    "background": paint_background,
    "recomposition": paint_recomposition,
}
NOTES = {"frame": "the source is not here any more", "effect": "no effect in this clip"}


def _pane(shown: Sequence[tuple[Row, Tiles]], quality: int, name: str) -> Pane:
    """The sprite of one layer; a drawing without this layer is black, or clear where the layer has alpha."""
    tiles = [drawing[name] for _, drawing in shown]
    first = next((tile for tile in tiles if tile is not None), None)
    if first is None:
        return _empty(name, NOTES.get(name, "no picture"))
    blank = Image.new(first.mode, first.size)
    images = [tile if tile is not None and tile.mode == first.mode else blank for tile in tiles]
    columns = min(COLUMNS, len(images))
    sheet = sprite(images, columns=columns)
    return Pane(
        name=name,
        figure=_figure(name, [row for row, _ in shown]),
        uri=webp_uri(sheet, quality=quality),
        note="",
        columns=columns,
        rows=-(-len(images) // columns),
        aspect=f"{first.width}/{first.height}",
        black=name == "effect" and sheet.mode == "RGB",
    )


def _empty(name: str, note: str) -> Pane:
    return Pane(name, "", None, note, 1, 1, "16/9")


def _figure(name: str, rows: Sequence[Row]) -> str:
    """The one number that belongs under a pane."""
    if name == "character":
        return f"{percent(float(np.mean([row['coverage'] for row in rows])))} of the frame"
    if name == "background":
        seen = float(np.mean([row["seen_share"] for row in rows]))
        return f"{percent(seen)} seen" + (", filled is scratched" if seen < 1 else "")
    if name == "effect":
        lit = sum(row["blend"] is not None for row in rows)
        kinds = ", ".join(sorted({row["blend"] for row in rows if row["blend"]}))
        return f"{kinds}, on {lit} of {len(rows)} drawings"
    if name == "recomposition":
        return decibel(float(np.median([row["recomposition_psnr"] for row in rows])))
    return ""
