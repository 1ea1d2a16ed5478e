"""A drawing surface and the few strokes cel animation is made of.

Points are (x, y) pairs, y down. A layer is drawn with premultiplied alpha at `SCALE` times the frame size and reduced
by area, as scanned cels are, so that its edges are anti-aliased.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def unpremultiply(premultiplied: np.ndarray) -> np.ndarray:
    """Premultiplied RGBA uint8 -> straight RGBA uint8; colour is 0 where alpha is 0."""
    alpha = premultiplied[..., 3:].astype(np.float32)
    colour = premultiplied[..., :3].astype(np.float32) * 255.0 / np.maximum(alpha, 1.0)
    return np.concatenate([np.clip(np.rint(colour), 0, 255), alpha], axis=-1).astype(np.uint8)


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
    """A Catmull-Rom curve through the points; a point given twice in a row becomes a corner."""
    pts = np.asarray(points, np.float64)
    n = len(pts)
    path = skia.Path()
    path.moveTo(float(pts[0, 0]), float(pts[0, 1]))
    for i in range(n if closed else n - 1):
        p0, p1, p2, p3 = _neighbours(pts, i, closed=closed)
        if np.array_equal(p1, p2):
            continue
        c1 = p1 + (p2 - p0) / 6.0 * (not np.array_equal(p0, p1))
        c2 = p2 - (p3 - p1) / 6.0 * (not np.array_equal(p2, p3))
        path.cubicTo(*(float(v) for v in (*c1, *c2, *p2)))
    if closed:
        path.close()
    return path


def _neighbours(
    pts: np.ndarray, i: int, *, closed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n = len(pts)
    if closed:
        return pts[i - 1], pts[i], pts[(i + 1) % n], pts[(i + 2) % n]
    return pts[max(i - 1, 0)], pts[i], pts[i + 1], pts[min(i + 2, n - 1)]


def tube(points: Sequence[Point], widths: Sequence[float], *, closed_tip: bool = True) -> skia.Path:
    """The outline of a stroke whose full width changes from point to point: limbs, hair, ribbons."""
    centre = np.asarray(points, np.float64)
    tangent = np.gradient(centre, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * (
        np.asarray(widths, np.float64)[:, None] / 2.0
    )
    left, right = centre + normal, (centre - normal)[::-1]
    outline = [*map(tuple, left), *map(tuple, right)]
    if closed_tip:  # sharp ends: the doubled point is a corner for `smooth`
        if widths[-1] == 0:
            outline.insert(len(centre), tuple(centre[-1]))
        if widths[0] == 0:
            outline.append(tuple(centre[0]))
    return smooth(outline)


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
        widths = [self.line * line * np.sin(np.pi * (0.12 + 0.76 * i / (n - 1))) for i in range(n)]
        widths[0] = widths[-1] = 0.0
        self.canvas.drawPath(tube(points, widths), fill(ink))
