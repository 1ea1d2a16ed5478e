"""Small pictures for the page: scaled, encoded as WebP, and counted against a budget in bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

Picture = np.ndarray | Image.Image | Path


@dataclass
class Budget:
    """Bytes that embedded pictures may still take on a page; what did not fit is counted."""

    limit: int
    used: int = 0
    left_out: list[str] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.limit - self.used

    def take(self, uri: str) -> str:
        """Charge a data URI and hand it back."""
        self.used += len(uri)
        return uri


def open_picture(source: Picture) -> Image.Image:
    """RGB or RGBA. Arrays are uint8 [h, w], [h, w, 3] or [h, w, 4]; OSError when a file is not a picture."""
    if isinstance(source, Image.Image):
        image = source
    elif isinstance(source, Path):
        image = Image.open(source)
        image.load()
    else:
        image = Image.fromarray(np.ascontiguousarray(source))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("RGB")


def fit(image: Image.Image, width: int) -> Image.Image:
    """The picture scaled down to `width` px (never up), proportions kept."""
    if image.width <= width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.BOX)


def webp_uri(image: Image.Image, *, quality: int = 62, lossless: bool = False) -> str:
    """A WebP data URI; alpha is kept when the picture has it."""
    sink = io.BytesIO()
    image.save(sink, "WEBP", quality=quality, method=2, lossless=lossless, alpha_quality=70)
    return data_uri(sink.getvalue(), "image/webp")


def data_uri(data: bytes, kind: str) -> str:
    """`data:<kind>;base64,...`"""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def sprite(tiles: Sequence[Image.Image], *, columns: int) -> Image.Image:
    """Pictures of one size on a grid, row by row: one file per layer instead of one per drawing."""
    if not tiles:
        raise ValueError("a sprite needs at least one tile")
    width, height = tiles[0].size
    rows = -(-len(tiles) // columns)
    mode = "RGBA" if any(tile.mode == "RGBA" for tile in tiles) else "RGB"
    sheet = Image.new(mode, (width * columns, height * rows))
    for index, tile in enumerate(tiles):
        place = (index % columns * width, index // columns * height)
        same = tile if tile.size == (width, height) else tile.resize((width, height))
        sheet.paste(same.convert(mode), place)
    return sheet


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of `count` indices, spread evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    if most == 1:
        return [0]
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})
