"""Pictures small enough for Dagster's event log: a contact sheet and a histogram as data URIs of at most 64 KB."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from animeflow.report.pictures import Picture, data_uri, evenly, fit, open_picture

# The event log keeps them for ever; Dagster shows a longer one behind a click all the same.
MAX_URI_BYTES = 64 * 1024
_INK, _MUTED, _BAR, _LIMIT = (40, 44, 52), (120, 126, 136), (88, 128, 176), (196, 92, 60)
_CHECKER = 8


def contact_sheet(
    pictures: Sequence[Picture],
    *,
    captions: Sequence[str] = (),
    columns: int = 4,
    tile_width: int = 192,
    most: int = 16,
    max_bytes: int = MAX_URI_BYTES,
) -> str | None:
    """At most `most` pictures, evenly chosen, on one WebP as a data URI; None when there is no picture.

    Pictures are paths, PIL images or uint8 arrays [h, w], [h, w, 3] or [h, w, 4]; alpha shows as a checkerboard.
    Quality and size are lowered until the URI has at most `max_bytes` characters.
    """
    chosen = evenly(len(pictures), most)
    if not chosen:
        return None
    tiles = [checkered(open_picture(pictures[i])) for i in chosen]
    labels = [captions[i] if i < len(captions) else "" for i in chosen]
    for width in (tile_width, tile_width * 3 // 4, tile_width // 2, tile_width // 3):
        sheet = _sheet([fit(tile, width) for tile in tiles], labels, min(columns, len(tiles)))
        for quality in (72, 55, 38):
            uri = _webp(sheet, quality)
            if len(uri) <= max_bytes:
                return uri
    return None


def small_histogram(
    values: Sequence[float | None],
    *,
    title: str,
    threshold: float | None = None,
    unit: str = "",
    max_bytes: int = MAX_URI_BYTES,
) -> str | None:
    """A histogram of the values that are numbers, as a PNG data URI; None when there is none."""
    known = np.array([v for v in values if v is not None and math.isfinite(v)], dtype=np.float64)
    if not known.size:
        return None
    image = Image.new("RGB", (480, 200), "white")
    _draw_histogram(ImageDraw.Draw(image), known, title, threshold, unit, len(values) - known.size)
    sink = io.BytesIO()
    image.quantize(32).save(sink, "PNG", optimize=True)
    uri = data_uri(sink.getvalue(), "image/png")
    return uri if len(uri) <= max_bytes else None


def markdown_image(uri: str | None, alt: str) -> str:
    """Markdown that Dagster shows inline; one line of text when there is no picture."""
    return f"![{alt}]({uri})" if uri else f"*no picture: {alt}*"


def checkered(image: Image.Image) -> Image.Image:
    """RGB: transparent parts over a light grey checkerboard."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    y, x = np.mgrid[0 : image.height, 0 : image.width] // _CHECKER
    squares = np.where((x + y) % 2, 214, 238).astype(np.uint8)
    board = Image.fromarray(np.repeat(squares[..., None], 3, axis=2))
    board.paste(image, mask=image.getchannel("A"))
    return board


def nice_edges(low: float, high: float, bins: int) -> np.ndarray:
    """Bin edges at round numbers that cover low..high with about `bins` bins."""
    if high <= low:  # one value: from zero to beyond it, so that the bar says how large it is
        low, high = (min(0.0, low * 1.25), max(0.0, high * 1.25)) if low else (0.0, 1.0)
    raw = (high - low) / max(1, bins)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999) * power
    first = math.floor(low / step + 1e-9) * step
    count = max(1, math.ceil((high - first) / step - 1e-9))
    return first + step * np.arange(count + 1)


def _webp(image: Image.Image, quality: int) -> str:
    sink = io.BytesIO()
    image.save(sink, "WEBP", quality=quality, method=4)
    return data_uri(sink.getvalue(), "image/webp")


def _sheet(tiles: Sequence[Image.Image], labels: Sequence[str], columns: int) -> Image.Image:
    width, height = max(t.width for t in tiles), max(t.height for t in tiles)
    text = 16 if any(labels) else 0
    gap = 4
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + text + gap) - gap), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for index, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
        x, y = index % columns * (width + gap), index // columns * (height + text + gap)
        sheet.paste(tile, (x, y))
        if label:
            draw.text((x + 1, y + height + 1), label[: width // 6], fill=_INK, font=font)
    return sheet


def _draw_histogram(
    draw: ImageDraw.ImageDraw, known: np.ndarray, title: str, threshold: float | None, unit: str, nulls: int
) -> None:
    left, right, top, bottom = 12, 468, 34, 170
    span = [*known, threshold] if threshold is not None else known
    edges = nice_edges(float(np.min(span)), float(np.max(span)), 24)
    counts, _ = np.histogram(known, edges)
    scale = (right - left) / (edges[-1] - edges[0])
    for count, a, b in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            x0, x1 = left + (a - edges[0]) * scale, left + (b - edges[0]) * scale
            draw.rectangle(
                (x0 + 0.5, bottom - (bottom - top) * count / counts.max(), x1 - 1, bottom), fill=_BAR
            )
    draw.line((left, bottom, right, bottom), fill=_MUTED)
    font, small = ImageFont.load_default(14), ImageFont.load_default(11)
    note = f"{known.size} values" + (f", {nulls} null" if nulls else "")
    draw.text((left, 8), title, fill=_INK, font=font)
    draw.text((right, 11), note, fill=_MUTED, font=small, anchor="ra")
    draw.text((left, bottom + 6), f"{edges[0]:g}", fill=_MUTED, font=small)
    draw.text((right, bottom + 6), f"{edges[-1]:g} {unit}".strip(), fill=_MUTED, font=small, anchor="ra")
    if threshold is not None:
        x = left + (threshold - edges[0]) * scale
        draw.line((x, top - 4, x, bottom), fill=_LIMIT, width=2)
        draw.text((x + 4, top - 5), f"{threshold:g}", fill=_LIMIT, font=small)
