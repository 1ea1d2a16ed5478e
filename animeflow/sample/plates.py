"""Painted background plates: one painter per place. A plate is larger than the frame; the camera moves over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import skia

from animeflow.sample import scenery as sc
from animeflow.sample.canvas import Colour, Layer, fill, gradient, pen, polygon, smooth
from animeflow.sample.noise import painted
from animeflow.sample.scenery import rect
from animeflow.sample.style import LIGHT_OF_HOUR, Rng, mix, rng_of, shift, tint

UNIT_HEIGHT = 360.0


@dataclass
class Easel:
    """What a painter works on. Units: `UNIT_HEIGHT` is one frame's height; `ground` is where feet stand."""

    canvas: skia.Canvas
    rng: Rng
    width: float
    height: float
    hour: str
    ground: float
    lights: list[Callable[[skia.Canvas], None]] = field(default_factory=list)


Painter = Callable[[Easel], None]


def paint(
    place: str, *, seed: int, size: tuple[int, int], scale: float, hour: str, ground: float
) -> np.ndarray:
    """The plate RGB uint8 [h, w, 3] of `size` px (width, height); `scale` px per unit, `ground` in units from the top.

    Painted in daylight, tinted by the hour, then lamps, windows and stars are lit: they are sources, not surfaces.
    """
    layer = Layer(size)
    layer.canvas.scale(scale, scale)
    rng = rng_of(seed, "plate", place)
    easel = Easel(layer.canvas, rng, size[0] / scale, size[1] / scale, hour, ground)
    PLACES[place](easel)
    picture = layer.premultiplied()[..., :3]
    wobble, wash = TEXTURE.get(place, (0.55, 0.10))
    picture = painted(rng, picture, wobble=wobble * scale, wash=wash, scale=scale)
    if place in INDOORS or hour == "day":
        return _light_up(picture, easel, scale)
    tinted = picture.astype(np.float32) * (np.asarray(LIGHT_OF_HOUR[hour], np.float32) / 255.0)
    return _light_up(np.clip(np.rint(tinted), 0, 255).astype(np.uint8), easel, scale)


def _light_up(picture: np.ndarray, easel: Easel, scale: float) -> np.ndarray:
    if not easel.lights:
        return picture
    layer = Layer((picture.shape[1], picture.shape[0]))
    layer.canvas.scale(scale, scale)
    for light in easel.lights:
        light(layer.canvas)
    over = layer.premultiplied().astype(np.uint16)
    below = picture.astype(np.uint16) * (255 - over[..., 3:]) // 255
    return np.minimum(over[..., :3] + below, 255).astype(np.uint8)


def _sky(e: Easel, horizon: float) -> None:
    """Sky painted so that the later tint gives the hour's own colours."""
    light = np.asarray(LIGHT_OF_HOUR[e.hour], np.float64) / 255.0
    colours = [tuple(int(min(255, v)) for v in np.asarray(c) / light) for c in sc.SKY[e.hour]]
    e.canvas.drawRect(rect(0, 0, e.width, e.height), gradient((0, 0), (0, horizon), colours, [0.0, 0.6, 1.0]))  # type: ignore[arg-type]
    if e.hour == "night":
        state, moon = (
            e.rng.integers(1 << 30),
            (e.rng.uniform(0.15, 0.85) * e.width, horizon * e.rng.uniform(0.18, 0.4)),
        )
        e.lights.append(
            lambda c: sc.stars(c, np.random.default_rng(state), e.width, horizon, count=int(e.width / 9))
        )
        e.lights.append(lambda c: sc.disc(c, moon, 19, (250, 244, 214)))
    if e.hour == "sunset":
        sc.disc(e.canvas, (e.rng.uniform(0.2, 0.8) * e.width, horizon - 12), 26, (255, 244, 206))
    sc.clouds(e.canvas, e.rng, e.width, horizon, e.hour)


def _field(e: Easel) -> None:
    horizon = e.ground - 92
    _sky(e, horizon)
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


def _city(e: Easel) -> None:
    horizon = e.ground - 60
    _sky(e, horizon)
    haze = sc.SKY[e.hour][2]
    panes: list[tuple[float, float, float, float]] = []
    for far, low, high, wide in ((0.72, 90, 190, 46), (0.42, 70, 210, 72), (0.0, 60, 150, 120)):
        x = -e.rng.uniform(0, wide)
        while x < e.width + 10:
            w, h = wide * e.rng.uniform(0.7, 1.3), e.rng.uniform(low, high)
            wall = WALLS[int(e.rng.integers(len(WALLS)))]
            panes += sc.building(e.canvas, e.rng, (x, e.ground - 40 - h, w, h), wall, haze=haze, far=far)
            x += w + e.rng.uniform(0, 14) * (1 - far)
    _shops(e, panes)
    _road(e)
    posts = []
    for x in np.arange(e.rng.uniform(20, 120), e.width + 200, 230):
        sc.pole(e.canvas, (x, e.ground - 20), 190, (120, 116, 112))
        posts.append((float(x), e.ground - 20 - 184))
    sc.wires(e.canvas, posts, (58, 58, 66))
    if e.hour != "day":
        state = int(e.rng.integers(1 << 30))
        share = 0.35 if e.hour == "night" else 0.12
        e.lights.append(lambda c: sc.lit_windows(c, np.random.default_rng(state), panes, share))


