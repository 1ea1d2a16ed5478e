"""Shots under a held camera: what moves is a cel, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from animeflow.sample.canvas import Layer
from animeflow.sample.compose import Scene
from animeflow.sample.places.nature import paint_quay
from animeflow.sample.plates import look
from animeflow.sample.pose import Pose, stand, wave_arm
from animeflow.sample.setup import ANYWHERE, GROUND, MARGIN, OUTDOORS, Kind, Setup, blinking
from animeflow.sample.style import rng_of

WALL_WHITE = (247, 245, 237)  # under this light a white shirt has the colour of the plain wall
MOUTHS = (0.0, 0.4, 0.75, 1.0)


def still(setup: Setup) -> Scene:
    place, hour = setup.place(*ANYWHERE)
    who, pose = setup.character(hour=hour), setup.standing(setup.face())
    x = setup.width * float(setup.rng("x").uniform(0.3, 0.7))
    actor = setup.actor(who, pose, np.zeros(setup.frames, np.int32), unit=44, x=x)
    return Scene(plate=setup.plate(place, hour), camera=setup.held(), actors=(actor,))


def landscape(setup: Setup) -> Scene:
    place, hour = setup.pick("place", *OUTDOORS), setup.pick("hour", "day", "sunset", "night")
    return Scene(plate=setup.plate(place, hour), camera=setup.held())


def held_limb(setup: Setup) -> Scene:
    place, hour = setup.place("room", "street", "city")
    face = setup.face()

    def pose(k: int) -> Pose:
        return wave_arm(k / 8, face=blinking(face, k))

    actor = setup.actor(
        setup.character(hour=hour), pose, setup.timing(3), unit=78, x=setup.width * 0.52, head_y=128
    )
    return Scene(plate=setup.plate(place, hour, near=1.25), camera=setup.held(), actors=(actor,))


def close_up(setup: Setup) -> Scene:
    """A face that speaks: only the mouth moves, and now and then it rests."""
    place, hour = setup.place(*ANYWHERE)
    face = setup.face()
    shapes = rng_of(setup.seed, "lips").choice(MOUTHS, 64)

    def pose(k: int) -> Pose:
        return stand(face=replace(face, mouth=float(shapes[k % 64])))

    who, timing = setup.character(hour=hour), setup.timing(2, 2, 3)
    actor = setup.actor(who, pose, timing, unit=150, x=setup.width * 0.5, head_y=185)
    return Scene(plate=setup.plate(place, hour, near=1.6), camera=setup.held(), actors=(actor,))


def cross(setup: Setup) -> Scene:
    """Two walkers pass each other in the middle of the shot, the second in front."""
    place, hour = setup.place()
    first, second = setup.pair(hour)
    timing = setup.timing(2)
    steps = int(timing[-1]) + 1
    stride = 0.64 * (setup.width + 60) / max(steps, 20)
    middle = setup.width / 2

    def at(start: float, way: int) -> Callable[[int], float]:
        return lambda k: start + way * stride * (k - steps / 2)

    actors = (
        setup.actor(first, setup.walking(cycle=13), timing, unit=43, x=at(middle, 1), facing=1),
        setup.actor(
            second, setup.walking(cycle=15, phase=0.3), timing, unit=46, x=at(middle + 8, -1), facing=-1
        ),
    )  # fmt: skip
    return Scene(plate=setup.plate(place, hour), camera=setup.held(), actors=actors)


def flat(setup: Setup) -> Scene:
    """White clothes before a white wall: only the ink tells them apart."""
    who = replace(setup.character(), outfit="shirt", light=WALL_WHITE)
    timing = setup.timing(2)
    stride = setup.width * 0.75 / (int(timing[-1]) + 1)
    actor = setup.actor(
        who, setup.walking(cycle=15), timing, unit=46, x=lambda k: setup.width * 0.12 + stride * k, facing=1
    )
    return Scene(plate=setup.plate("wall", "day"), camera=setup.held(), actors=(actor,))


def water(setup: Setup) -> Scene:
    """The sea moves on twos behind a quay that does not."""
    hour = setup.pick("hour", "day", "sunset")
    plate = setup.plate("open_sea", hour)
    camera, timing = setup.held(), setup.timing(2)
    calm = look(plate, camera[0], setup.size)
    waves = {int(k): _waves(calm, int(k), setup) for k in np.unique(timing)}
    quay = Layer((plate.shape[1], plate.shape[0]))
    quay.canvas.scale(setup.s, setup.s)
    paint_quay(quay.canvas, setup.width + 2 * MARGIN, 360 + 2 * MARGIN, GROUND + MARGIN, hour)
    actor = setup.actor(
        setup.character(hour=hour), setup.standing(setup.face()), timing, unit=46, x=setup.width * 0.4
    )
    return Scene(
        plate=plate, camera=camera, behind=lambda t: waves[int(timing[t])], near=(quay.premultiplied(), camera),
        actors=(actor,),
    )  # fmt: skip


def _waves(calm: np.ndarray, k: int, setup: Setup) -> np.ndarray:
    """The sea displaced by two trains of waves, larger towards the viewer."""
    s = setup.s
    ys, xs = np.mgrid[0 : setup.size[1], 0 : setup.size[0]].astype(np.float32)
    depth = np.clip((ys / s - (GROUND - 165)) / 145, 0, 1)
    a = k * 0.62
    dx = depth * s * (7.0 * np.sin(ys / (8 * s) + 1.3 * a) + 4.0 * np.sin(xs / (31 * s) + ys / (13 * s) - a))
    dy = depth * s * (3.4 * np.sin(xs / (23 * s) + a) + 2.2 * np.sin(xs / (11 * s) - 1.7 * a))
    grid = (xs + dx.astype(np.float32), ys + dy.astype(np.float32))
    return cv2.remap(calm, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def same_place(setup: Setup, *, second: bool) -> Scene:
    """One of two shots of the same place and palette: another stand of the camera, another character."""
    rng = rng_of(setup.palette, "same_place")
    place, hour = str(rng.choice(OUTDOORS)), str(rng.choice(("day", "sunset")))
    aside = 170.0 if second else 0.0
    camera = setup.moved(np.full(setup.frames, aside))
    first, other = replace(setup, kind="same_place", seed=setup.palette).pair(hour)
    actor = setup.actor(
        other if second else first, setup.standing(setup.face()), setup.timing(3), unit=56,
        x=setup.width * (0.72 if second else 0.3) + aside, head_y=120, facing=-1 if second else 1,
    )  # fmt: skip
    return Scene(
        plate=setup.plate(place, hour, extra=(170, 0), seed=setup.palette), camera=camera, actors=(actor,)
    )


KINDS = {
    "still": Kind("one drawing for the whole shot", 36, still),
    "landscape": Kind("a place without a character, held", 36, landscape),
    "held_limb": Kind("a held body; only the arm and the hair move, on threes", 60, held_limb),
    "lipflap": Kind("a close-up in which only the mouth moves", 48, close_up),
    "cross": Kind("two walkers cross, the second in front", 60, cross),
    "flat": Kind("a plain wall behind a walker in equally white clothes", 60, flat),
    "water": Kind("a background that is not rigid, on twos", 60, water),
    "same_place_a": Kind(
        "first of two shots of one place and palette", 36, lambda s: same_place(s, second=False)
    ),
    "same_place_b": Kind(
        "second of two shots of one place and palette", 36, lambda s: same_place(s, second=True)
    ),
}
