"""A face: outline, eyes, brows, nose, mouth. Drawing unit: the height of the head from chin to crown is about 1.1.

The origin lies between the ears, x to the side the face turns to, y down. `turn` runs from 0 (front) to 1 (side);
what is drawn is the three-quarter view that simple animation uses for everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import skia

from animeflow.sample.canvas import Brush, Colour, Point, fill, gradient, smooth, tube
from animeflow.sample.style import Design, mix, shift, tint

INK: Colour = (52, 36, 44)


@dataclass(frozen=True, kw_only=True)
class Expression:
    """`lid`, `mouth`: 0 (closed) to 1 (open); `gaze`: iris offset in eye widths; `smile`, `brow`: -1 to 1."""

    turn: float = 0.35
    lid: float = 1.0
    mouth: float = 0.0
    smile: float = 0.3
    gaze: Point = (0.0, 0.0)
    brow: float = 0.0


def draw_face(brush: Brush, who: Design, look: Expression) -> None:
    """Skin, shade under the fringe, ear, eyes, nose, mouth. Hair is drawn by `hair.py` before and after."""
    outline = _outline(who, look.turn)
    skin_ink = mix(INK, who.skin_shade, 0.25)
    _ear(brush, who, look.turn, skin_ink)
    brush.cel(outline, who.skin, who.skin_shade, skin_ink, light=(0.035, -0.03))
    _fringe_shadow(brush, outline, who, look.turn)
    _blush(brush, outline, who, look.turn)
    for side in (-1, 1):
        _eye(brush, who, look, side)
    _nose(brush, who, look.turn)
    _mouth(brush, who, look)


def _outline(who: Design, t: float) -> skia.Path:
    j = 0.05 * who.jaw + (0.05 if who.build == "boy" else 0.0)
    chin = 0.52 + (0.03 if who.build == "boy" else 0.0)
    points = [
        (-0.46 + 0.02 * t, -0.12), (-0.45 + 0.03 * t, 0.10), (-0.40 + 0.05 * t - j / 3, 0.28),
        (-0.22 + 0.06 * t - j, 0.44), (-0.05 + 0.14 * t, chin), (0.05 + 0.14 * t, chin),
        (0.21 + 0.12 * t + j / 2, 0.43), (0.375 + 0.05 * t, 0.28), (0.425, 0.16), (0.43 - 0.05 * t, 0.03),
        (0.45 - 0.04 * t, -0.12), (0.36, -0.45), (0.0, -0.58), (-0.36, -0.45),
    ]  # fmt: skip
    return smooth(points)


def _ear(brush: Brush, who: Design, t: float, ink: Colour) -> None:
    x = -0.455 + 0.10 * t
    ear = smooth([(x + 0.03, 0.0), (x - 0.06, -0.02), (x - 0.075, 0.10), (x - 0.02, 0.21), (x + 0.04, 0.20)])
    brush.cel(ear, who.skin, who.skin_shade, ink, light=(-0.02, -0.02))


def _fringe_shadow(brush: Brush, outline: skia.Path, who: Design, t: float) -> None:
    edge = [
        (-0.6, -0.7),
        (-0.6, 0.05),
        (-0.34, 0.02),
        (-0.2 + 0.1 * t, -0.07),
        (0.1 + 0.1 * t, -0.06),
        (0.34, 0.0),
    ]
    brush.inside(outline, smooth([*edge, (0.6, 0.02), (0.6, -0.7)]), who.skin_shade)


def _blush(brush: Brush, outline: skia.Path, who: Design, t: float) -> None:
    warm = mix(who.skin, (235, 110, 100), 0.45)
    for x, width in ((-0.25 + 0.16 * t, 0.10), (0.26 + 0.12 * t, 0.10 * (1 - 0.4 * t))):
        spot = skia.Path()
        spot.addOval(skia.Rect.MakeXYWH(x - width, 0.235, 2 * width, 0.075))
        brush.inside(outline, spot, warm, 0.45)


def _eye(brush: Brush, who: Design, look: Expression, side: int) -> None:
    """`side` -1 is the near eye, 1 the far one, which the turn makes narrower."""
    t = look.turn
    x = -0.205 + 0.20 * t if side < 0 else 0.21 + 0.12 * t
    width = 0.225 * who.eye_size * (1.0 if side < 0 else 1.0 - 0.28 * t)
    height = 0.25 * who.eye_size

    def at(u: float, v: float) -> Point:
        return (x + side * u * width, 0.115 + v * height)

    k = look.lid
    lower = [(-0.46, 0.16), (-0.30, 0.40), (0.0, 0.48), (0.30, 0.40), (0.48, 0.08)]
    upper = [(-0.48, 0.08), (-0.30, -0.34), (0.02, -0.50), (0.32, -0.38), (0.52, -0.02)]
    shut = [(-0.46, 0.22), (-0.30, 0.33), (0.0, 0.38), (0.30, 0.30), (0.52, 0.12)]
    upper = [(u, v * k + sv * (1 - k)) for (u, v), (_, sv) in zip(upper, shut, strict=True)]
    if k > 0.15:
        _eyeball(brush, who, look, [at(*p) for p in upper], [at(*p) for p in lower], (width, height))
        brush.taper([at(*p) for p in lower[1:]], mix(INK, who.skin_shade, 0.35), line=0.7)
    lash = [at(*p) for p in [*upper, (0.66, upper[-1][1] - 0.10 * k)]]
    weights = np.asarray([0.10, 0.34, 0.52, 0.66, 0.5, 0.0]) * 0.075 * who.eye_size
    brush.canvas.drawPath(tube(lash, list(weights)), fill(mix(INK, who.hair, 0.15)))
    if k > 0.5:
        fold = [at(-0.30, -0.50), at(0.02, -0.67), at(0.36, -0.55)]
        brush.taper(fold, mix(INK, who.skin_shade, 0.5), line=0.6)
    brow = [at(-0.46, -0.86 - 0.25 * look.brow), at(0.0, -1.02), at(0.52, -0.86 + 0.1 * look.brow)]
    brush.taper(brow, mix(INK, who.hair, 0.45), line=1.5 if who.build == "boy" else 1.1)


def _eyeball(
    brush: Brush, who: Design, look: Expression, upper: list[Point], lower: list[Point], box: Point
) -> None:
    canvas = brush.canvas
    white = smooth([upper[0], *upper, upper[-1], upper[-1], *lower[::-1], lower[0]])
    canvas.save()
    canvas.clipPath(white, True)
    canvas.drawPath(white, fill(tint((250, 250, 252), who.light)))
    cx, cy = (upper[2][0] + box[0] * look.gaze[0], 0.125 + box[1] * look.gaze[1])
    rx, ry = box[0] * 0.34, box[1] * 0.50
    iris = skia.Rect.MakeXYWH(cx - rx, cy - ry, 2 * rx, 2 * ry)
    dark, bright = shift(who.eye, value=0.42), mix(who.eye, (255, 255, 255), 0.35)
    canvas.drawOval(iris, gradient((cx, cy - ry), (cx, cy + ry), [dark, who.eye, bright], [0.0, 0.55, 1.0]))
    canvas.drawOval(iris, _ring(brush, dark))
    canvas.drawOval(
        skia.Rect.MakeXYWH(cx - rx * 0.45, cy - ry * 0.5, rx * 0.9, ry), fill(shift(who.eye, value=0.25))
    )
    lid_shade = skia.Path(white)
    lid_shade.offset(0.0, -box[1] * 0.80)
    canvas.drawPath(lid_shade, fill((40, 30, 60), 0.35))
    canvas.drawOval(
        skia.Rect.MakeXYWH(cx - rx * 0.75, cy - ry * 0.70, rx * 0.72, ry * 0.55), fill((255, 255, 255))
    )
    canvas.drawOval(
        skia.Rect.MakeXYWH(cx + rx * 0.22, cy + ry * 0.30, rx * 0.38, ry * 0.30), fill((255, 255, 255), 0.9)
    )
    canvas.restore()


def _ring(brush: Brush, colour: Colour) -> skia.Paint:
    paint = fill(colour)
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setStrokeWidth(brush.line * 0.9)
    return paint


def _nose(brush: Brush, who: Design, t: float) -> None:
    x = 0.02 + 0.22 * t
    brush.taper(
        [(x - 0.004, 0.265), (x + 0.018 + 0.012 * t, 0.295), (x - 0.006, 0.308)],
        mix(INK, who.skin_shade, 0.4),
        line=0.7,
    )


def _mouth(brush: Brush, who: Design, look: Expression) -> None:
    x, y, w = 0.015 + 0.165 * look.turn, 0.395, 0.085 * (1 - 0.2 * look.turn)
    curl = 0.025 * look.smile
    ink = mix(INK, who.skin_shade, 0.15)
    if look.mouth < 0.12:
        brush.taper([(x - w, y - curl), (x, y + curl * 0.6), (x + w, y - curl)], ink, line=0.9)
        return
    depth = 0.03 + 0.11 * look.mouth
    w = w * (0.75 + 0.25 * look.mouth)
    shape = smooth([(x - w, y - curl), (x - w, y - curl), (x, y - 0.012), (x + w, y - curl), (x + w, y - curl),
                    (x + w * 0.62, y + depth * 0.75), (x, y + depth), (x - w * 0.62, y + depth * 0.75)])  # fmt: skip
    brush.cel(shape, mix((150, 50, 60), who.skin_shade, 0.1))
    tongue = skia.Path()
    tongue.addOval(skia.Rect.MakeXYWH(x - w * 0.6, y + depth * 0.5, w * 1.2, depth))
    brush.inside(shape, tongue, mix((228, 120, 120), who.skin_shade, 0.2))
    teeth = skia.Path()
    teeth.addRect(skia.Rect.MakeXYWH(x - w, y - 0.05, 2 * w, 0.05 + depth * 0.22))
    brush.inside(shape, teeth, (248, 244, 244))
    brush.canvas.drawPath(shape, _ring(brush, ink))
