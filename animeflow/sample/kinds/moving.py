"""Shots whose camera moves. Speeds are px a frame on a frame 640 px wide."""

from __future__ import annotations

import cv2
import numpy as np

from animeflow.sample import camera as cam
from animeflow.sample.canvas import Layer, fill, gradient
from animeflow.sample.compose import Scene
from animeflow.sample.scenery import bush, grass, rect
from animeflow.sample.setup import ANYWHERE, GROUND, OUTDOORS, Kind, Setup

PAN, LONG_PAN, SLOW_PAN, TILT, WHIP = 7.6, 15.0, 0.44, 3.0, 34.0
FAR_PLANE, NEAR_PLANE = 2.5, 7.0


def pan(setup: Setup) -> Scene:
    place, hour = setup.place()
    way = -1 if setup.rng("way").random() < 0.5 else 1
    travel = PAN * setup.step * setup.times
    actor = setup.actor(
        setup.character(hour=hour), setup.walking(cycle=15), setup.timing(2), unit=44,
        x=setup.width * (0.5 - 0.06 * way), facing=way, on_frame=True,
    )  # fmt: skip
    plate = setup.plate(place, hour, extra=(travel[-1], 0.0))
    return Scene(plate=plate, camera=setup.moved(travel if way > 0 else travel[-1] - travel), actors=(actor,))


def longpan(setup: Setup) -> Scene:
    """Out and back. Over windows and shop fronts such a pan would flash: it goes over open country."""
    place, hour = setup.place("field", "sea")
    travel = LONG_PAN * setup.step * np.minimum(setup.times, setup.frames - 1 - setup.times)
    span = float(travel.max())
    first, second = setup.pair(hour)
    pose, timing = setup.standing(setup.face(turn=0.2)), setup.timing(3)
    actors = (
        setup.actor(first, pose, timing, unit=44, x=span * 0.35 + 220, facing=1),
        setup.actor(second, pose, timing, unit=44, x=span * 0.8 + 420, facing=-1),
    )
    return Scene(plate=setup.plate(place, hour, extra=(span, 0.0)), camera=setup.moved(travel), actors=actors)


def slowpan(setup: Setup) -> Scene:
    place, hour = setup.place(*ANYWHERE)
    travel = SLOW_PAN * setup.step * setup.times
    actor = setup.actor(
        setup.character(hour=hour), setup.standing(setup.face()), setup.timing(2), unit=70,
        x=setup.width * 0.45, head_y=130,
    )  # fmt: skip
    plate = setup.plate(place, hour, extra=(travel[-1] + 8.0, 0.0))
    return Scene(plate=plate, camera=setup.moved(travel), actors=(actor,))


def tilt(setup: Setup) -> Scene:
    """Down from the sky to the ground, no character."""
    place, hour = setup.pick("place", *OUTDOORS), setup.pick("hour", "day", "sunset", "night")
    travel = TILT * setup.step * setup.times
    plate = setup.plate(place, hour, extra=(0.0, travel[-1]))
    return Scene(plate=plate, camera=setup.moved(np.zeros(setup.frames), travel))


def zoom(setup: Setup) -> Scene:
    place, hour = setup.place(*ANYWHERE)
    actor = setup.actor(
        setup.character(hour=hour),
        setup.standing(setup.face()),
        setup.timing(3),
        unit=46,
        x=setup.width * 0.5,
    )
    return Scene(plate=setup.plate(place, hour), camera=setup.zoomed(1.35), actors=(actor,))


def fast(setup: Setup) -> Scene:
    """A sprint on ones before a background painted as streaks, as fast pans are (sharp detail would flash)."""
    place, hour = setup.place("street", "field", "forest")
    travel = WHIP * setup.step * setup.times
    drift = setup.width * 0.25 / setup.frames
    plate = setup.plate(place, hour, extra=(travel[-1], 0.0))
    streaks = cv2.blur(cv2.blur(plate, (setup.px(170), 1)), (setup.px(110), 1))
    actor = setup.actor(
        setup.character(hour=hour), setup.walking(cycle=11, energy=1.9), setup.timing(1), unit=46,
        x=lambda k: setup.width * 0.35 + drift * k, facing=1, on_frame=True,
    )  # fmt: skip
    return Scene(plate=streaks, camera=setup.moved(travel), actors=(actor,))


def parallax(setup: Setup) -> Scene:
    place, hour = setup.place("city", "sea", "field")
    slow, quick = (setup.step * v * setup.times for v in (FAR_PLANE, NEAR_PLANE))
    near = cam.path(setup.size, x=quick * setup.s, y=np.zeros(setup.frames))
    actor = setup.actor(
        setup.character(hour=hour), setup.walking(cycle=15), setup.timing(2), unit=44,
        x=setup.width * 0.45, facing=1, on_frame=True,
    )  # fmt: skip
    plate = setup.plate(place, hour, extra=(slow[-1], 0.0))
    plane = _hedges(setup, setup.width + quick[-1] + 4.0)
    return Scene(plate=plate, camera=setup.moved(slow), near=(plane, near), actors=(actor,))


def _hedges(setup: Setup, width: float) -> np.ndarray:
    """Hedges, posts and a verge close behind the character: premultiplied RGBA."""
    layer = Layer((setup.px(width), setup.size[1]))
    layer.canvas.scale(setup.s, setup.s)
    rng = setup.rng("near")
    x = 0.0
    while x < width + 80:
        bush(layer.canvas, rng, (x, GROUND - 4), rng.uniform(150, 260), (70, 116, 66))
        if rng.random() < 0.5:
            steel = gradient((x + 90, 0), (x + 104, 0), [(140, 126, 120), (84, 74, 76)])
            layer.canvas.drawRect(rect(x + 90, 40, 14, GROUND - 40), steel)
        x += rng.uniform(130, 260)
    verge = gradient((0, GROUND - 16), (0, 360), [(142, 150, 96), (96, 110, 70)])
    layer.canvas.drawRect(rect(0, GROUND - 16, width + 20, 60), verge)
    layer.canvas.drawRect(rect(0, GROUND + 8, width + 20, 60), fill((150, 134, 112)))
    grass(layer.canvas, rng, (0, GROUND - 10, width, 16), (104, 140, 72), int(width * 0.7))
    return layer.premultiplied()


KINDS = {
    "pan": Kind("a walker on twos, the camera along with it at 7.6 px a frame", 60, pan),
    "longpan": Kind("the camera out and back at 15 px a frame past two held characters", 96, longpan),
    "slowpan": Kind("0.44 px a frame over a character on twos", 60, slowpan),
    "tilt": Kind("3 px a frame down a place without a character", 48, tilt),
    "zoom": Kind("zoom from 1 to 1.35", 48, zoom),
    "fast": Kind("a runner on ones, the background at 34 px a frame", 36, fast),
    "parallax": Kind("two planes of background at 2.5 and 7 px a frame", 60, parallax),
}
