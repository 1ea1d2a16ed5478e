"""Rooms, and the plain wall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import skia

from animeflow.sample import scenery as sc
from animeflow.sample.canvas import Colour, fill, gradient, pen, polygon, smooth
from animeflow.sample.places.easel import Easel
from animeflow.sample.scenery import rect
from animeflow.sample.style import mix, shift

ROOM_WALLS: tuple[Colour, ...] = ((236, 222, 196), (206, 220, 222), (226, 208, 208), (214, 220, 196))


ROOM_CLOTH: tuple[Colour, ...] = ((150, 190, 180), (226, 180, 150), (160, 160, 206), (230, 214, 160))


BOOKS: tuple[Colour, ...] = (
    (190, 70, 62),
    (70, 104, 150),
    (86, 136, 96),
    (224, 186, 96),
    (140, 96, 140),
    (232, 226, 210),
    (80, 80, 92),
)


def room(e: Easel) -> None:
    """A bedroom or study: wall, window, shelf, desk, boards; drawn larger, as indoor shots stand closer."""
    closer = 1.45
    e.canvas.scale(closer, closer)
    _interior(replace(e, width=e.width / closer, height=e.height / closer, ground=e.ground / closer))


def _interior(e: Easel) -> None:
    wall = ROOM_WALLS[int(e.rng.integers(len(ROOM_WALLS)))]
    floor_y = e.ground - 34
    e.canvas.drawRect(
        rect(0, 0, e.width, floor_y),
        gradient((0, 0), (e.width * 0.6, floor_y), [shift(wall, value=1.05), shift(wall, value=0.86)]),
    )
    for x in np.arange(6, e.width, 22):
        e.canvas.drawRect(rect(x, 0, 6, floor_y), fill(shift(wall, value=0.96), 0.6))
    e.canvas.drawRect(
        rect(0, floor_y, e.width, e.height),
        gradient((0, floor_y), (0, e.height), [(176, 128, 90), (132, 90, 64)]),
    )
    for k, y in enumerate(np.geomspace(8, e.height - floor_y + 10, 7)):
        e.canvas.drawLine(0, floor_y + y, e.width, floor_y + y, pen((112, 76, 54), 1.0))
        for x in np.arange((k * 57) % 120, e.width, 130):
            e.canvas.drawLine(x, floor_y + y, x - 6, floor_y + y * 1.5, pen((112, 76, 54), 1.0))
    e.canvas.drawRect(rect(0, floor_y - 9, e.width, 10), fill(mix(wall, (120, 86, 66), 0.7)))
    x, order = -e.rng.uniform(0, 60), [int(i) for i in e.rng.permutation(len(FURNITURE))]
    while x < e.width:
        x += FURNITURE[order[0]](e, x, floor_y) + e.rng.uniform(16, 46)
        order = [*order[1:], order[0]]
    _window_light(e, floor_y)


def _window(e: Easel, x: float, floor_y: float) -> float:
    w, h, y = 150.0, 130.0, floor_y - 210
    e.canvas.drawRect(rect(x - 6, y - 6, w + 12, h + 12), fill((242, 236, 226)))
    e.canvas.save()
    e.canvas.clipRect(rect(x, y, w, h))
    top, middle, low = sc.SKY[e.hour]
    e.canvas.drawRect(rect(x, y, w, h), gradient((0, y), (0, y + h), [top, middle, low], [0.0, 0.6, 1.0]))
    sc.cloud(e.canvas, e.rng, (x + w * e.rng.uniform(0.3, 0.8), y + h * 0.7), 90, e.hour)
    sc.tree(e.canvas, e.rng, (x + w * e.rng.uniform(0.1, 0.9), y + h + 30), 110, (86, 136, 74))
    e.canvas.restore()
    e.canvas.drawLine(x + w / 2, y, x + w / 2, y + h, pen((242, 236, 226), 5))
    e.canvas.drawRect(rect(x, y, w, h), pen((170, 150, 130), 1.6))
    cloth = ROOM_CLOTH[int(e.rng.integers(len(ROOM_CLOTH)))]
    for side in (0, 1):
        for k in range(5):
            cx = x - 26 + k * 8 if side == 0 else x + w - 14 + k * 8
            fold = smooth(
                [
                    (cx, y - 14),
                    (cx + 9, y - 14),
                    (cx + 10, y + 80),
                    (cx + 7, y + h + 26),
                    (cx - 1, y + h + 26),
                    (cx + 1, y + 80),
                ]
            )
            e.canvas.drawPath(
                fold, gradient((cx, 0), (cx + 9, 0), [shift(cloth, value=1.08), shift(cloth, value=0.74)])
            )
    e.canvas.drawRect(rect(x - 34, y - 18, w + 68, 5), fill((130, 96, 72)))
    return w + 40


def _shelf(e: Easel, x: float, floor_y: float) -> float:
    w, h = 120.0, 190.0
    y = floor_y - h
    e.canvas.drawRect(rect(x, y, w, h), fill((120, 82, 58)))
    for row in range(4):
        top = y + 6 + row * 46
        e.canvas.drawRect(rect(x + 5, top, w - 10, 40), fill((84, 56, 44)))
        bx = x + 7.0
        while bx < x + w - 14:
            bw, bh = e.rng.uniform(4, 9), e.rng.uniform(26, 37)
            tone = mix(BOOKS[int(e.rng.integers(len(BOOKS)))], (90, 70, 60), 0.15)
            e.canvas.drawRect(
                rect(bx, top + 40 - bh, bw, bh),
                gradient((bx, 0), (bx + bw, 0), [shift(tone, value=1.1), shift(tone, value=0.75)]),
            )
            e.canvas.drawRect(rect(bx, top + 46 - bh, bw, 1.6), fill((240, 226, 190), 0.6))
            bx += bw + (e.rng.uniform(4, 16) if e.rng.random() < 0.12 else 0.4)
    return w


def _desk(e: Easel, x: float, floor_y: float) -> float:
    w, y = 150.0, floor_y - 78
    for leg in (x + 4, x + w - 12):
        e.canvas.drawRect(rect(leg, y, 8, 80), fill((112, 76, 54)))
    e.canvas.drawRect(
        rect(x + w - 54, y, 50, 44), gradient((0, y), (0, y + 44), [(150, 106, 74), (120, 82, 58)])
    )
    e.canvas.drawCircle(x + w - 29, y + 22, 2.6, fill((220, 200, 150)))
    e.canvas.drawRect(
        rect(x - 4, y - 7, w + 8, 9), gradient((0, y - 7), (0, y + 2), [(196, 146, 100), (140, 98, 68)])
    )
    e.canvas.drawLine(x + 26, y - 8, x + 20, y - 40, pen((90, 96, 110), 2.4))
    e.canvas.drawPath(
        polygon([(x + 8, y - 34), (x + 20, y - 52), (x + 38, y - 40), (x + 30, y - 30)]), fill((220, 120, 90))
    )
    for k in range(3):
        e.canvas.drawRect(
            rect(x + 70 + 2 * k, y - 12 - 5 * k, 34 - 3 * k, 5), fill(BOOKS[int(e.rng.integers(len(BOOKS)))])
        )
    return w


def _poster(e: Easel, x: float, floor_y: float) -> float:
    w, h, y = 74.0, 100.0, floor_y - 206
    tone = BOOKS[int(e.rng.integers(len(BOOKS)))]
    e.canvas.drawRect(rect(x, y, w, h), fill((246, 242, 232)))
    e.canvas.drawRect(
        rect(x + 5, y + 5, w - 10, h - 10),
        gradient((x, y), (x + w, y + h), [mix(tone, (255, 255, 255), 0.4), tone]),
    )
    e.canvas.drawCircle(x + w * 0.62, y + h * 0.36, 13, fill((250, 240, 210)))
    e.canvas.drawPath(
        polygon(
            [
                (x + 5, y + h * 0.8),
                (x + 28, y + h * 0.45),
                (x + 48, y + h * 0.7),
                (x + w - 5, y + h * 0.6),
                (x + w - 5, y + h - 5),
                (x + 5, y + h - 5),
            ]
        ),
        fill(shift(tone, value=0.6)),
    )
    bed_y = floor_y - 40
    e.canvas.drawRoundRect(
        rect(x - 20, bed_y, 150, 40),
        8,
        8,
        gradient((0, bed_y), (0, bed_y + 40), [(240, 236, 232), shift(tone, value=0.9)]),
    )
    e.canvas.drawRoundRect(rect(x - 14, bed_y - 10, 46, 18), 8, 8, fill((250, 248, 246)))
    return w + 56


FURNITURE = (_window, _shelf, _desk, _poster)


WINDOW_LIGHT: dict[str, Colour] = {
    "day": (255, 250, 224),
    "sunset": (255, 190, 120),
    "night": (120, 140, 220),
}


def _window_light(e: Easel, floor_y: float) -> None:
    """A slanted patch of light over wall and floor."""
    colour = WINDOW_LIGHT[e.hour]
    x = e.rng.uniform(0.2, 0.7) * e.width
    patch = polygon([(x, floor_y - 150), (x + 120, floor_y - 170), (x + 220, e.height), (x + 60, e.height)])
    paint = fill(colour, 0.16)
    paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 3))
    e.canvas.drawPath(patch, paint)


def plain_wall(e: Easel) -> None:
    """A plain wall: nothing but paint and a skirting board."""
    colour = (238, 236, 230)
    e.canvas.drawRect(
        rect(0, 0, e.width, e.height),
        gradient((0, 0), (e.width, e.height), [shift(colour, value=1.03), shift(colour, value=0.95)]),
    )
    y = e.ground - 26
    e.canvas.drawRect(rect(0, y - 10, e.width, 10), fill((214, 208, 198)))
    e.canvas.drawRect(
        rect(0, y, e.width, e.height), gradient((0, y), (0, e.height), [(170, 150, 132), (130, 112, 100)])
    )
