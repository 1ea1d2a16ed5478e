"""Hair in the head's units: the mass behind the head, the fringe before the face, locks, loose strands, gloss."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import skia

from animeflow.sample.canvas import Brush, Colour, Point, smooth, tube
from animeflow.sample.face import INK
from animeflow.sample.style import Design, mix, shift

# the lowest points of the fringe, from the far side to the near side; between two lies a gap
FRINGES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.40, 0.10), (0.25, 0.03), (0.08, 0.07), (-0.10, 0.01), (-0.26, 0.06), (-0.40, 0.12)),
    ((0.42, 0.16), (0.30, 0.06), (0.10, 0.10), (-0.16, -0.10), (-0.30, 0.02), (-0.42, 0.16)),
    ((0.44, 0.20), (0.32, 0.08), (0.16, -0.10), (-0.10, -0.12), (-0.28, 0.06), (-0.43, 0.20)),
    (
        (0.42, 0.08),
        (0.33, 0.03),
        (0.23, 0.05),
        (0.13, 0.02),
        (0.03, 0.05),
        (-0.08, 0.02),
        (-0.18, 0.05),
        (-0.29, 0.02),
        (-0.40, 0.10),
    ),
)
LENGTH_BEHIND = {"long": 1.75, "bob": 0.62, "short": 0.34, "ponytail": 0.36, "twintails": 0.36, "spiky": 0.36}


def shade_of(colour: Colour) -> Colour:
    """The shadow colour of hair: darker and towards violet."""
    return mix(shift(colour, value=0.68), (70, 50, 110), 0.18)


def draw_back_hair(brush: Brush, who: Design, *, turn: float, sway: float) -> None:
    """Everything behind the neck and the body; `sway` (-1 to 1) moves the tips sideways."""
    shade, ink = shade_of(who.hair), mix(INK, who.hair, 0.2)
    if who.cut == "ponytail":
        _tail(brush, who, (-0.34, -0.34), sway, 1.35, ink)
    if who.cut == "twintails":
        _tail(brush, who, (0.42, -0.26), sway, 1.5, ink, side=1)
    mass = _mass(who, turn, sway)
    brush.cel(mass, shade, None, ink)
    for x in np.linspace(-0.34, 0.34, 5):
        low = LENGTH_BEHIND[who.cut]
        brush.taper(
            [(x, 0.1), (x * 1.1 + 0.06 * sway, low * 0.6), (x * 1.15 + 0.2 * sway, low * 0.96)], ink, line=0.6
        )


def _mass(who: Design, turn: float, sway: float) -> skia.Path:
    low, dx = LENGTH_BEHIND[who.cut], 0.16 * sway
    wide = 0.50 if who.cut in ("short", "spiky", "ponytail", "twintails") else 0.60
    back = 0.10 * turn
    tips: list[Point] = []
    xs = np.linspace(wide * 0.92, -wide * 1.0 - back, 8)
    for i, x in enumerate(xs):
        y = low + (0.05 if i % 2 else -0.10) - 0.10 * abs(x)
        tip = (float(x) + dx * (low / 1.2), float(y))
        tips += [tip, tip] if i % 2 else [tip]
    top = [
        (-0.52 - back, 0.1),
        (-0.54 - back, -0.3),
        (-0.32, -0.66),
        (0.1, -0.70),
        (0.46, -0.42),
        (0.52, 0.05),
    ]
    return smooth([*top, *tips])


def _tail(
    brush: Brush, who: Design, root: Point, sway: float, length: float, ink: Colour, *, side: int = -1
) -> None:
    x, y = root
    bend = 0.22 * sway
    spine = [(x, y), (x + side * 0.26, y + 0.10), (x + side * 0.36 + bend * 0.3, y + length * 0.4),
             (x + side * 0.30 + bend * 0.8, y + length * 0.75), (x + side * 0.22 + bend * 1.6, y + length)]  # fmt: skip
    shape = tube(spine, [0.16, 0.30, 0.36, 0.26, 0.0])
    brush.cel(shape, who.hair, shade_of(who.hair), ink, light=(0.05, -0.02))
    for off in (-0.05, 0.06):
        line = [(px + off * (1 - i / 4), py) for i, (px, py) in enumerate(spine)]
        brush.taper(line[1:], ink, line=0.6)
    band = skia.Path()
    band.addOval(skia.Rect.MakeXYWH(x + side * 0.06 - 0.09, y - 0.06, 0.18, 0.16))
    brush.cel(band, who.accent, shift(who.accent, value=0.7), ink, light=(0.02, -0.02))


def draw_front_hair(brush: Brush, who: Design, *, turn: float, sway: float) -> None:
    """Cap, fringe, side locks, near tail, ahoge and loose strands, over the face."""
    ink, shade = mix(INK, who.hair, 0.2), shade_of(who.hair)
    if who.cut != "spiky" and who.build == "girl":
        _side_lock(brush, who, 0.455 - 0.03 * turn, 1, sway, ink)
    cap = _cap(who, turn)
    brush.cel(cap, who.hair, shade, ink, light=(0.03, -0.045))
    _gloss(brush, cap, who, turn)
    _fringe_lines(brush, who, turn, ink)
    if who.build == "girl":
        _side_lock(brush, who, -0.45 + 0.06 * turn, -1, sway, ink)
    if who.cut == "twintails":
        _tail(brush, who, (-0.46, -0.26), sway, 1.5, ink)
    _loose_strands(brush, who, sway, ink)


def _fringe_points(who: Design, turn: float) -> list[Point]:
    return [(x + 0.10 * turn * (1 - abs(x) / 0.5), y) for x, y in FRINGES[who.fringe]]


def _cap(who: Design, turn: float) -> skia.Path:
    """Crown arc, then the fringe tip by tip."""
    path = skia.Path()
    back = 0.07 * turn
    path.moveTo(-0.49 - back * 0.5, 0.26)
    path.cubicTo(-0.60 - back, -0.05, -0.58 - back, -0.42, -0.34, -0.62)
    _crown(path, who)
    path.cubicTo(0.57, -0.40, 0.56, -0.05, 0.475, 0.24)
    previous: Point = (0.475, 0.24)
    for x, y in _fringe_points(who, turn):
        gap = ((previous[0] + x) / 2 + 0.012, min(previous[1], y) - 0.17)
        path.quadTo(previous[0] - 0.015, (previous[1] + gap[1]) / 2, *gap)
        path.quadTo(gap[0] - 0.01, (gap[1] + y) / 2, x, y)
        previous = (x, y)
    path.quadTo(-0.44, 0.0, -0.455, -0.02)
    path.quadTo(-0.46, 0.14, -0.49 - back * 0.5, 0.26)
    path.close()
    return path


SPIKES = (
    ((-0.60, -0.62), (-0.42, -0.60)), ((-0.40, -0.86), (-0.20, -0.72)), ((0.0, -0.96), (0.12, -0.73)),
    ((0.34, -0.86), (0.36, -0.62)), ((0.60, -0.62), (0.50, -0.42)),
)  # fmt: skip


def _crown(path: skia.Path, who: Design) -> None:
    if who.cut == "spiky":
        for tip, valley in SPIKES:
            path.quadTo(valley[0] - 0.12, tip[1] + 0.10, *tip)
            path.quadTo(tip[0] + 0.05, tip[1] + 0.12, *valley)
        return
    path.cubicTo(-0.16, -0.75, 0.16, -0.76, 0.40, -0.58)


def _from_whorl(x: float, y: float, turn: float, share: float) -> Point:
    """A point `share` of the way from (x, y) up to the whorl, along the fall of the hair."""
    wx, wy = 0.05 * turn, -0.66
    bow = 0.10 * x * (1 - share) * share * 4
    return (x + (wx - x) * share + bow, y + (wy - y) * share)


def _gloss(brush: Brush, cap: skia.Path, who: Design, turn: float) -> None:
    """The band of light round the crown, strand by strand, and darker strands that run down into the fringe."""
    light, deep = mix(who.hair, (255, 255, 255), 0.38), mix(who.hair, shade_of(who.hair), 0.55)
    for i, x in enumerate(np.linspace(-0.50, 0.50, 15)):
        x = float(x)
        edge = 0.08 + 0.30 * x * x
        if i % 3 == 1:
            strand = [_from_whorl(x, edge, turn, u) for u in (0.06, 0.30, 0.55, 0.80)]
            brush.inside(cap, tube(strand, [0.0, 0.030, 0.026, 0.0]), deep)
        if i in (6, 11):
            continue
        length = (0.13, 0.20, 0.16, 0.22)[i % 4]
        gleam = [_from_whorl(x, edge, turn, 0.56 + length * (u - 0.6)) for u in (0.0, 0.35, 0.7, 1.0)]
        brush.inside(cap, tube(gleam, [0.0, 0.052, 0.056, 0.0]), light)


def _fringe_lines(brush: Brush, who: Design, turn: float, ink: Colour) -> None:
    points = _fringe_points(who, turn)
    for (xa, ya), (xb, yb) in pairwise(points):
        x, y = (xa + xb) / 2, min(ya, yb) - 0.17
        brush.taper(
            [(x + 0.012, y), (x * 0.82 + 0.01, y - 0.13), (x * 0.55 + 0.03 * turn, y - 0.27)], ink, line=0.65
        )


def _side_lock(brush: Brush, who: Design, x: float, side: int, sway: float, ink: Colour) -> None:
    low = 0.80 if who.cut == "long" else 0.52
    bend = 0.07 * sway
    spine = [
        (x, -0.22),
        (x + side * 0.045, 0.12),
        (x + side * 0.03 + bend * 0.5, low * 0.65),
        (x - side * 0.03 + bend, low),
    ]
    shape = tube(spine, [0.05, 0.14, 0.12, 0.0])
    brush.cel(shape, who.hair, shade_of(who.hair), ink, light=(0.03, -0.01))
    brush.taper([(px - 0.012, py) for px, py in spine[:3]], ink, line=0.55)


def _loose_strands(brush: Brush, who: Design, sway: float, ink: Colour) -> None:
    s = 0.05 * sway
    strands = [
        [(-0.02, -0.70), (0.06 + s, -0.86), (0.20 + 2 * s, -0.84)],
        [(-0.50, 0.05), (-0.60 + s, 0.28), (-0.58 + 2 * s, 0.50)],
        [(0.50, 0.02), (0.575 + s, 0.22), (0.545 + 2 * s, 0.40)],
        [(-0.40, -0.55), (-0.56 + s, -0.58), (-0.65 + s, -0.48)],
    ]
    for strand in strands if who.cowlick else strands[1:]:
        brush.taper(strand, ink, line=0.75)