WALLS: tuple[Colour, ...] = (
    (206, 196, 184),
    (186, 196, 204),
    (214, 186, 160),
    (172, 178, 188),
    (196, 170, 160),
    (220, 214, 200),
)


def _shops(e: Easel, panes: list[tuple[float, float, float, float]]) -> None:
    """A row of shop fronts with awnings at street level."""
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
        panes.append((x + 8, y + 34, w * 0.58, 40))
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


AWNINGS: tuple[Colour, ...] = ((196, 72, 66), (66, 118, 160), (80, 140, 96), (220, 160, 70), (140, 90, 140))


def _road(e: Easel) -> None:
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


def _street(e: Easel) -> None:
    """A lane of houses behind a garden wall."""
    horizon = e.ground - 70
    _sky(e, horizon)
    x = -40.0
    panes: list[tuple[float, float, float, float]] = []
    while x < e.width:
        w, h = e.rng.uniform(130, 200), e.rng.uniform(86, 130)
        panes += _house(e, x, e.ground - 20, w, h)
        if e.rng.random() < 0.8:
            sc.tree(e.canvas, e.rng, (x + w + 14, e.ground - 20), e.rng.uniform(110, 170), (88, 140, 78))
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
        sc.bush(e.canvas, e.rng, (e.rng.uniform(0, e.width), y - 2), e.rng.uniform(40, 90), (96, 146, 84))
    _road(e)
    if e.hour != "day":
        state = int(e.rng.integers(1 << 30))
        e.lights.append(lambda c: sc.lit_windows(c, np.random.default_rng(state), panes, 0.5))


def _house(e: Easel, x: float, y: float, w: float, h: float) -> list[tuple[float, float, float, float]]:
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


ROOFS: tuple[Colour, ...] = ((110, 76, 76), (72, 88, 112), (92, 96, 92), (150, 92, 70))


def _open_sea(e: Easel, distance: float = 165) -> None:
    """Sky, far coast, boats and the sea down to the bottom; `distance` from the ground line up to the horizon."""
    horizon = e.ground - distance
    _sky(e, horizon)
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


def _sea(e: Easel) -> None:
    _open_sea(e, 108)
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


def _room(e: Easel) -> None:
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


ROOM_WALLS: tuple[Colour, ...] = ((236, 222, 196), (206, 220, 222), (226, 208, 208), (214, 220, 196))


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


ROOM_CLOTH: tuple[Colour, ...] = ((150, 190, 180), (226, 180, 150), (160, 160, 206), (230, 214, 160))


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


BOOKS: tuple[Colour, ...] = (
    (190, 70, 62),
    (70, 104, 150),
    (86, 136, 96),
    (224, 186, 96),
    (140, 96, 140),
    (232, 226, 210),
    (80, 80, 92),
)


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


def _window_light(e: Easel, floor_y: float) -> None:
    """A slanted patch of light over wall and floor."""
    colour: Colour = {"day": (255, 250, 224), "sunset": (255, 190, 120), "night": (120, 140, 220)}[e.hour]  # type: ignore[assignment]
    x = e.rng.uniform(0.2, 0.7) * e.width
    patch = polygon([(x, floor_y - 150), (x + 120, floor_y - 170), (x + 220, e.height), (x + 60, e.height)])
    paint = fill(colour, 0.16)
    paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 3))
    e.canvas.drawPath(patch, paint)


def _wall(e: Easel) -> None:
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


def _forest(e: Easel) -> None:
    """Trunks in three distances, light through the leaves, undergrowth, a path."""
    deep: Colour = (44, 84, 66)
    glade = [(206, 232, 190), (128, 178, 128), deep]
    e.canvas.drawRect(rect(0, 0, e.width, e.height), gradient((0, 0), (0, e.ground), glade, [0.0, 0.5, 1.0]))  # type: ignore[arg-type]
    for tone, count, size, value in (
        ((150, 194, 150), 22, 9, 1.0),
        ((98, 146, 110), 14, 17, 0.9),
        ((70, 108, 82), 8, 28, 0.8),
    ):
        base = e.ground - 44 + size * 0.9
        for x in np.sort(e.rng.uniform(-20, e.width + 20, int(count * e.width / 690))):
            w = size * e.rng.uniform(0.7, 1.3)
            trunk = smooth([(x - w, base), (x - w, base), (x - w * 0.45, base - 60), (x - w * 0.4, -10), (x + w * 0.4, -10),
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
    road = smooth([(-40, e.ground + 2), (e.width * 0.3, e.ground - 8), (e.width * 0.7, e.ground - 2), (e.width + 40, e.ground - 8),
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


INDOORS = ("room", "wall")
# wobble of the edges in units, unevenness of the wash
TEXTURE = {
    "field": (0.9, 0.12),
    "sea": (0.7, 0.11),
    "open_sea": (0.7, 0.11),
    "forest": (0.9, 0.12),
    "wall": (0.3, 0.02),
}
PLACES: dict[str, Painter] = {
    "field": _field, "city": _city, "street": _street, "sea": _sea, "open_sea": _open_sea, "forest": _forest, "room": _room, "wall": _wall,
}  # fmt: skip


def look(plate: np.ndarray, camera: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The plate as the camera sees it: uint8 [h, w, c]. `camera` [3, 3] maps frame px to plate px.

    Cubic, so that a camera on whole pixels gives the plate's own pixels.
    """
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plate, camera[:2], size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
