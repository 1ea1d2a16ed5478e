"""Lettering: burned-in subtitles, credits, painted signs, all in the one free font that travels inside Pillow.

Aileron by Sora Sagano (dotcolon.net), released under CC0 1.0 ("No Rights Reserved." says the file's own copyright
record): it may be embedded, attached and passed on.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import skia
from PIL import ImageFont

from animeflow.sample.canvas import Colour, Layer, fill, pen
from animeflow.sample.truth import TextTruth

FONT_NAME, FONT_FILE, FONT_LICENCE = "Aileron", "Aileron-Regular.ttf", "CC0-1.0"


@lru_cache(maxsize=1)
def font_bytes() -> bytes:
    """The font as a TrueType file (12.7 kB, Latin)."""
    font = ImageFont.load_default(size=16)
    return bytes(font.path.getvalue())  # type: ignore[union-attr]


@lru_cache(maxsize=1)
def _typeface() -> skia.Typeface:
    # an empty font manager: the system's fonts must not change what is drawn
    return skia.FontMgr.New_Custom_Empty().makeFromData(skia.Data.MakeWithCopy(font_bytes()))


def write_line(
    canvas: skia.Canvas,
    text: str,
    *,
    centre: tuple[float, float],
    height: float,
    colour: Colour,
    edge: Colour | None,
    bold: float = 0.0,
) -> np.ndarray:
    """Draw one line centred on `centre` with letters of `height` px; returns its box float64 [4, 2] with the edge."""
    font = skia.Font(_typeface(), height)
    font.setEdging(skia.Font.Edging.kAntiAlias)
    font.setSubpixel(True)
    bounds = skia.Rect(0, 0, 0, 0)
    width = font.measureText(text, skia.TextEncoding.kUTF8, bounds)
    x, y = centre[0] - width / 2, centre[1] - (bounds.top() + bounds.bottom()) / 2
    if edge is not None:
        canvas.drawString(text, x, y, font, pen(edge, height * 0.20))
    canvas.drawString(text, x, y, font, fill(colour))
    if bold:
        canvas.drawString(text, x, y, font, pen(colour, height * bold))
    margin = height * (0.10 if edge is not None else bold / 2)
    left, right = x + bounds.left() - margin, x + bounds.right() + margin
    top, bottom = y + bounds.top() - margin, y + bounds.bottom() + margin
    return np.asarray([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def subtitle(lines: tuple[str, ...], size: tuple[int, int]) -> tuple[np.ndarray, tuple[TextTruth, ...]]:
    """White letters with a dark edge at the foot of the frame: straight RGBA uint8 [h, w, 4] and the boxes."""
    layer, scale = Layer(size), size[1] / 360.0
    boxes = []
    for i, line in enumerate(lines):
        y = size[1] - (26 + 27 * (len(lines) - 1 - i)) * scale
        box = write_line(
            layer.canvas,
            line,
            centre=(size[0] / 2, y),
            height=22 * scale,
            colour=(252, 252, 248),
            edge=(24, 20, 30),
            bold=0.035,
        )
        boxes.append(TextTruth(line, "subtitle", box))
    return layer.straight(), tuple(boxes)


def credits_card(
    rows: tuple[tuple[str, str], ...], size: tuple[int, int]
) -> tuple[np.ndarray, tuple[TextTruth, ...]]:
    """Roles and names in two columns: straight RGBA uint8 [h, w, 4] and a box per entry."""
    layer, scale = Layer(size), size[1] / 360.0
    boxes = []
    step = min(44.0, 280.0 / len(rows))
    for i, (role, name) in enumerate(rows):
        y = (180 + (i - (len(rows) - 1) / 2) * step) * scale
        for text, x, height, colour in (
            (role, 0.31, 16.0, (196, 200, 214)),
            (name, 0.68, 20.0, (250, 250, 246)),
        ):
            box = write_line(
                layer.canvas,
                text,
                centre=(size[0] * x, y),
                height=height * scale,
                colour=colour,
                edge=(20, 20, 28),
                bold=0.02,
            )
            boxes.append(TextTruth(text, "credits", box))
    return layer.straight(), tuple(boxes)


NAMES = (
    "Mori Aoba",
    "Kita Haruo",
    "Sato Nene",
    "Ito Minato",
    "Hayashi Rei",
    "Ono Sora",
    "Fujita Yuki",
    "Abe Kanade",
)
ROLES = (
    "Direction",
    "Storyboard",
    "Key Animation",
    "Backgrounds",
    "Photography",
    "Colour Design",
    "Music",
    "Editing",
)
SUBTITLES = (
    ("The boats come home before the rain.",),
    ("Did you hear that?", "It came from the old lighthouse."),
    ("Wait for me at the harbour!",),
    ("I have been here before,", "but the town looks different today."),
    ("Nobody draws the sea like that.",),
)
SIGNS = ("HARBOUR CAFE", "BOOK STORE", "GREEN BAKERY", "NORTH STATION", "FLOWER SHOP")
