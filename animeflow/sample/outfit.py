"""Clothes, drawn in the body's units over the torso and the legs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import skia

from animeflow.sample.canvas import Brush, Colour, Point, pen, polygon, smooth, tube
from animeflow.sample.face import INK
from animeflow.sample.pose import Pose
from animeflow.sample.style import Design, mix, shift, tint

WHITE: Colour = (246, 246, 248)


def shade_of(colour: Colour) -> Colour:
    """The shadow colour of cloth: darker and a little bluer."""
    return mix(shift(colour, value=0.74), (70, 60, 130), 0.14)


def ink_of(colour: Colour) -> Colour:
    return mix(INK, colour, 0.12)


def white(who: Design) -> Colour:
    return tint(WHITE, who.light)


SLEEVE: dict[str, Callable[[Design], Colour]] = {
    "sailor": white, "hoodie": lambda d: d.top, "blazer": lambda d: d.top,
    "coat": lambda d: d.top, "dress": lambda d: d.skin, "shirt": white,
}  # fmt: skip
TOP: dict[str, Callable[[Design], Colour]] = {**SLEEVE, "dress": lambda d: d.top}


def leg_colours(who: Design) -> tuple[Colour, Colour]:
    """Cloth of thigh and shin; skin where legs are bare."""
    if who.outfit in ("shirt", "hoodie", "coat") or who.build == "boy":
        return who.bottom, who.bottom
    sock = tint((60, 56, 70), who.light) if who.outfit == "sailor" else white(who)
    return who.skin, sock


def draw_torso(brush: Brush, who: Design, pose: Pose) -> None:
    """The top with its collar, then what hangs below the waist."""
    t = pose.face.turn
    colour = TOP[who.outfit](who)
    wide = 1.12 if who.outfit in ("hoodie", "coat") else 1.0
    outline = torso_outline(t, wide, who)
    brush.cel(outline, colour, shade_of(colour), ink_of(colour), light=(0.10, -0.02))
    BELOW[who.outfit](brush, who, pose)
    DETAIL[who.outfit](brush, who, t, outline)


def torso_outline(t: float, wide: float, who: Design) -> skia.Path:
    w = wide * (1.08 if who.build == "boy" else 1.0)
    near, far = 1 - 0.30 * t, 1 - 0.42 * t
    low = 0.10 if who.outfit in ("hoodie", "shirt", "blazer", "coat") else -0.45
    return smooth([
        (-0.13, -1.74), (-0.36 * w * near, -1.68), (-0.52 * w * near, -1.56), (-0.47 * w * near, -1.2),
        (-0.38 * w * near, -0.72), (-0.43 * w * near, low), (-0.43 * w * near, low), (0.0, low + 0.04),
        (0.43 * w * far, low), (0.43 * w * far, low), (0.37 * w * far, -0.72), (0.47 * w * far, -1.2),
        (0.50 * w * far, -1.56), (0.34 * w * far, -1.68), (0.14, -1.74),
    ])  # fmt: skip


def _skirt(brush: Brush, who: Design, pose: Pose, *, colour: Colour, low: float, flare: float) -> None:
    t, swing = pose.face.turn, pose.skirt
    waist, top = 0.385 * (1 - 0.32 * t), -0.62
    n = 9
    xs = np.linspace(-1, 1, n)
    hem: list[Point] = [
        (float(x * flare * (1 - 0.18 * t) + swing), float(low - 0.06 * x * x + (0.05 if i % 2 else 0.0)))
        for i, x in enumerate(xs)
    ]
    shape = polygon([(-waist, top), (waist, top), *hem[::-1]])
    brush.cel(shape, colour, shade_of(colour), ink_of(colour), light=(0.16, -0.02))
    for i in range(1, n - 1):
        x0 = float(xs[i] * waist)
        if i % 2:
            pleat = polygon([(x0, top + 0.12), hem[i], (hem[i][0] - 0.10, hem[i][1] - 0.03)])
            brush.inside(shape, pleat, shade_of(colour))
        brush.stroke([(x0, top + 0.10), hem[i]], ink_of(colour), line=0.6)
    band = polygon(
        [(-waist, top - 0.04), (waist, top - 0.04), (waist * 1.04, top + 0.08), (-waist * 1.04, top + 0.08)]
    )
    brush.cel(band, shift(colour, value=0.86), None, ink_of(colour), line=0.8)


def _below_school(brush: Brush, who: Design, pose: Pose) -> None:
    if who.build == "girl":
        _skirt(brush, who, pose, colour=who.bottom, low=0.62, flare=0.74)


def _below_dress(brush: Brush, who: Design, pose: Pose) -> None:
    _skirt(brush, who, pose, colour=who.top, low=1.05, flare=0.92)


def _below_coat(brush: Brush, who: Design, pose: Pose) -> None:
    t, s = pose.face.turn, pose.skirt
    tail = smooth([(-0.44, -0.5), (-0.44, -0.5), (-0.60 + s, 1.05), (-0.60 + s, 1.05), (0.05 + s, 1.12), (0.05 + s, 1.12),
                   (0.10, 0.2), (0.16 + s, 1.12), (0.16 + s, 1.12), (0.60 - 0.1 * t + s, 1.02), (0.60 - 0.1 * t + s, 1.02),
                   (0.38, -0.5), (0.38, -0.5)])  # fmt: skip
    brush.cel(tail, who.top, shade_of(who.top), ink_of(who.top), light=(0.14, -0.02))
    belt = polygon([(-0.44, -0.56), (0.38, -0.56), (0.39, -0.42), (-0.45, -0.42)])
    brush.cel(belt, shift(who.top, value=0.7), None, ink_of(who.top), line=0.8)


def _below_none(brush: Brush, who: Design, pose: Pose) -> None:
    return None


def _collar_sailor(brush: Brush, who: Design, t: float, outline: skia.Path) -> None:
    dx = 0.14 * t
    collar = polygon([(-0.42 + dx / 2, -1.62), (-0.14, -1.76), (dx, -1.12), (0.16, -1.76), (0.38, -1.62), (0.30, -1.26),
                      (dx + 0.02, -1.02), (-0.34 + dx, -1.26)])  # fmt: skip
    brush.cel(collar, who.bottom, shade_of(who.bottom), ink_of(who.bottom), light=(0.05, -0.02))
    for side in (-1, 1):
        wing = smooth([(dx, -1.06), (dx + side * 0.20, -1.16), (dx + side * 0.24, -0.98), (dx, -1.02)])
        tail = tube([(dx, -1.04), (dx + side * 0.06, -0.86), (dx + side * 0.13, -0.66)], [0.05, 0.09, 0.11])
        brush.cel(tail, who.accent, shade_of(who.accent), ink_of(who.accent), light=(0.02, -0.02))
        brush.cel(wing, who.accent, shade_of(who.accent), ink_of(who.accent), light=(0.02, -0.02))


def _collar_hoodie(brush: Brush, who: Design, t: float, outline: skia.Path) -> None:
    dx = 0.12 * t
    hood = smooth(
        [
            (-0.46, -1.62),
            (-0.34, -1.86),
            (0.0, -1.70),
            (0.36, -1.84),
            (0.42, -1.62),
            (0.14 + dx, -1.40),
            (dx - 0.10, -1.42),
        ]
    )
    brush.cel(hood, shift(who.top, value=0.9), shade_of(who.top), ink_of(who.top), light=(0.05, -0.05))
    for side in (-1, 1):
        brush.stroke(
            [(dx + side * 0.09, -1.42), (dx + side * 0.10, -1.2), (dx + side * 0.085, -1.08)],
            white(who),
            line=1.1,
        )
    pocket = smooth(
        [
            (-0.24 + dx, -0.52),
            (0.22 + dx, -0.52),
            (0.30 + dx, -0.2),
            (0.30 + dx, -0.10),
            (-0.32 + dx, -0.10),
            (-0.32 + dx, -0.2),
        ]
    )
    brush.canvas.drawPath(pocket, pen(ink_of(who.top), brush.line * 0.7))
    brush.inside(outline, polygon([(-0.7, -0.03), (0.7, -0.03), (0.7, 0.2), (-0.7, 0.2)]), shade_of(who.top))


def _collar_blazer(brush: Brush, who: Design, t: float, outline: skia.Path) -> None:
    dx = 0.14 * t
    shirt = polygon([(-0.17, -1.76), (0.18, -1.76), (dx + 0.02, -0.86)])
    brush.cel(shirt, white(who), shade_of(white(who)), ink_of(who.top), light=(0.04, -0.02))
    tie = polygon(
        [
            (dx * 0.7 - 0.05, -1.62),
            (dx * 0.7 + 0.05, -1.62),
            (dx + 0.075, -1.06),
            (dx + 0.01, -0.93),
            (dx - 0.055, -1.06),
        ]
    )
    brush.cel(tie, who.accent, shade_of(who.accent), ink_of(who.accent), light=(0.03, 0.0))
    for side, x in ((-1, -0.17), (1, 0.18)):
        lapel = polygon(
            [(x, -1.76), (x + side * 0.14, -1.58), (x + side * 0.05 + dx / 2, -1.40), (dx + 0.02, -0.86)]
        )
        brush.cel(lapel, shift(who.top, value=1.1), shade_of(who.top), ink_of(who.top), light=(0.02, -0.02))
    brush.stroke([(dx + 0.02, -0.86), (dx + 0.03, 0.08)], ink_of(who.top), line=0.8)
    _buttons(brush, who, dx + 0.07, (-0.66, -0.40), tint((220, 190, 100), who.light))


def _collar_coat(brush: Brush, who: Design, t: float, outline: skia.Path) -> None:
    dx = 0.14 * t
    scarf = smooth([(-0.27, -1.84), (0.0, -1.74), (0.28, -1.84), (0.32, -1.62), (dx, -1.48), (-0.30, -1.60)])
    tail = tube([(dx - 0.12, -1.56), (dx - 0.18, -1.2), (dx - 0.14, -0.8)], [0.18, 0.22, 0.20])
    brush.stroke([(dx + 0.06, -1.5), (dx + 0.06, 0.05)], ink_of(who.top), line=0.9)
    _buttons(brush, who, dx + 0.14, (-1.2, -0.9), tint((70, 60, 60), who.light))
    brush.cel(tail, who.accent, shade_of(who.accent), ink_of(who.accent), light=(0.05, -0.02))
    brush.cel(scarf, who.accent, shade_of(who.accent), ink_of(who.accent), light=(0.05, -0.05))


def _collar_dress(brush: Brush, who: Design, t: float, outline: skia.Path) -> None:
    dx = 0.12 * t
    neck = smooth([(-0.22, -1.75), (0.0 + dx, -1.56), (0.22, -1.75), (0.0, -1.84)])
    brush.cel(neck, who.skin_shade, None, ink_of(who.skin_shade), line=0.8)
    for side in (-1, 1):
        x = dx * 0.6 + side * 0.16
        flap = smooth([(dx * 0.6, -1.55), (x + side * 0.10, -1.72), (x + side * 0.16, -1.56), (x, -1.44)])
        brush.cel(flap, white(who), shade_of(white(who)), ink_of(who.top), light=(0.03, -0.03))
    _buttons(brush, who, dx * 0.8, (-1.34, -1.12, -0.9), white(who))


def _collar_shirt(brush: Brush, who: Design, t: float, outline: skia.Path) -> None:
    dx = 0.14 * t
    brush.stroke([(dx, -1.5), (dx + 0.01, 0.08)], ink_of(white(who)), line=0.7)
    _buttons(brush, who, dx + 0.03, (-1.3, -1.0, -0.7, -0.4), tint((170, 170, 180), who.light))
    for side in (-1, 1):
        flap = polygon(
            [(side * 0.14, -1.78), (dx * 0.6, -1.60), (dx * 0.5 + side * 0.17, -1.48), (side * 0.25, -1.70)]
        )
        brush.cel(flap, white(who), shade_of(white(who)), ink_of(white(who)), light=(0.02, -0.02))


def _buttons(brush: Brush, who: Design, x: float, ys: tuple[float, ...], colour: Colour) -> None:
    for y in ys:
        dot = skia.Path()
        dot.addCircle(x, y, 0.032)
        brush.cel(dot, colour, None, ink_of(colour), line=0.5)


BELOW = {
    "sailor": _below_school, "blazer": _below_school, "dress": _below_dress,
    "coat": _below_coat, "hoodie": _below_none, "shirt": _below_none,
}  # fmt: skip
DETAIL = {
    "sailor": _collar_sailor, "hoodie": _collar_hoodie, "blazer": _collar_blazer,
    "coat": _collar_coat, "dress": _collar_dress, "shirt": _collar_shirt,
}  # fmt: skip
