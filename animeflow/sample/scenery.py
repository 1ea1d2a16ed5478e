"""What background painters paint: sky, clouds, hills, trees, houses, water, furniture. Units: a frame is 360 high."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import skia

from animeflow.sample.canvas import Colour, Point, fill, gradient, pen, polygon, smooth
from animeflow.sample.style import mix, shift

Rng = np.random.Generator
SKY: dict[str, tuple[Colour, Colour, Colour]] = {
    "day": ((66, 140, 218), (136, 196, 236), (226, 240, 244)),
    "sunset": ((74, 74, 140), (236, 132, 108), (255, 214, 150)),
    "night": ((10, 14, 40), (24, 34, 76), (60, 66, 112)),
}
CLOUD: dict[str, tuple[Colour, Colour]] = {
    "day": ((255, 255, 255), (190, 212, 234)),
    "sunset": ((255, 206, 160), (190, 112, 128)),
    "night": ((66, 74, 118), (38, 44, 84)),
}


def rect(x: float, y: float, w: float, h: float) -> skia.Rect:
    return skia.Rect.MakeXYWH(float(x), float(y), float(w), float(h))


def sky(canvas: skia.Canvas, width: float, horizon: float, hour: str) -> None:
    canvas.drawRect(
        rect(0, 0, width, horizon + 2), gradient((0, 0), (0, horizon), list(SKY[hour]), [0.0, 0.6, 1.0])
    )


def stars(canvas: skia.Canvas, rng: Rng, width: float, horizon: float, *, count: int) -> None:
    for _ in range(count):
        x, y, r = rng.uniform(0, width), rng.uniform(0, horizon * 0.8), rng.uniform(0.4, 1.3)
        canvas.drawCircle(x, y, r, fill((230, 234, 255), rng.uniform(0.3, 0.95)))


def disc(canvas: skia.Canvas, centre: Point, radius: float, colour: Colour) -> None:
    """Sun or moon with its glow."""
    glow = fill(colour, 0.35)
    glow.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, radius * 0.9))
    canvas.drawCircle(*centre, radius * 1.5, glow)
    canvas.drawCircle(*centre, radius, fill(colour))


def cloud(canvas: skia.Canvas, rng: Rng, centre: Point, width: float, hour: str) -> None:
    """A cumulus: puffs on a flat base, each lit from above."""
    light, shade = CLOUD[hour]
    cx, cy = centre
    puffs = []
    for _ in range(int(12 + width / 9)):
        u = rng.normal(0, 0.26)
        top = max(0.05, 1.0 - (abs(u) * 1.9) ** 1.4)
        r = width * rng.uniform(0.05, 0.13) * (0.5 + 0.7 * top)
        puffs.append((cx + u * width, cy - rng.uniform(0, 1) ** 0.8 * top * width * 0.30 - r * 0.4, r))
    puffs.sort(key=lambda p: p[1])
    canvas.saveLayer(rect(cx - width, cy - width, 2 * width, width))
    canvas.clipRect(rect(cx - width, cy - width, 2 * width, width), skia.ClipOp.kIntersect, True)
    for x, y, r in puffs:
        canvas.drawCircle(x, y, r, fill(mix(light, shade, 0.25)))
    for x, y, r in puffs:
        canvas.drawCircle(x + r * 0.10, y - r * 0.12, r * 0.86, fill(light))
        canvas.drawCircle(x - r * 0.28, y + r * 0.42, r * 0.72, fill(mix(light, shade, 0.55), 0.75))
    for x, y, r in puffs[::2]:
        canvas.drawCircle(x + r * 0.15, y - r * 0.25, r * 0.55, fill(light))
    base = fill(shade, 0.45)
    base.setBlendMode(skia.BlendMode.kSrcATop)
    canvas.drawRect(rect(cx - width, cy - width * 0.08, 2 * width, width * 0.1), base)
    canvas.restore()


def clouds(canvas: skia.Canvas, rng: Rng, width: float, horizon: float, hour: str) -> None:
    x = rng.uniform(-60, 60)
    while x < width + 80:
        size = rng.uniform(70, 240)
        cloud(canvas, rng, (x, horizon * rng.uniform(0.34, 0.94)), size, hour)
        x += size * rng.uniform(0.6, 1.3)
    for _ in range(int(width / 160)):
        x0, y0, length = rng.uniform(-50, width), rng.uniform(10, horizon * 0.4), rng.uniform(60, 200)
        streak = smooth(
            [(x0, y0), (x0 + length * 0.5, y0 - 3), (x0 + length, y0 + 1), (x0 + length * 0.5, y0 + 3.5)]
        )
        canvas.drawPath(streak, fill(CLOUD[hour][0], 0.4))


def ridge(
    rng: Rng, width: float, base: float, height: float, *, steps: int = 60, sharp: float = 1.0
) -> list[Point]:
    """A skyline from left to right, built of octaves of noise."""
    xs = np.linspace(-20, width + 20, steps)
    y = np.zeros(steps)
    for octave in range(4):
        knots = rng.uniform(-1, 1, max(4, int(width / 150 * 2**octave) + 2))
        y += np.interp(xs, np.linspace(-20, width + 20, len(knots)), knots) * 0.5 ** (octave * sharp)
    y = base - height * (0.5 + 0.5 * y / 1.6)
    return [(float(a), float(b)) for a, b in zip(xs, y, strict=True)]


def land(canvas: skia.Canvas, skyline: list[Point], bottom: float, top: Colour, low: Colour) -> None:
    """The ground under a skyline, graded downwards."""
    ys = [y for _, y in skyline]
    path = polygon([*skyline, (skyline[-1][0], bottom), (skyline[0][0], bottom)])
    canvas.drawPath(path, gradient((0, min(ys)), (0, bottom), [top, low]))


def grass(
    canvas: skia.Canvas, rng: Rng, box: tuple[float, float, float, float], colour: Colour, count: int
) -> None:
    """Tufts of short strokes in (x, y, w, h), longer towards the bottom."""
    x0, y0, w, h = box
    for y in np.sort(rng.uniform(0, 1, count)) ** 1.1:
        x, size = x0 + rng.uniform(0, w), 3 + 9 * y
        tone = shift(colour, value=rng.uniform(0.72, 1.25))
        for _ in range(2):
            lean = rng.normal(0, 0.35)
            canvas.drawLine(x, y0 + y * h, x + lean * size, y0 + y * h - size, pen(tone, 0.7 + 0.8 * y))
            x += rng.uniform(-3, 3)


def flowers(canvas: skia.Canvas, rng: Rng, box: tuple[float, float, float, float], count: int) -> None:
    x0, y0, w, h = box
    colours: tuple[Colour, ...] = ((250, 230, 120), (250, 250, 250), (240, 150, 170), (230, 110, 90))
    for _ in range(count):
        v = rng.uniform(0, 1)
        canvas.drawCircle(
            x0 + rng.uniform(0, w), y0 + v * h, 0.8 + 1.6 * v, fill(colours[int(rng.integers(4))])
        )


def tree(canvas: skia.Canvas, rng: Rng, foot: Point, height: float, leaf: Colour) -> None:
    """A trunk and a crown of dabs: dark first, light on the sunny side last."""
    x, y = foot
    trunk = smooth([(x - height * 0.05, y), (x - height * 0.05, y), (x - height * 0.025, y - height * 0.5),
                    (x + height * 0.03, y - height * 0.5), (x + height * 0.055, y),
                     (x + height * 0.055, y)])  # fmt: skip
    canvas.drawPath(
        trunk, gradient((x - height * 0.05, 0), (x + height * 0.05, 0), [(64, 48, 46), (112, 84, 66)])
    )
    centre = (x, y - height * 0.66)
    for tone, count, reach, dab, lift in ((0.55, 60, 1.0, 0.085, 0.0), (0.78, 90, 0.95, 0.06, -0.03),
                                          (1.0, 110, 0.88, 0.045, -0.06), (1.28, 70, 0.72, 0.032, -0.12)):  # fmt: skip
        for _ in range(count):
            a, r = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1)) * reach
            px = centre[0] + np.cos(a) * r * height * 0.30 + lift * -0.6 * height
            py = centre[1] + np.sin(a) * r * height * 0.32 + lift * height
            size = height * dab * rng.uniform(0.6, 1.2)
            canvas.drawOval(
                rect(px - size, py - size * 0.7, 2 * size, 1.4 * size),
                fill(shift(leaf, value=tone * rng.uniform(0.92, 1.08))),
            )


def bush(canvas: skia.Canvas, rng: Rng, foot: Point, width: float, leaf: Colour) -> None:
    x, y = foot
    for tone, count, lift in ((0.6, 26, 0.0), (0.85, 34, 0.06), (1.12, 26, 0.14)):
        for _ in range(count):
            u = rng.uniform(-1, 1)
            r = width * rng.uniform(0.05, 0.10)
            py = y - rng.uniform(0, 1) * (1 - u * u) * width * 0.34 - lift * width * 0.5
            canvas.drawOval(
                rect(x + u * width * 0.5 - r, py - r, 2 * r, 1.5 * r),
                fill(shift(leaf, value=tone * rng.uniform(0.9, 1.1))),
            )


def building(
    canvas: skia.Canvas,
    rng: Rng,
    box: tuple[float, float, float, float],
    wall: Colour,
    *,
    haze: Colour,
    far: float,
) -> list[tuple[float, float, float, float]]:
    """A block with rows of windows; `far` (0-1) fades it into the haze. Gives the panes, to be lit at night."""
    x, y, w, h = box
    wall = mix(wall, haze, far)
    canvas.drawRect(
        rect(x, y, w, h),
        gradient((x, y), (x + w, y + h * 0.4), [shift(wall, value=1.06), shift(wall, value=0.86)]),
    )
    canvas.drawRect(rect(x + w * 0.80, y, w * 0.20, h), fill(shift(wall, value=0.78)))
    canvas.drawRect(rect(x - 1.5, y - 3, w + 3, 4.5), fill(shift(wall, value=0.92)))
    if rng.random() < 0.5:
        canvas.drawRect(rect(x + w * 0.2, y - 13, w * 0.25, 11), fill(shift(wall, value=0.82)))
    step_x, step_y = rng.uniform(13, 19), rng.uniform(17, 24)
    glass = mix(mix((96, 120, 150), wall, 0.25), haze, far * 0.8)
    panes = []
    for row in np.arange(y + 12, y + h - step_y * 0.8, step_y):
        canvas.drawRect(rect(x, row + step_y * 0.62, w, 1.2), fill(shift(wall, value=0.84)))
        for col in np.arange(x + 6, x + w * 0.80 - 9, step_x):
            pane = (float(col), float(row), step_x * 0.58, step_y * 0.50)
            canvas.drawRect(rect(*pane), fill(shift(glass, value=rng.uniform(0.8, 1.2))))
            canvas.drawRect(
                rect(pane[0], pane[1], pane[2], pane[3] * 0.35), fill(shift(glass, value=1.35), 0.6)
            )
            panes.append(pane)
    return panes


def lit_windows(
    canvas: skia.Canvas, rng: Rng, panes: list[tuple[float, float, float, float]], share: float
) -> None:
    for x, y, w, h in panes:
        if rng.random() < share:
            warm = mix((255, 214, 130), (255, 244, 214), rng.uniform(0, 1))
            glow = fill(warm, 0.35)
            glow.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 4))
            canvas.drawRect(rect(x - 2, y - 2, w + 4, h + 4), glow)
            canvas.drawRect(rect(x, y, w, h), fill(warm, 0.95))


def pole(canvas: skia.Canvas, foot: Point, height: float, colour: Colour) -> None:
    """A utility pole with cross arms."""
    x, y = foot
    canvas.drawRect(
        rect(x - 2.6, y - height, 5.2, height),
        gradient((x - 3, 0), (x + 3, 0), [shift(colour, value=1.15), shift(colour, value=0.7)]),
    )
    for k, arm in enumerate((0.95, 0.86)):
        canvas.drawRect(rect(x - 20 + 4 * k, y - height * arm, 40 - 8 * k, 3), fill(colour))
        for dx in (-17, -8, 8, 17):
            canvas.drawRect(
                rect(x + dx * (1 - 0.2 * k) - 1, y - height * arm - 4, 2, 4), fill(shift(colour, value=1.2))
            )


def wires(canvas: skia.Canvas, posts: list[Point], colour: Colour) -> None:
    for (xa, ya), (xb, yb) in pairwise(posts):
        for dy, sag in ((0, 16), (5, 20), (16, 24)):
            path = skia.Path()
            path.moveTo(xa, ya + dy)
            path.quadTo((xa + xb) / 2, (ya + yb) / 2 + dy + sag, xb, yb + dy)
            canvas.drawPath(path, pen(colour, 0.9))


def ripples(
    canvas: skia.Canvas,
    rng: Rng,
    box: tuple[float, float, float, float],
    light: Colour,
    dark: Colour,
    count: int,
) -> None:
    """Horizontal dashes of light and dark, larger towards the bottom."""
    x0, y0, w, h = box
    for v in np.sort(rng.uniform(0, 1, count)) ** 1.4:
        length, thick = (5 + 42 * v) * rng.uniform(0.5, 1.3), 0.5 + 2.2 * v
        x, y = x0 + rng.uniform(-20, w), y0 + v * h
        dash = smooth(
            [(x, y), (x + length / 2, y - thick), (x + length, y), (x + length / 2, y + thick * 0.7)]
        )
        canvas.drawPath(dash, fill(light if rng.random() < 0.5 else dark, 0.55))
