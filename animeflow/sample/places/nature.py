"""Fields, woods and the sea."""

from __future__ import annotations

import numpy as np
import skia

from animeflow.sample import scenery as sc
from animeflow.sample.canvas import Colour, fill, gradient, pen, polygon, smooth
from animeflow.sample.places.easel import Easel, paint_sky
from animeflow.sample.scenery import rect
from animeflow.sample.style import LIGHT_OF_HOUR, mix, shift, tint


def field_path(e: Easel) -> None:
    horizon = e.ground - 92
    paint_sky(e, horizon)
    haze = sc.SKY[e.hour][2]
    sc.land(
        e.canvas,
        sc.ridge(e.rng, e.width, horizon + 2, 90, sharp=0.8),
        e.height,
        mix((96, 128, 166), haze, 0.45),
        mix((120, 150, 170), haze, 0.6),
    )
    sc.land(
        e.canvas,
        sc.ridge(e.rng, e.width, horizon + 12, 52),
        e.height,
        mix((84, 130, 112), haze, 0.25),
        mix((120, 164, 118), haze, 0.3),
    )
    for x in np.arange(e.rng.uniform(0, 40), e.width, 34):
        sc.bush(
            e.canvas, e.rng, (x + e.rng.uniform(-14, 14), horizon + 24), e.rng.uniform(28, 60), (74, 122, 86)
        )
    green: Colour = (118, 172, 82)
    sc.land(
        e.canvas,
        sc.ridge(e.rng, e.width, horizon + 34, 18),
        e.height,
        mix(green, (240, 240, 190), 0.25),
        shift(green, value=0.7),
    )
    sc.grass(e.canvas, e.rng, (0, horizon + 34, e.width, e.ground - horizon - 44), green, int(e.width * 1.1))
    for _ in range(int(e.width / 190) + 1):
        sc.tree(
            e.canvas,
            e.rng,
            (e.rng.uniform(0, e.width), horizon + e.rng.uniform(38, 64)),
            e.rng.uniform(90, 170),
            (92, 148, 70),
        )
    road = polygon(
        [(0, e.ground - 16), (e.width, e.ground - 22), (e.width, e.ground + 26), (0, e.ground + 30)]
    )
    e.canvas.drawPath(
        road, gradient((0, e.ground - 20), (0, e.ground + 28), [(214, 190, 150), (176, 148, 112)])
    )
    _fence(e, e.ground - 20)
    sc.grass(
        e.canvas,
        e.rng,
        (0, e.ground + 28, e.width, e.height - e.ground - 10),
        shift(green, value=0.85),
        int(e.width * 0.9),
    )
    sc.flowers(e.canvas, e.rng, (0, e.ground + 34, e.width, e.height - e.ground - 30), int(e.width / 7))


def _fence(e: Easel, y: float) -> None:
    for x in np.arange(-10, e.width + 20, 46):
        e.canvas.drawRect(
            rect(x, y - 30, 5, 34), gradient((x, 0), (x + 5, 0), [(150, 118, 88), (104, 78, 60)])
        )
    for dy in (-26, -14):
        e.canvas.drawRect(rect(0, y + dy, e.width, 3.4), fill((140, 108, 80)))
        e.canvas.drawRect(rect(0, y + dy + 3.0, e.width, 1.0), fill((92, 68, 54)))


def open_sea(e: Easel, distance: float = 165) -> None:
    """Sky, far coast, boats and the sea down to the bottom; `distance` from the ground line up to the horizon."""
    horizon = e.ground - distance
    paint_sky(e, horizon)
    light, deep = sc.SKY[e.hour][2], mix((34, 98, 150), sc.SKY[e.hour][0], 0.4)
    sc.land(
        e.canvas,
        sc.ridge(e.rng, e.width, horizon + 3, 34),
        horizon + 4,
        mix((104, 134, 164), light, 0.4),
        mix((120, 150, 170), light, 0.5),
    )
    e.canvas.drawRect(
        rect(0, horizon, e.width, e.height),
        gradient((0, horizon), (0, e.ground), [mix(deep, light, 0.5), deep]),
    )
    sc.ripples(
        e.canvas,
        e.rng,
        (0, horizon + 2, e.width, e.ground - horizon),
        mix(light, (255, 255, 255), 0.5),
        shift(deep, value=0.8),
        int(e.width * 0.7),
    )
    for _ in range(int(e.width / 260) + 1):
        _boat(e, e.rng.uniform(20, e.width), horizon + e.rng.uniform(8, 46))
    _lighthouse(e, e.rng.uniform(0.1, 0.9) * e.width, horizon + 20)


