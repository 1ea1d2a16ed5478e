"""Light and smoke laid over a shot. Each returns one frame of an effect; all sizes in units of a frame 360 high."""

from __future__ import annotations

import cv2
import numpy as np
import skia

from animeflow.sample.canvas import Colour, Layer, Point, fill, gradient, polygon
from animeflow.sample.compose import Light
from animeflow.sample.noise import fractal_noise
from animeflow.sample.style import Rng, rng_of, shift


def _glow(layer: Layer) -> Light:
    """What was drawn, as light: premultiplied colour on black."""
    return Light(colour=np.ascontiguousarray(layer.premultiplied()[..., :3]))


def beam(size: tuple[int, int], *, k: int, seed: int, colour: Colour, source: Point, target: Point) -> Light:
    """A searchlight from `source` to `target` (frame px) with a hot core; its breadth breathes."""
    s = size[1] / 360.0
    layer = Layer(size, scale=1)  # blurred anyway
    rng = rng_of(seed, "beam", k)
    a, b = np.asarray(source), np.asarray(target)
    along = (b - a) / np.linalg.norm(b - a)
    across = np.asarray([-along[1], along[0]])
    for width, strength, blur in ((92, 0.34, 9), (58, 0.40, 5), (24, 0.5, 2.5)):
        w0, w1 = width * 0.25 * s, width * s * (1 + 0.06 * float(rng.normal()))
        quad = [a + across * w0, b + across * w1, b - across * w1, a - across * w0]
        fall = [colour, shift(colour, value=0.8), (0, 0, 0)]
        paint = gradient(source, target, fall, [0.0, 0.62, 1.0])
        paint.setAlphaf(strength)
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur * s))
        layer.canvas.drawPath(polygon([(float(x), float(y)) for x, y in quad]), paint)
    flare = fill(colour, 0.8)
    flare.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 12 * s))
    layer.canvas.drawCircle(float(a[0]), float(a[1]), 24 * s, flare)
    return _glow(layer)


def aura(alpha: np.ndarray, *, k: int, seed: int, colour: Colour) -> Light:
    """A flickering glow that hugs the character: strongest at its outline, licking upwards."""
    height, width = alpha.shape
    s = height / 360.0
    body = alpha.astype(np.float32) / 255.0
    near = cv2.GaussianBlur(body, (0, 0), 7 * s)
    wide = cv2.GaussianBlur(np.roll(body, -int(10 * s), axis=0), (0, 0), 20 * s)
    flame = 0.5 + 0.9 * fractal_noise(rng_of(seed, "aura", k), (width, height), (26 * s, 60 * s), 3)
    power = np.clip(1.25 * near + 1.1 * wide * np.clip(flame, 0.1, 1.0), 0, 1) * (1.0 - 0.85 * body)
    power = np.where(power > 0.02, power, 0.0)
    return Light(colour=np.rint(power[..., None] * np.asarray(colour, np.float32)).astype(np.uint8))


def sparkles(size: tuple[int, int], *, k: int, seed: int, colour: Colour, count: int = 60) -> Light:
    """Four-pointed stars that drift upwards and twinkle."""
    s = size[1] / 360.0
    layer = Layer(size)
    rng = rng_of(seed, "sparkles")
    x0, y0 = rng.uniform(0, size[0], count), rng.uniform(0, size[1], count)
    rise, phase, radius = rng.uniform(3.0, 8.0, count), rng.uniform(0, 1, count), rng.uniform(3.5, 9.5, count)
    for i in range(count):
        twinkle = 0.5 + 0.5 * np.sin(2 * np.pi * (phase[i] + k * 0.13))
        if twinkle < 0.15:
            continue
        x = (x0[i] + 6 * s * np.sin(phase[i] * 9 + k * 0.2)) % size[0]
        y = (y0[i] - rise[i] * k * s) % size[1]
        _star(
            layer.canvas,
            (float(x), float(y)),
            float(radius[i] * s * (0.5 + 0.7 * twinkle)),
            colour,
            float(twinkle),
        )
    return _glow(layer)


