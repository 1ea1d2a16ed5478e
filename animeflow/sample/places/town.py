"""Streets: shops and towers, houses behind a garden wall."""

from __future__ import annotations

import numpy as np

from animeflow.sample import scenery as sc
from animeflow.sample.canvas import Colour, fill, gradient, pen, polygon
from animeflow.sample.places.easel import Easel, paint_sky
from animeflow.sample.scenery import rect
from animeflow.sample.style import mix, shift

Box = tuple[float, float, float, float]
"""x, y, width, height in units."""

WALLS: tuple[Colour, ...] = (
    (206, 196, 184),
    (186, 196, 204),
    (214, 186, 160),
    (172, 178, 188),
    (196, 170, 160),
    (220, 214, 200),
)


AWNINGS: tuple[Colour, ...] = ((196, 72, 66), (66, 118, 160), (80, 140, 96), (220, 160, 70), (140, 90, 140))


ROOFS: tuple[Colour, ...] = ((110, 76, 76), (72, 88, 112), (92, 96, 92), (150, 92, 70))


def city(e: Easel) -> None:
    horizon = e.ground - 60
    paint_sky(e, horizon)
    haze = sc.SKY[e.hour][2]
    panes: list[Box] = []
    for far, low, high, wide in ((0.72, 90, 190, 46), (0.42, 70, 210, 72), (0.0, 60, 150, 120)):
        x = -e.rng.uniform(0, wide)
        while x < e.width + 10:
            w, h = wide * e.rng.uniform(0.7, 1.3), e.rng.uniform(low, high)
            wall, box = WALLS[int(e.rng.integers(len(WALLS)))], (x, e.ground - 40 - h, w, h)
            panes = [
                *behind(panes, box),
                *sc.building(e.canvas, e.rng, box, wall, haze=haze, far=far),
            ]
            x += w + e.rng.uniform(0, 14) * (1 - far)
    panes = [*behind(panes, (-60, e.ground - 106, e.width + 120, 110)), *_shops(e)]
    road(e)
    posts = []
    for x in np.arange(e.rng.uniform(20, 120), e.width + 200, 230):
        sc.pole(e.canvas, (x, e.ground - 20), 190, (120, 116, 112))
        posts.append((float(x), e.ground - 20 - 184))
    sc.wires(e.canvas, posts, (58, 58, 66))
    if e.hour != "day":
        state = int(e.rng.integers(1 << 30))
        share = 0.35 if e.hour == "night" else 0.12
        e.lights.append(lambda c: sc.lit_windows(c, np.random.default_rng(state), panes, share))


def behind(panes: list[Box], box: Box) -> list[Box]:
    """The panes that something painted over `box` leaves in sight."""
    x, y, w, h = box
    return [p for p in panes if p[0] + p[2] <= x or p[0] >= x + w or p[1] + p[3] <= y or p[1] >= y + h]


def _shops(e: Easel) -> list[Box]:
    """A row of shop fronts with awnings at street level."""
    panes: list[Box] = []
    x = -e.rng.uniform(0, 60)
    while x < e.width:
        w = e.rng.uniform(86, 140)
        wall = WALLS[int(e.rng.integers(len(WALLS)))]
        y = e.ground - 104
        e.canvas.drawRect(rect(x, y, w, 90), gradient((0, y), (0, y + 90), [wall, shift(wall, value=0.8)]))
        glass = rect(x + 8, y + 34, w * 0.58, 40)
        e.canvas.drawRect(
            glass, gradient((x, y + 34), (x + w * 0.6, y + 74), [(150, 186, 206), (90, 120, 146)])
        )
        panes.append((x + 8, y + 37, w * 0.58, 37))
        e.canvas.drawRect(rect(x + w * 0.72, y + 32, w * 0.18, 56), fill((104, 78, 64)))
        colour = AWNINGS[int(e.rng.integers(len(AWNINGS)))]
        stripes = 8
        for k in range(stripes):
            u0, u1 = x + 2 + (w - 4) * k / stripes, x + 2 + (w - 4) * (k + 1) / stripes
            strip = polygon(
                [(u0 + 3, y + 14), (u1 + 3, y + 14), (u1, y + 32), ((u0 + u1) / 2, y + 36), (u0, y + 32)]
            )
            e.canvas.drawPath(strip, fill(colour if k % 2 else mix(colour, (250, 246, 236), 0.8)))
        e.canvas.drawRect(rect(x + 8, y + 1, w - 16, 12), fill(shift(colour, value=0.8)))
        x += w + 1
    return panes