def sea(e: Easel) -> None:
    open_sea(e, 108)
    paint_quay(e.canvas, e.width, e.height, e.ground, "day")


def _boat(e: Easel, x: float, y: float) -> None:
    s = 0.5 + (y % 50) / 40
    hull = smooth(
        [
            (x - 30 * s, y),
            (x - 30 * s, y),
            (x - 22 * s, y + 10 * s),
            (x + 20 * s, y + 10 * s),
            (x + 32 * s, y - 2),
            (x + 32 * s, y - 2),
        ]
    )
    e.canvas.drawPath(hull, gradient((0, y), (0, y + 10 * s), [(240, 238, 232), (160, 90, 80)]))
    e.canvas.drawRect(rect(x - 12 * s, y - 12 * s, 20 * s, 12 * s), fill((226, 222, 214)))
    e.canvas.drawRect(rect(x - 9 * s, y - 9 * s, 13 * s, 5 * s), fill((90, 120, 150)))
    e.canvas.drawLine(x - 2 * s, y - 12 * s, x - 2 * s, y - 36 * s, pen((110, 96, 90), 1.2))


def _lighthouse(e: Easel, x: float, y: float) -> None:
    e.canvas.drawPath(
        smooth([(x - 46, y + 4), (x - 30, y - 10), (x, y - 16), (x + 34, y - 8), (x + 52, y + 4)]),
        fill((112, 110, 104)),
    )
    tower = polygon([(x - 10, y - 12), (x - 7, y - 84), (x + 7, y - 84), (x + 10, y - 12)])
    e.canvas.drawPath(tower, gradient((x - 10, 0), (x + 10, 0), [(250, 250, 246), (196, 200, 208)]))
    e.canvas.drawPath(
        polygon([(x - 9, y - 34), (x - 8, y - 52), (x + 8, y - 52), (x + 9, y - 34)]), fill((206, 80, 70))
    )
    e.canvas.drawRect(rect(x - 9, y - 88, 18, 4), fill((90, 90, 96)))
    e.canvas.drawRect(rect(x - 5, y - 99, 10, 11), fill((250, 232, 160)))
    e.canvas.drawPath(polygon([(x - 7, y - 99), (x, y - 108), (x + 7, y - 99)]), fill((196, 74, 66)))
    if e.hour == "night":
        e.lights.append(lambda c: sc.disc(c, (x, y - 94), 6, (255, 240, 180)))


def paint_quay(canvas: skia.Canvas, width: float, height: float, ground: float, hour: str) -> None:
    """Stone quay, bollards and railing before the sea, under the hour's light."""
    light = LIGHT_OF_HOUR[hour]
    y = ground - 18

    def lit(*colours: Colour) -> list[Colour]:
        return [tint(c, light) for c in colours]

    canvas.drawRect(
        rect(0, y, width, height), gradient((0, y), (0, height), lit((198, 190, 180), (150, 140, 134)))
    )
    for x in np.arange(-30, width + 30, 64):
        canvas.drawLine(x + 14, y, x - 16, height, pen(tint((160, 150, 142), light), 1.0))
    canvas.drawRect(rect(0, y - 4, width, 6), fill(tint((220, 212, 200), light)))
    for x in np.arange(60, width, 150):
        canvas.drawRoundRect(
            rect(x, y - 20, 12, 20), 3, 3, gradient((x, 0), (x + 12, 0), lit((96, 96, 104), (52, 52, 62)))
        )
        canvas.drawRoundRect(rect(x - 4, y - 24, 20, 7), 3, 3, fill(tint((74, 74, 84), light)))
    for x in np.arange(0, width, 26):
        canvas.drawRect(rect(x, y - 46, 2.6, 44), fill(tint((226, 226, 228), light)))
    for dy in (-46, -30):
        canvas.drawRect(
            rect(0, y + dy, width, 3),
            gradient((0, y + dy), (0, y + dy + 3), lit((244, 244, 244), (170, 176, 186))),
        )


