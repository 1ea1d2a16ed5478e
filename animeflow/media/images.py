"""Pictures as files: WebP and PNG with repeatable bytes, exact RGBA, contact sheets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from animeflow.errors import InputError

WEBP_MAX_SIDE = 16383
PNG_LEVEL = 4  # within 0.2 % of the bytes of 6, at 0.7 of its time, on cels and light
U8 = npt.NDArray[np.uint8]


def write_webp(
    path: Path,
    image: U8,
    *,
    quality: int = 90,
    method: int = 2,
    lossless: bool = False,
    long_edge: int | None = None,
) -> int:
    """Write uint8 [h, w], [h, w, 3] RGB or [h, w, 4] straight RGBA as WebP; returns the bytes written.

    Lossless keeps every value, colours under alpha 0 included. `long_edge` reduces larger pictures (area averaging).
    Equal input gives equal bytes. Raises `InputError` for other shapes and, before anything is reduced, for sides over
    16383: what is so long is a strip or a header's lie, and 2048 px of it would show nothing.
    """
    data = encode_webp(image, quality=quality, method=method, lossless=lossless, long_edge=long_edge)
    path.write_bytes(data)
    return len(data)


def encode_webp(
    image: U8,
    *,
    quality: int = 90,
    method: int = 2,
    lossless: bool = False,
    effort: int = 75,
    long_edge: int | None = None,
) -> bytes:
    """As `write_webp`, in memory. Method 2 is within 0.5 % of the bytes of 4 at 0.4 of its time.

    `effort` (0-100, lossless alone) trades time for bytes and changes no pixel; 75 is libwebp's default.
    """
    height, width = require_image(image).shape[:2]
    require_webp_size(width, height)
    picture = limit_long_edge(image, long_edge)
    # Pillow names both `quality`; `exact` keeps the colours under alpha 0.
    options: dict[str, Any] = (
        {"lossless": True, "exact": True, "quality": effort} if lossless else {"quality": quality}
    )
    return _saved(picture, "WEBP", method=method, **options)


def write_png(path: Path, image: U8, *, level: int = PNG_LEVEL) -> int:
    """Write uint8 [h, w], [h, w, 3] or [h, w, 4] as PNG; returns the bytes written."""
    data = encode_png(image, level=level)
    path.write_bytes(data)
    return len(data)


def encode_png(image: U8, *, level: int = PNG_LEVEL) -> bytes:
    """As `write_png`, in memory."""
    return _saved(require_image(image), "PNG", compress_level=level)


def encode_jpeg(image: U8, *, quality: int = 90) -> bytes:
    """uint8 [h, w] or [h, w, 3] as JPEG with full-resolution chroma (line art bleeds otherwise)."""
    picture = require_image(image)
    if picture.ndim == 3 and picture.shape[2] == 4:
        raise InputError("JPEG holds no alpha; the picture has four channels")
    return _saved(picture, "JPEG", quality=quality, subsampling=0)


def read_image(path: Path | str, *, mode: Literal["RGB", "RGBA", "L"] | None = None) -> U8:
    """Read a picture as uint8 [h, w], [h, w, 3] or [h, w, 4]; `mode` converts. Raises `InputError`."""
    from PIL import Image, UnidentifiedImageError

    try:
        data = Path(path).read_bytes()
        colour = None if mode == "L" else _read_webp(data, mode)
        if colour is not None:
            return colour
        with Image.open(io.BytesIO(data)) as picture:
            wanted = mode or (picture.mode if picture.mode in ("RGB", "RGBA", "L") else "RGB")
            return np.array(picture if picture.mode == wanted else picture.convert(wanted), dtype=np.uint8)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InputError(f"is not a readable picture: {error}", path=path) from error


def _read_webp(data: bytes, mode: Literal["RGB", "RGBA"] | None) -> U8 | None:
    """A WebP as RGB or RGBA, in three quarters of Pillow's time, which decodes every one as an animation of one frame.

    None for other files and for broken ones: Pillow says what is wrong with them.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    import cv2

    decoded: U8 | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        return None
    if decoded.shape[2] == 4:
        order = cv2.COLOR_BGRA2RGB if mode == "RGB" else cv2.COLOR_BGRA2RGBA
    else:
        order = cv2.COLOR_BGR2RGBA if mode == "RGBA" else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(decoded, order), dtype=np.uint8)