def road(e: Easel) -> None:
    y = e.ground - 16
    e.canvas.drawRect(
        rect(0, y, e.width, e.height - y), gradient((0, y), (0, e.height), [(186, 180, 174), (150, 146, 148)])
    )
    for x in np.arange(-30, e.width + 30, 44):
        e.canvas.drawLine(x + 20, y, x, e.ground + 24, pen((150, 144, 140), 1.0))
    e.canvas.drawRect(rect(0, y - 3, e.width, 4), fill((126, 122, 122)))
    e.canvas.drawRect(
        rect(0, e.ground + 24, e.width, 7),
        gradient((0, e.ground + 24), (0, e.ground + 31), [(206, 202, 198), (120, 118, 120)]),
    )
    e.canvas.drawRect(
        rect(0, e.ground + 31, e.width, e.height),
        gradient((0, e.ground + 31), (0, e.height), [(104, 104, 112), (84, 84, 94)]),
    )
    for x in np.arange(10, e.width, 120):
        e.canvas.drawPath(
            polygon(
                [(x, e.ground + 50), (x + 62, e.ground + 50), (x + 58, e.ground + 56), (x - 4, e.ground + 56)]
            ),
            fill((220, 216, 204)),
        )


def street(e: Easel) -> None:
    """A lane of houses behind a garden wall."""
    horizon = e.ground - 70
    paint_sky(e, horizon)
    x = -40.0
    panes: list[Box] = []
    while x < e.width:
        w, h = e.rng.uniform(130, 200), e.rng.uniform(86, 130)
        panes = behind(panes, (x - 12, e.ground - h - 64, w + 24, h + 44)) + _house(e, x, e.ground - 20, w, h)
        if e.rng.random() < 0.8:
            foot, tall = (x + w + 14, e.ground - 20), e.rng.uniform(110, 170)
            sc.tree(e.canvas, e.rng, foot, tall, (88, 140, 78))
            panes = behind(panes, (foot[0] - 0.36 * tall, foot[1] - tall, 0.72 * tall, tall))
        x += w + e.rng.uniform(14, 50)
    y = e.ground - 66
    e.canvas.drawRect(
        rect(0, y, e.width, 52), gradient((0, y), (0, y + 52), [(206, 200, 190), (168, 160, 156)])
    )
    for row in range(4):
        for col in np.arange(-20 + 15 * (row % 2), e.width, 30):
            e.canvas.drawRect(rect(col, y + 13 * row, 30, 13), pen((150, 142, 138), 0.7))
    e.canvas.drawRect(rect(0, y - 4, e.width, 6), fill((190, 184, 178)))
    for _ in range(int(e.width / 120)):
        x, w = e.rng.uniform(0, e.width), e.rng.uniform(40, 90)
        sc.bush(e.canvas, e.rng, (x, y - 2), w, (96, 146, 84))
        panes = behind(panes, (x - 0.55 * w, y - 0.42 * w, 1.1 * w, 0.42 * w))
    road(e)
    if e.hour != "day":
        state = int(e.rng.integers(1 << 30))
        e.lights.append(lambda c: sc.lit_windows(c, np.random.default_rng(state), panes, 0.5))


def _house(e: Easel, x: float, y: float, w: float, h: float) -> list[Box]:
    wall = WALLS[int(e.rng.integers(len(WALLS)))]
    roof = ROOFS[int(e.rng.integers(len(ROOFS)))]
    e.canvas.drawRect(rect(x, y - h, w, h), gradient((x, y - h), (x + w, y), [wall, shift(wall, value=0.82)]))
    eave = polygon(
        [(x - 12, y - h + 4), (x + w * 0.2, y - h - 42), (x + w * 0.82, y - h - 42), (x + w + 12, y - h + 4)]
    )
    e.canvas.drawPath(
        eave, gradient((0, y - h - 42), (0, y - h), [shift(roof, value=1.15), shift(roof, value=0.8)])
    )
    for v in np.linspace(0.15, 0.9, 6):
        e.canvas.drawLine(
            x + w * 0.2 * (1 - v),
            y - h - 42 + 46 * v,
            x + w * (0.82 + 0.2 * v),
            y - h - 42 + 46 * v,
            pen(shift(roof, value=0.7), 0.8),
        )
    panes = [(x + w * u, y - h + 18, w * 0.17, 26.0) for u in (0.14, 0.42, 0.70)]
    for px, py, pw, ph in panes:
        e.canvas.drawRect(rect(px - 2, py - 2, pw + 4, ph + 4), fill((236, 232, 226)))
        e.canvas.drawRect(
            rect(px, py, pw, ph), gradient((px, py), (px + pw, py + ph), [(160, 196, 214), (86, 112, 140)])
        )
        e.canvas.drawLine(px + pw / 2, py, px + pw / 2, py + ph, pen((236, 232, 226), 1.4))
    return panes
