"""A drawing surface and the few strokes cel animation is made of.

Points are (x, y) pairs, y down. A layer is drawn with premultiplied alpha at `SCALE` times the frame size and reduced
by area, as scanned cels are, so that its edges are anti-aliased.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import skia

SCALE = 2

Point = tuple[float, float]
Colour = tuple[int, int, int]


class Layer:
    """A transparent premultiplied RGBA buffer uint8 [h*scale, w*scale, 4]; `canvas` draws on it in frame px."""

    def __init__(self, size: tuple[int, int], *, scale: int = SCALE) -> None:
        width, height = size
        self.size, self.scale = size, scale
        self.pixels = np.zeros((height * scale, width * scale, 4), np.uint8)
        info = skia.ImageInfo.Make(
            width * scale, height * scale, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType
        )
        self._surface = skia.Surface.MakeRasterDirect(info, self.pixels, self.pixels.strides[0])
        self.canvas: skia.Canvas = self._surface.getCanvas()
        self.canvas.scale(scale, scale)

    def premultiplied(self) -> np.ndarray:
        """Premultiplied RGBA uint8 [h, w, 4], reduced by area."""
        if self.scale == 1:
            return self.pixels
        return cv2.resize(self.pixels, self.size, interpolation=cv2.INTER_AREA)

    def straight(self) -> np.ndarray:
        """Straight RGBA uint8 [h, w, 4], reduced by area."""
        return unpremultiply(self.premultiplied())


def record(draw: Callable[[skia.Canvas], None]) -> skia.Picture:
    """What `draw` draws, to be replayed under other cameras without running it again."""
    recorder = skia.PictureRecorder()
    reach = 1e5
    draw(recorder.beginRecording(skia.Rect.MakeLTRB(-reach, -reach, reach, reach)))
    return recorder.finishRecordingAsPicture()


def unpremultiply(premultiplied: np.ndarray) -> np.ndarray:
    """Premultiplied RGBA uint8 -> straight RGBA uint8; colour is 0 where alpha is 0."""
    out = np.zeros_like(premultiplied)
    rows, columns = bounds(premultiplied[..., 3])
    part = premultiplied[rows, columns]
    alpha = part[..., 3].astype(np.uint32)
    straight = (part[..., :3].astype(np.uint32) * 255 + alpha[..., None] // 2) // np.maximum(alpha, 1)[
        ..., None
    ]
    out[rows, columns, :3] = np.minimum(straight, 255)
    out[rows, columns, 3] = part[..., 3]
    return out


def bounds(mask: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns that hold everything of `mask` that is not zero."""
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask))
    return slice(y, y + height), slice(x, x + width)


def rgba(colour: Colour, alpha: float = 1.0) -> int:
    """skia's packed colour of an RGB triple 0-255 and an alpha 0-1."""
    return skia.Color(*(int(c) for c in colour), round(255 * alpha))


def fill(colour: Colour, alpha: float = 1.0) -> skia.Paint:
    return skia.Paint(Color=rgba(colour, alpha), AntiAlias=True)


def pen(colour: Colour, width: float, alpha: float = 1.0) -> skia.Paint:
    return skia.Paint(
        Color=rgba(colour, alpha),
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )


def gradient(
    start: Point, end: Point, colours: Sequence[Colour], stops: Sequence[float] | None = None
) -> skia.Paint:
    """A fill along the line from `start` to `end`."""
    shader = skia.GradientShader.MakeLinear(
        points=[skia.Point(*start), skia.Point(*end)],
        colors=[rgba(c) for c in colours],
        positions=list(stops) if stops is not None else None,
    )
    return skia.Paint(Shader=shader, AntiAlias=True)


def polygon(points: Sequence[Point]) -> skia.Path:
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in points], True)
    return path


def smooth(points: Sequence[Point], *, closed: bool = True) -> skia.Path:
    """A Catmull-Rom curve through the points; a point given twice in a row becomes a corner.

    Plain floats: with a dozen points per path, numpy's call overhead was a third of the time of a figure.
    """
    n = len(points)
    path = skia.Path()
    path.moveTo(*points[0])
    for i in range(n if closed else n - 1):
        (x0, y0), (x1, y1) = points[i - 1] if closed or i else points[0], points[i]
        (x2, y2) = points[(i + 1) % n]
        (x3, y3) = points[(i + 2) % n if closed else min(i + 2, n - 1)]
        if x1 == x2 and y1 == y2:
            continue
        first = 0.0 if x0 == x1 and y0 == y1 else 1 / 6
        last = 0.0 if x2 == x3 and y2 == y3 else 1 / 6
        path.cubicTo(
            x1 + (x2 - x0) * first, y1 + (y2 - y0) * first, x2 - (x3 - x1) * last, y2 - (y3 - y1) * last, x2, y2
        )  # fmt: skip
    if closed:
        path.close()
    return path


def tube(points: Sequence[Point], widths: Sequence[float]) -> skia.Path:
    """The outline of a stroke whose full width changes from point to point: limbs, hair, ribbons. Width 0 is a tip."""
    n = len(points)
    left: list[Point] = []
    right: list[Point] = []
    for i, ((x, y), width) in enumerate(zip(points, widths, strict=True)):
        (xa, ya), (xb, yb) = points[max(i - 1, 0)], points[min(i + 1, n - 1)]
        dx, dy = xb - xa, yb - ya
        half = width / 2 / max(math.hypot(dx, dy), 1e-9)
        left.append((x - dy * half, y + dx * half))
        right.append((x + dy * half, y - dx * half))
    # a tip's two sides coincide, which doubles the point and so makes the corner sharp
    return smooth([*left, *right[::-1]])


class Brush:
    """Draws cel shapes: flat colour, one hard shade, line art.

    `line` is the ink's width in drawing units; `mirror` is -1 on a flipped canvas, so that the light stays where it is.
    """

    def __init__(self, canvas: skia.Canvas, *, line: float, mirror: int = 1) -> None:
        self.canvas = canvas
        self.line = line
        self.mirror = mirror

    def cel(
        self,
        path: skia.Path,
        base: Colour,
        shade: Colour | None = None,
        ink: Colour | None = None,
        *,
        light: Point = (0.0, 0.0),
        line: float = 1.0,
    ) -> None:
        """Fill `path` with `base`, shade what its copy moved by `light` leaves bare, ink the outline."""
        if shade is None:
            self.canvas.drawPath(path, fill(base))
        else:
            self.canvas.drawPath(path, fill(shade))
            lit = skia.Path(path)
            lit.offset(light[0] * self.mirror, light[1])
            self.inside(path, lit, base)
        if ink is not None:
            self.canvas.drawPath(path, pen(ink, self.line * line))

    def inside(self, clip: skia.Path, path: skia.Path, colour: Colour, alpha: float = 1.0) -> None:
        """Fill `path` where it lies inside `clip`."""
        self.canvas.save()
        self.canvas.clipPath(clip, True)
        self.canvas.drawPath(path, fill(colour, alpha))
        self.canvas.restore()

    def stroke(self, points: Sequence[Point], ink: Colour, *, line: float = 1.0) -> None:
        """An open line of constant width through the points."""
        self.canvas.drawPath(smooth(points, closed=False), pen(ink, self.line * line))

    def taper(self, points: Sequence[Point], ink: Colour, *, line: float = 1.0) -> None:
        """An open line that is thin at both ends, as a pen leaves it."""
        n = len(points)
        widths = [self.line * line * math.sin(math.pi * (0.12 + 0.76 * i / (n - 1))) for i in range(n)]
        widths[0] = widths[-1] = 0.0
        self.canvas.drawPath(tube(points, widths), fill(ink))