def forest(e: Easel) -> None:
    """Trunks in three distances, light through the leaves, undergrowth, a path."""
    deep: Colour = (44, 84, 66)
    glade: list[Colour] = [(206, 232, 190), (128, 178, 128), deep]
    e.canvas.drawRect(rect(0, 0, e.width, e.height), gradient((0, 0), (0, e.ground), glade, [0.0, 0.5, 1.0]))
    for tone, count, size, value in (
        ((150, 194, 150), 22, 9, 1.0),
        ((98, 146, 110), 14, 17, 0.9),
        ((70, 108, 82), 8, 28, 0.8),
    ):
        base = e.ground - 44 + size * 0.9
        for x in np.sort(e.rng.uniform(-20, e.width + 20, int(count * e.width / 690))):
            w = size * e.rng.uniform(0.7, 1.3)
            trunk = smooth([(x - w, base), (x - w, base), (x - w * 0.45, base - 60), (x - w * 0.4, -10),
                            (x + w * 0.4, -10),
                            (x + w * 0.45, base - 60), (x + w, base), (x + w, base)])  # fmt: skip
            bark = mix((98, 76, 62), tone, 0.55 * value if size < 20 else 0.15)
            e.canvas.drawPath(
                trunk, gradient((x - w, 0), (x + w, 0), [shift(bark, value=1.2), shift(bark, value=0.7)])
            )
        for x in np.arange(-20, e.width + 40, size * 3.2):
            sc.bush(
                e.canvas,
                e.rng,
                (x + e.rng.uniform(-12, 12), base + 4),
                size * e.rng.uniform(3.4, 6),
                shift(tone, value=0.8),
            )
        _canopy(e, tone, size)
    e.canvas.drawRect(
        rect(0, e.ground - 20, e.width, e.height),
        gradient((0, e.ground - 20), (0, e.height), [(120, 150, 84), (74, 98, 62)]),
    )
    sc.grass(e.canvas, e.rng, (0, e.ground - 14, e.width, 20), (112, 156, 80), int(e.width * 0.8))
    road = smooth([(-40, e.ground + 2), (e.width * 0.3, e.ground - 8), (e.width * 0.7, e.ground - 2),
                   (e.width + 40, e.ground - 8),
                   (e.width + 40, e.ground + 26), (e.width * 0.5, e.ground + 30), (-40, e.ground + 24)])  # fmt: skip
    e.canvas.drawPath(
        road, gradient((0, e.ground - 8), (0, e.ground + 30), [(190, 168, 128), (140, 118, 90)])
    )
    sc.grass(
        e.canvas, e.rng, (0, e.ground + 28, e.width, e.height - e.ground), (86, 128, 66), int(e.width * 0.8)
    )
    sc.flowers(e.canvas, e.rng, (0, e.ground + 30, e.width, e.height - e.ground - 28), int(e.width / 12))


def _canopy(e: Easel, tone: Colour, size: float) -> None:
    for _ in range(int(e.width * 10 / size)):
        x, v = e.rng.uniform(0, e.width), e.rng.uniform(0, 1) ** 2
        r = size * e.rng.uniform(0.5, 1.0)
        e.canvas.drawOval(
            rect(x - r, v * (150 - 2.2 * size) - r, 2 * r, 1.4 * r),
            fill(shift(tone, value=e.rng.uniform(0.72, 1.2))),
        )
