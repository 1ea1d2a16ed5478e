"""The six pictures of a clip as sprites: frame, mask, character, effect, background, recomposition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    drawings = [read_layers(data, row, frame) for row, frame in zip(rows, frames, strict=True)]
    there = [i for i, drawing in enumerate(drawings) if drawing is not None]
    layers = [drawing for drawing in drawings if drawing is not None]
    if not layers:
        return [0], [_empty("layers", "the pictures cannot be read")]
    tiles = {name: [paint(one) for one in layers] for name, paint in PAINTERS.items()}
    keep = list(range(len(layers)))
    for quality in (*QUALITIES, QUALITIES[-1], QUALITIES[-1]):
        panes = [_pane(name, tiles[name], keep, rows, there, quality) for name in PAINTERS]
        size = sum(len(pane.uri or "") for pane in panes)
        if size <= budget.left or (quality == QUALITIES[-1] and len(keep) == 1):
            break
        if quality == QUALITIES[-1]:
            keep = [keep[i] for i in evenly(len(keep), max(1, int(len(keep) * 0.9 * budget.left / size)))]
    budget.used += sum(len(pane.uri or "") for pane in panes)
    return [there[i] for i in keep], panes


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
    several = len(np.unique(ids[ids > 0])) > 1
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


def _pane(
    name: str,
    tiles: Sequence[U8 | None],
    keep: Sequence[int],
    rows: Sequence[Row],
    there: Sequence[int],
    quality: int,
) -> Pane:
    chosen = [tiles[i] for i in keep]
    pictures = [picture for picture in chosen if picture is not None]
    if not pictures:
        return _empty(name, NOTES.get(name, "no picture"))
    images = [_small(picture, like=pictures[0]) for picture in chosen]
    columns = min(COLUMNS, len(images))
    sheet = sprite(images, columns=columns)
    return Pane(
        name=name,
        figure=_figure(name, [rows[there[i]] for i in keep]),
        uri=webp_uri(sheet, quality=quality),
        note="",
        columns=columns,
        rows=-(-len(images) // columns),
        aspect=f"{images[0].width}/{images[0].height}",
        black=name == "effect" and sheet.mode == "RGB",
    )


def _empty(name: str, note: str) -> Pane:
    return Pane(name, "", None, note, 1, 1, "16/9")


def _small(picture: U8 | None, *, like: U8) -> Image.Image:
    """Scaled for the page; a drawing without this layer is black, or clear where the layer has alpha."""
    if picture is None or picture.shape[2:] != like.shape[2:]:
        picture = np.zeros_like(like)
    return fit(Image.fromarray(picture), WIDTH)


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