def _star(canvas: skia.Canvas, centre: Point, radius: float, colour: Colour, power: float) -> None:
    x, y = centre
    halo = fill(colour, 0.45 * power)
    halo.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, radius * 0.7))
    canvas.drawCircle(x, y, radius * 0.9, halo)
    path = skia.Path()
    path.moveTo(x, y - radius * 1.6)
    for px, py in (
        (x + radius * 1.1, y),
        (x, y + radius * 1.6),
        (x - radius * 1.1, y),
        (x, y - radius * 1.6),
    ):
        path.quadTo(x, y, px, py)
    canvas.drawPath(path, fill((255, 255, 250), power))


class Smoke:
    """Rolling smoke: two sheets of noise that drift at different speeds, densest near the ground."""

    def __init__(self, size: tuple[int, int], *, seed: int, colour: Colour) -> None:
        self.size = size
        s = size[1] / 360.0
        rng: Rng = rng_of(seed, "smoke")
        wide = (size[0] * 2, size[1] * 2)
        self.sheets = [
            fractal_noise(rng, wide, (90 * s, 56 * s), 4),
            fractal_noise(rng, wide, (46 * s, 34 * s), 3),
        ]
        rows = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
        columns = np.linspace(0, 1, size[0], dtype=np.float32)[None, :]
        lean = float(rng.uniform(0.25, 0.75))
        self.reach = np.clip(1.5 * rows - 0.35 - 0.8 * np.abs(columns - lean), -0.6, 0.75)
        self.colour = np.asarray(colour, np.float32)

    def frame(self, k: int) -> Light:
        """The k-th drawing of the smoke."""
        width, height = self.size
        s = height / 360.0
        dx, dy = int(3.0 * k * s) % width, int(2.2 * k * s) % height
        ex, ey = int(1.2 * k * s) % width, int(4.2 * k * s) % height
        density = (
            self.sheets[0][dy : dy + height, dx : dx + width]
            + 0.6 * self.sheets[1][ey : ey + height, ex : ex + width]
        )
        alpha = np.clip(1.6 * density + self.reach * 1.3, 0.0, 0.82)
        light = 0.90 + 0.14 * np.clip(density, -1, 1)
        colour = np.clip(np.rint(self.colour * light[..., None]), 0, 255).astype(np.uint8)
        a = np.rint(alpha * 255).astype(np.uint8)
        return Light(colour=colour * (a > 0)[..., None], alpha=a)


def sun_shaft(size: tuple[int, int], *, k: int, colour: Colour, lean: float) -> Light:
    """Soft light that falls in from the upper corner and slowly swells; meant to be screened."""
    s = size[1] / 360.0
    layer = Layer(size, scale=1)
    swell = 1.0 + 0.10 * float(np.sin(k * 0.35))
    for x, width, strength in ((60, 60, 0.30), (170, 34, 0.26), (260, 70, 0.22), (390, 28, 0.18)):
        x0 = x * s
        quad = [
            (x0, -20 * s),
            (x0 + width * s * swell, -20 * s),
            (x0 + (lean + 1.9 * width) * s, size[1] + 20.0),
            (x0 + lean * s, size[1] + 20.0),
        ]
        paint = gradient((0, 0), (0, size[1]), [colour, shift(colour, value=0.35)])
        paint.setAlphaf(strength * swell)
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 7 * s))
        layer.canvas.drawPath(polygon(quad), paint)
    return _glow(layer)


def flash(size: tuple[int, int], *, colour: Colour, power: float) -> Light:
    """The whole frame at once, brightest in the middle."""
    width, height = size
    xs, ys = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    fall = power * (1.0 - 0.15 * np.clip(xs * xs + ys * ys, 0, 1))
    return Light(colour=np.rint(fall[..., None] * np.asarray(colour)).astype(np.uint8))
