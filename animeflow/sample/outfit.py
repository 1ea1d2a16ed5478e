"""Clothes, drawn in the body's units over the torso and the legs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Fitting:
    """What the parts of an outfit are drawn with: brush, wearer, pose, the outline of the torso."""

    brush: Brush
    who: Design
    pose: Pose
    outline: skia.Path

    @property
    def turn(self) -> float:
        return self.pose.face.turn

    def cloth(self, shape: skia.Path, colour: Colour, light: Point, *, line: float = 1.0) -> None:
        """A piece of cloth in two tones."""
        self.brush.cel(shape, colour, shade_of(colour), ink_of(colour), light=light, line=line)

    def plain(self, shape: skia.Path, colour: Colour, *, line: float = 0.8) -> None:
        """A small piece in one tone."""
        self.brush.cel(shape, colour, None, ink_of(colour), line=line)


def draw_torso(brush: Brush, who: Design, pose: Pose) -> None:
    """The top, what hangs below the waist, then collar and trimmings."""
    fit = Fitting(brush, who, pose, torso_outline(pose.face.turn, who))
    fit.cloth(fit.outline, TOP[who.outfit](who), (0.10, -0.02))
    for part in (BELOW.get(who.outfit), COLLAR[who.outfit]):
        if part is not None:
            part(fit)


def shoulder_width(who: Design) -> float:
    """Breadth of the upper body against a slim girl's."""
    return (1.16 if who.build == "boy" else 1.05) * (1.08 if who.outfit in ("hoodie", "coat") else 1.0)


def torso_outline(t: float, who: Design) -> skia.Path:
    w = shoulder_width(who)
    near, far = 1 - 0.30 * t, 1 - 0.42 * t
    low = 0.10 if who.outfit in ("hoodie", "shirt", "blazer", "coat") else -0.45
    return smooth([
        (-0.13, -1.74), (-0.36 * w * near, -1.68), (-0.52 * w * near, -1.56), (-0.47 * w * near, -1.2),
        (-0.38 * w * near, -0.72), (-0.43 * w * near, low), (-0.43 * w * near, low), (0.0, low + 0.04),
        (0.43 * w * far, low), (0.43 * w * far, low), (0.37 * w * far, -0.72), (0.47 * w * far, -1.2),
        (0.50 * w * far, -1.56), (0.34 * w * far, -1.68), (0.14, -1.74),
    ])  # fmt: skip


def _skirt(fit: Fitting, *, colour: Colour, low: float, flare: float) -> None:
    t, swing = fit.turn, fit.pose.skirt
    waist, top, n = 0.40 * (1 - 0.32 * t), -0.62, 9
    xs = [-1 + 2 * i / (n - 1) for i in range(n)]
    hem: list[Point] = [
        (x * flare * (1 - 0.18 * t) + swing, low - 0.06 * x * x + (0.05 if i % 2 else 0.0))
        for i, x in enumerate(xs)
    ]
    shape = polygon([(-waist, top), (waist, top), *hem[::-1]])
    fit.cloth(shape, colour, (0.16, -0.02))
    for i in range(1, n - 1):
        x0 = xs[i] * waist
        if i % 2:
            pleat = polygon([(x0, top + 0.12), hem[i], (hem[i][0] - 0.10, hem[i][1] - 0.03)])
            fit.brush.inside(shape, pleat, shade_of(colour))
        fit.brush.stroke([(x0, top + 0.10), hem[i]], ink_of(colour), line=0.6)
    lower = waist * 1.04
    band = polygon([(-waist, top - 0.04), (waist, top - 0.04), (lower, top + 0.08), (-lower, top + 0.08)])
    fit.plain(band, shift(colour, value=0.86))


def _below_school(fit: Fitting) -> None:
    if fit.who.build == "girl":
        _skirt(fit, colour=fit.who.bottom, low=0.62, flare=0.74)


def _below_dress(fit: Fitting) -> None:
    _skirt(fit, colour=fit.who.top, low=1.05, flare=0.92)


def _below_coat(fit: Fitting) -> None:
    s, right = fit.pose.skirt, 0.60 - 0.1 * fit.turn + fit.pose.skirt
    corners = [
        (-0.46, -0.5),
        (-0.60 + s, 1.05),
        (0.05 + s, 1.12),
        (0.16 + s, 1.12),
        (right, 1.02),
        (0.40, -0.5),
    ]
    doubled = [p for point in corners for p in (point, point)]
    doubled.insert(6, (0.10, 0.2))  # the slit
    fit.cloth(smooth(doubled), fit.who.top, (0.14, -0.02))
    belt = polygon([(-0.46, -0.56), (0.40, -0.56), (0.41, -0.42), (-0.47, -0.42)])
    fit.plain(belt, shift(fit.who.top, value=0.7))


def _collar_sailor(fit: Fitting) -> None:
    dx, who = 0.14 * fit.turn, fit.who
    collar = [
        (-0.44 + dx / 2, -1.62),
        (-0.14, -1.76),
        (dx, -1.12),
        (0.16, -1.76),
        (0.40, -1.62),
        (0.31, -1.26),
    ]
    fit.cloth(polygon([*collar, (dx + 0.02, -1.02), (-0.35 + dx, -1.26)]), who.bottom, (0.05, -0.02))
    for side in (-1, 1):
        wing = smooth([(dx, -1.06), (dx + side * 0.20, -1.16), (dx + side * 0.24, -0.98), (dx, -1.02)])
        tail = tube([(dx, -1.04), (dx + side * 0.06, -0.86), (dx + side * 0.13, -0.66)], [0.05, 0.09, 0.11])
        fit.cloth(tail, who.accent, (0.02, -0.02))
        fit.cloth(wing, who.accent, (0.02, -0.02))


