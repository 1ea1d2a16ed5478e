"""Value noise: the unevenness of paint, clouds and film."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np


def value_noise(rng: np.random.Generator, size: tuple[int, int], cell: tuple[float, float]) -> np.ndarray:
    """Smooth noise float32 [h, w], mean about 0, range about -1 to 1; `cell` is the feature size (x, y) in px."""
    width, height = size
    grid = (max(int(height / cell[1]) + 3, 3), max(int(width / cell[0]) + 3, 3))
    knots = rng.uniform(-1.0, 1.0, grid).astype(np.float32)
    big = cv2.resize(
        knots, (width + int(2 * cell[0]), height + int(2 * cell[1])), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(big[int(cell[1]) :, int(cell[0]) :][:height, :width], -1.0, 1.0)


def fractal_noise(
    rng: np.random.Generator, size: tuple[int, int], cell: tuple[float, float], octaves: int = 4
) -> np.ndarray:
    """Octaves of value noise, each half as large and half as strong: float32 [h, w] within -1 to 1."""
    total = np.zeros((size[1], size[0]), np.float32)
    weight = 0.0
    for octave in range(octaves):
        strength = 0.5**octave
        total += strength * value_noise(
            rng, size, (max(cell[0] * strength, 1.5), max(cell[1] * strength, 1.5))
        )
        weight += strength
    return total / np.float32(weight)


def painted(
    rng: np.random.Generator, picture: np.ndarray, *, wobble: float, wash: float, scale: float
) -> np.ndarray:
    """Make a vector picture look brushed: edges displaced by up to `wobble` px, brightness uneven by `wash` (share).

    `picture` uint8 [h, w, 3]; `scale` is px per drawing unit, so that the texture keeps its size on small frames.
    """
    height, width = picture.shape[:2]
    size = (width, height)
    dx = fractal_noise(rng, size, (14 * scale, 14 * scale), 3) * np.float32(wobble * 2.2)
    dy = fractal_noise(rng, size, (14 * scale, 14 * scale), 3) * np.float32(wobble * 2.2)
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(picture, xs + dx, ys + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    broad = fractal_noise(rng, size, (110 * scale, 70 * scale), 3)
    bristle = value_noise(rng, size, (26 * scale, 2.2 * scale)) + 0.6 * value_noise(
        rng, size, (2.0 * scale, 3.0 * scale)
    )
    gain = 1.0 + wash * (0.75 * broad + 0.28 * bristle)
    warm = 1.0 + wash * 0.35 * fractal_noise(rng, size, (60 * scale, 60 * scale), 2)
    shaded = moved.astype(np.float32) * gain[..., None]
    shaded[..., 0] *= warm
    shaded[..., 2] *= 2.0 - warm
    return np.clip(np.rint(shaded), 0, 255).astype(np.uint8)


_SHEETS, _SLACK = 5, 96


def grain(seed: int, t: int, size: tuple[int, int], sigma: float) -> np.ndarray:
    """Film grain of frame t: luma noise int16 [h, w, 1] in 8-bit levels, slightly correlated as scanned film is.

    A window at a random place of one of a few larger sheets: fresh noise for every frame took as long as the drawing.
    """
    rng = np.random.default_rng((seed & 0xFFFFFFFF, t, 0x6772))
    sheet = _grain_sheet(seed, int(rng.integers(_SHEETS)), size, sigma)
    x, y = (int(v) for v in rng.integers(0, _SLACK, 2))
    window = sheet[y : y + size[1], x : x + size[0]]
    return window[:: 1 - 2 * int(rng.integers(2)), :: 1 - 2 * int(rng.integers(2)), None]


@lru_cache(maxsize=2 * _SHEETS)
def _grain_sheet(seed: int, number: int, size: tuple[int, int], sigma: float) -> np.ndarray:
    rng = np.random.default_rng((seed & 0xFFFFFFFF, number, 0x7368))
    noise = rng.standard_normal((size[1] + _SLACK, size[0] + _SLACK), np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6)
    return np.rint(noise * (sigma / float(noise.std()))).astype(np.int16)
