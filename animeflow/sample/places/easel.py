"""What a painter of a place works on, and the sky that all outdoor places share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import skia

from animeflow.sample import scenery as sc
from animeflow.sample.canvas import gradient
from animeflow.sample.scenery import rect
from animeflow.sample.style import LIGHT_OF_HOUR, Rng, as_colour


@dataclass
class Easel:
    """What a painter works on. A frame is 360 units high; `ground` is where feet stand."""

    canvas: skia.Canvas
    rng: Rng
    width: float
    height: float
    hour: str
    ground: float
    lights: list[Callable[[skia.Canvas], None]] = field(default_factory=list)


def paint_sky(e: Easel, horizon: float) -> None:
    """Sky painted so that the later tint gives the hour's own colours."""
    light = np.asarray(LIGHT_OF_HOUR[e.hour], np.float64) / 255.0
    colours = [as_colour(np.asarray(c) / light) for c in sc.SKY[e.hour]]
    e.canvas.drawRect(rect(0, 0, e.width, e.height), gradient((0, 0), (0, horizon), colours, [0.0, 0.6, 1.0]))
    if e.hour == "night":
        state = e.rng.integers(1 << 30)
        moon = (e.rng.uniform(0.15, 0.85) * e.width, horizon * e.rng.uniform(0.18, 0.4))
        e.lights.append(
            lambda c: sc.stars(c, np.random.default_rng(state), e.width, horizon, count=int(e.width / 9))
        )
        e.lights.append(lambda c: sc.disc(c, moon, 19, (250, 244, 214)))
    if e.hour == "sunset":
        sc.disc(e.canvas, (e.rng.uniform(0.2, 0.8) * e.width, horizon - 12), 26, (255, 244, 206))
    sc.clouds(e.canvas, e.rng, e.width, horizon, e.hour)