def _collar_hoodie(fit: Fitting) -> None:
    dx, top = 0.12 * fit.turn, fit.who.top
    hood = [
        (-0.46, -1.62),
        (-0.34, -1.88),
        (0.0, -1.72),
        (0.36, -1.86),
        (0.42, -1.62),
        (0.14 + dx, -1.40),
        (dx - 0.10, -1.42),
    ]
    fit.cloth(smooth(hood), shift(top, value=0.9), (0.05, -0.05))
    for side in (-1, 1):
        cord = [(dx + side * 0.09, -1.42), (dx + side * 0.10, -1.2), (dx + side * 0.085, -1.08)]
        fit.brush.stroke(cord, white(fit.who), line=1.1)
    pocket = [(-0.24, -0.52), (0.22, -0.52), (0.30, -0.2), (0.30, -0.10), (-0.32, -0.10), (-0.32, -0.2)]
    fit.brush.canvas.drawPath(
        smooth([(x + dx, y) for x, y in pocket]), pen(ink_of(top), fit.brush.line * 0.7)
    )
    hem = polygon([(-0.7, -0.03), (0.7, -0.03), (0.7, 0.2), (-0.7, 0.2)])
    fit.brush.inside(fit.outline, hem, shade_of(top))


def _collar_blazer(fit: Fitting) -> None:
    dx, who = 0.14 * fit.turn, fit.who
    fit.cloth(polygon([(-0.17, -1.76), (0.18, -1.76), (dx + 0.02, -0.86)]), white(who), (0.04, -0.02))
    x = dx * 0.7
    tie = polygon(
        [(x - 0.05, -1.62), (x + 0.05, -1.62), (dx + 0.075, -1.06), (dx + 0.01, -0.93), (dx - 0.055, -1.06)]
    )
    fit.cloth(tie, who.accent, (0.03, 0.0))
    for side, x in ((-1, -0.17), (1, 0.18)):
        lapel = [(x, -1.76), (x + side * 0.14, -1.58), (x + side * 0.05 + dx / 2, -1.40), (dx + 0.02, -0.86)]
        fit.cloth(polygon(lapel), shift(who.top, value=1.1), (0.02, -0.02))
    fit.brush.stroke([(dx + 0.02, -0.86), (dx + 0.03, 0.08)], ink_of(who.top), line=0.8)
    _buttons(fit, dx + 0.07, (-0.66, -0.40), tint((220, 190, 100), who.light))


def _collar_coat(fit: Fitting) -> None:
    dx, who = 0.14 * fit.turn, fit.who
    scarf = smooth([(-0.27, -1.86), (0.0, -1.76), (0.28, -1.86), (0.32, -1.62), (dx, -1.48), (-0.30, -1.60)])
    tail = tube([(dx - 0.12, -1.56), (dx - 0.18, -1.2), (dx - 0.14, -0.8)], [0.18, 0.22, 0.20])
    fit.brush.stroke([(dx + 0.06, -1.5), (dx + 0.06, 0.05)], ink_of(who.top), line=0.9)
    _buttons(fit, dx + 0.14, (-1.2, -0.9), tint((70, 60, 60), who.light))
    fit.cloth(tail, who.accent, (0.05, -0.02))
    fit.cloth(scarf, who.accent, (0.05, -0.05))


def _collar_dress(fit: Fitting) -> None:
    dx, who = 0.12 * fit.turn, fit.who
    fit.plain(smooth([(-0.22, -1.75), (0.0 + dx, -1.56), (0.22, -1.75), (0.0, -1.84)]), who.skin_shade)
    for side in (-1, 1):
        x = dx * 0.6 + side * 0.16
        flap = smooth([(dx * 0.6, -1.55), (x + side * 0.10, -1.72), (x + side * 0.16, -1.56), (x, -1.44)])
        fit.cloth(flap, white(who), (0.03, -0.03))
    _buttons(fit, dx * 0.8, (-1.34, -1.12, -0.9), white(who))


def _collar_shirt(fit: Fitting) -> None:
    dx, who = 0.14 * fit.turn, fit.who
    fit.brush.stroke([(dx, -1.5), (dx + 0.01, 0.08)], ink_of(white(who)), line=0.7)
    _buttons(fit, dx + 0.03, (-1.3, -1.0, -0.7, -0.4), tint((170, 170, 180), who.light))
    for side in (-1, 1):
        flap = [
            (side * 0.14, -1.78),
            (dx * 0.6, -1.60),
            (dx * 0.5 + side * 0.17, -1.48),
            (side * 0.25, -1.70),
        ]
        fit.cloth(polygon(flap), white(who), (0.02, -0.02))


def _buttons(fit: Fitting, x: float, ys: tuple[float, ...], colour: Colour) -> None:
    for y in ys:
        dot = skia.Path()
        dot.addCircle(x, y, 0.032)
        fit.plain(dot, colour, line=0.5)


BELOW: dict[str, Callable[[Fitting], None]] = {
    "sailor": _below_school, "blazer": _below_school, "dress": _below_dress, "coat": _below_coat,
}  # fmt: skip
COLLAR: dict[str, Callable[[Fitting], None]] = {
    "sailor": _collar_sailor, "hoodie": _collar_hoodie, "blazer": _collar_blazer,
    "coat": _collar_coat, "dress": _collar_dress, "shirt": _collar_shirt,
}  # fmt: skip