def require_image(image: U8) -> U8:
    """The same array, if it is uint8 of shape [h, w], [h, w, 3] or [h, w, 4]; else `InputError`."""
    if (
        image.dtype != np.uint8
        or image.ndim not in (2, 3)
        or (image.ndim == 3 and image.shape[2] not in (3, 4))
    ):
        raise InputError(
            f"a picture of {image.dtype} {image.shape}; uint8 [h, w], [h, w, 3] or [h, w, 4] is needed"
        )
    if 0 in image.shape:
        raise InputError(f"a picture of shape {image.shape} has no pixels")
    return image


def limit_long_edge(image: U8, long_edge: int | None) -> U8:
    """The picture reduced so that its longer side is at most `long_edge` px; smaller ones as they are."""
    height, width = image.shape[:2]
    if long_edge is None or max(height, width) <= long_edge:
        return image
    import cv2

    scale = long_edge / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if image.ndim == 3 and image.shape[2] == 4:
        return _reduce_rgba(image, size)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _reduce_rgba(image: U8, size: tuple[int, int]) -> U8:
    """Colours are averaged by their alpha, else what lies under transparent pixels shines through at edges."""
    import cv2

    alpha = image[..., 3:].astype(np.float32)
    weighted = cv2.resize(image[..., :3].astype(np.float32) * alpha, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)[..., None]
    colour = np.divide(weighted, small, out=np.zeros_like(weighted), where=small > 0)
    return np.concatenate([colour, small], axis=2).round().clip(0, 255).astype(np.uint8)


def contact_sheet(
    images: Sequence[U8],
    *,
    columns: int,
    labels: Sequence[str] | None = None,
    tile: tuple[int, int] = (320, 180),
    background: int = 24,
) -> U8:
    """Pictures in a grid, each fitted into a tile of (w, h) px with its label below, as uint8 RGB [H, W, 3].

    RGBA pictures stand on a checkerboard. Raises `InputError` without pictures or with a wrong number of labels.
    """
    if not images or columns < 1:
        raise InputError(f"a contact sheet of {len(images)} pictures in {columns} columns")
    if labels is not None and len(labels) != len(images):
        raise InputError(f"{len(labels)} labels for {len(images)} pictures")
    caption = 18 if labels is not None else 0
    gap, columns = 4, min(columns, len(images))
    rows = -(-len(images) // columns)
    step_x, step_y = tile[0] + gap, tile[1] + caption + gap
    sheet = np.full((rows * step_y + gap, columns * step_x + gap, 3), background, np.uint8)
    for n, image in enumerate(images):
        y, x = gap + n // columns * step_y, gap + n % columns * step_x
        fitted = _fit(require_image(image), tile)
        top, left = y + (tile[1] - fitted.shape[0]) // 2, x + (tile[0] - fitted.shape[1]) // 2
        sheet[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
        if labels is not None:
            sheet[y + tile[1] : y + tile[1] + caption, x : x + tile[0]] = _caption(
                labels[n], tile[0], caption, background
            )
    return sheet


def _fit(image: U8, tile: tuple[int, int]) -> U8:
    import cv2

    height, width = image.shape[:2]
    scale = min(tile[0] / width, tile[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fitted = np.asarray(cv2.resize(image, size, interpolation=method), dtype=np.uint8)
    if fitted.ndim == 2:
        return np.repeat(fitted[..., None], 3, axis=2)
    return _on_checkerboard(fitted) if fitted.shape[2] == 4 else fitted


def _on_checkerboard(image: U8, cell: int = 8) -> U8:
    y, x = np.indices(image.shape[:2]) // cell
    board = np.where((x + y) % 2, 200, 160).astype(np.float32)[..., None]
    alpha = image[..., 3:].astype(np.float32) / 255
    return (image[..., :3] * alpha + board * (1 - alpha)).round().astype(np.uint8)


def _caption(text: str, width: int, height: int, background: int) -> U8:
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("RGB", (width, height), (background,) * 3)
    ImageDraw.Draw(strip).text((2, 2), text, fill=(230, 230, 230), font=ImageFont.load_default(size=12))
    return np.asarray(strip, dtype=np.uint8)


def require_webp_size(width: int, height: int) -> None:
    """Raise `InputError` (`too_large`) where a side is longer than WebP can be."""
    if max(width, height) > WEBP_MAX_SIDE:
        raise InputError(
            f"a picture of {width}x{height} does not fit into WebP, whose sides end at {WEBP_MAX_SIDE} px",
            reason="too_large",
            hint="crop it, or write PNG",
        )


def _saved(image: U8, kind: str, **options: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()
