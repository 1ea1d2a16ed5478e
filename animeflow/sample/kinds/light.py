"""Shots with an effect layer: light that is added or screened, smoke that covers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animeflow.sample import effects as fx
from animeflow.sample.canvas import Colour
from animeflow.sample.compose import Scene
from animeflow.sample.kinds.moving import slowpan
from animeflow.sample.setup import ANYWHERE, OUTDOORS, Kind, Setup

AURAS: tuple[Colour, ...] = ((120, 190, 255), (255, 190, 90), (150, 255, 170))
SPARKS: tuple[Colour, ...] = ((255, 230, 150), (180, 220, 255), (255, 180, 220))
FLASHES: tuple[Colour, ...] = ((255, 255, 255), (255, 236, 200))
SHAKE = 10.0


def aura(setup: Setup) -> Scene:
    """The zoom with a glow that hugs the character."""
    place, hour = setup.pick("place", *OUTDOORS), setup.pick("hour", "sunset", "night")
    face = setup.face(turn=0.25, brow=-0.8, smile=-0.3)
    timing = setup.timing(2)
    pose = setup.standing(face, near_arm=(-22, -16), far_arm=(22, 30))
    actor = setup.actor(setup.character(hour=hour), pose, timing, unit=46, x=setup.width * 0.5)
    colour = AURAS[int(setup.rng("aura").integers(len(AURAS)))]

    def effect(t: int, alpha: np.ndarray) -> fx.Light:
        return fx.aura(alpha, k=int(timing[t]), seed=setup.seed, colour=colour)

    return Scene(
        plate=setup.plate(place, hour), camera=setup.zoomed(1.35), actors=(actor,), effect=effect, blend="add"
    )


def shake(setup: Setup) -> Scene:
    """A random shake by night; a searchlight on three fifths of the frames."""
    place = setup.pick("place", "sea", "field", "forest")
    rng = setup.rng("shake")
    offsets = np.rint(rng.uniform(-SHAKE, SHAKE, (2, setup.frames)) * setup.step * 4) / 4
    timing = setup.timing(2)
    face = setup.face(turn=0.4, mouth=0.5, brow=-0.7)
    pose = setup.standing(face, near_arm=(-40, 70), far_arm=(60, 40))
    actor = setup.actor(setup.character(hour="night"), pose, timing, unit=46, x=setup.width * 0.40)
    start, end = round(setup.frames * 0.2), round(setup.frames * 0.8)
    source = (setup.size[0] * 0.98, setup.size[1] * 0.10)
    target = (setup.size[0] * 0.20, setup.size[1] * 0.90)

    def effect(t: int, _: np.ndarray) -> fx.Light | None:
        if not start <= t < end:
            return None
        return fx.beam(
            setup.size,
            k=int(timing[t]),
            seed=setup.seed,
            colour=(255, 226, 160),
            source=source,
            target=target,
        )

    return Scene(
        plate=setup.plate(place, "night"),
        camera=setup.moved(*offsets),
        actors=(actor,),
        effect=effect,
        blend="add",
    )


def smoke(setup: Setup) -> Scene:
    """The slow pan with smoke over it on twos."""
    timing = setup.timing(2)
    grey = int(setup.rng("smoke").integers(150, 225))
    sheet = fx.Smoke(setup.size, seed=setup.seed, colour=(grey, grey, min(grey + 8, 255)))
    return replace(slowpan(setup), effect=lambda t, _: sheet.frame(int(timing[t])), blend="over")


def sparkles(setup: Setup) -> Scene:
    place, hour = setup.pick("place", *ANYWHERE), setup.pick("hour", "sunset", "night", "day")
    timing = setup.timing(2)
    pose = setup.standing(setup.face(smile=0.8))
    actor = setup.actor(
        setup.character(hour=hour), pose, setup.timing(3), unit=64, x=setup.width * 0.5, head_y=140
    )
    colour = SPARKS[int(setup.rng("colour").integers(len(SPARKS)))]

    def effect(t: int, _: np.ndarray) -> fx.Light:
        return fx.sparkles(setup.size, k=int(timing[t]), seed=setup.seed, colour=colour)

    return Scene(
        plate=setup.plate(place, hour), camera=setup.held(), actors=(actor,), effect=effect, blend="add"
    )


def glow(setup: Setup) -> Scene:
    """Shafts of evening sun, screened."""
    timing = setup.timing(3)
    pose = setup.standing(setup.face())
    actor = setup.actor(setup.character(), pose, timing, unit=64, x=setup.width * 0.55, head_y=140)

    def effect(t: int, _: np.ndarray) -> fx.Light:
        return fx.sun_shaft(setup.size, k=int(timing[t]), colour=(255, 222, 170), lean=150)

    plate = setup.plate(setup.pick("place", "room", "field", "forest"), "day")
    return Scene(plate=plate, camera=setup.held(), actors=(actor,), effect=effect, blend="screen")


def strobe(setup: Setup) -> Scene:
    """A night scene under a strobe at 6 or 12 flashes a second: it breaks the limits by far."""
    place = setup.pick("place", "city", "street")
    face = setup.face(mouth=0.7, brow=-0.6)
    pose = setup.standing(face, near_arm=(-30, 60), far_arm=(36, 50))
    actor = setup.actor(
        setup.character(hour="night"), pose, setup.timing(2), unit=56, x=setup.width * 0.5, head_y=130
    )
    half = int(setup.rng("rate").integers(1, 3))
    colour = FLASHES[int(setup.rng("colour").integers(len(FLASHES)))]

    def effect(t: int, _: np.ndarray) -> fx.Light | None:
        on = (t // half) % 2 == 1 and t >= 4
        return fx.flash(setup.size, colour=colour, power=0.78) if on else None

    return Scene(
        plate=setup.plate(place, "night"), camera=setup.held(), actors=(actor,), effect=effect, blend="add"
    )


KINDS = {
    "aura": Kind("zoom from 1 to 1.35 with an additive aura that hugs the character", 48, aura),
    "shake": Kind("night, random shake of 10 px, an additive beam on three fifths of the frames", 60, shake),
    "smoke": Kind("a slow pan behind see-through smoke", 60, smoke),
    "sparkles": Kind("additive sparkles, held camera", 48, sparkles),
    "glow": Kind("screened shafts of sunlight, held camera", 48, glow),
    "strobe": Kind("a strobe that breaks the flash limits", 36, strobe),
}
