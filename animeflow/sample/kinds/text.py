"""Shots with letters: burned-in subtitles, credits, a sign that is scenery."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from animeflow.sample import lettering
from animeflow.sample.canvas import Layer, fill, gradient
from animeflow.sample.compose import Scene, over
from animeflow.sample.kinds.held import close_up
from animeflow.sample.scenery import rect
from animeflow.sample.setup import GROUND, MARGIN, OUTDOORS, Kind, Setup
from animeflow.sample.truth import TextTruth


def subtitles(setup: Setup) -> Scene:
    """The talking close-up with one line, then another."""
    first, second = setup.rng("lines").permutation(len(lettering.SUBTITLES))[:2]
    cards = [lettering.subtitle(lettering.SUBTITLES[int(i)], setup.size) for i in (first, second)]
    half = setup.frames // 2 if setup.frames >= 24 else setup.frames
    return replace(close_up(setup), overlay=lambda t: cards[t >= half])


def sign(setup: Setup) -> Scene:
    hour = setup.pick("hour", "day", "sunset")
    plate = setup.plate("city", hour)
    words = lettering.SIGNS[int(setup.rng("sign").integers(len(lettering.SIGNS)))]
    board = Layer((plate.shape[1], plate.shape[0]))
    board.canvas.scale(setup.s, setup.s)
    x, y = MARGIN + setup.width * 0.70, MARGIN + 96.0
    for side in (-80, 74):
        post = gradient((x + side, 0), (x + side + 6, 0), [(150, 146, 142), (84, 82, 88)])
        board.canvas.drawRect(rect(x + side, y, 6, GROUND + MARGIN - 20 - y), post)
    board.canvas.drawRoundRect(rect(x - 98, y - 24, 196, 48), 5, 5, fill((60, 70, 84)))
    board.canvas.drawRoundRect(rect(x - 93, y - 19, 186, 38), 4, 4, fill((240, 232, 208)))
    box = lettering.write_line(
        board.canvas, words, centre=(x, y), height=22, colour=(150, 50, 50), edge=None, bold=0.05
    )
    drawn = board.straight()
    actor = setup.actor(
        setup.character(hour=hour),
        setup.standing(setup.face()),
        setup.timing(3),
        unit=46,
        x=setup.width * 0.28,
    )
    return Scene(
        plate=over(plate, drawn[..., :3], drawn[..., 3]), camera=setup.held(), actors=(actor,),
        signs=(TextTruth(words, "sign", box * setup.s - 0.5),),
    )  # fmt: skip


def credits_card(setup: Setup) -> Scene:
    """Six entries on black, or on a dark out-of-focus picture."""
    rng = setup.rng("credits")
    plate = np.full((setup.px(360 + 2 * MARGIN), setup.px(setup.width + 2 * MARGIN), 3), 14, np.uint8)
    if rng.random() < 0.5:
        picture = setup.plate(setup.pick("place", *OUTDOORS), "night")
        plate = (cv2.GaussianBlur(picture, (0, 0), 6 * setup.s) * 0.45).astype(np.uint8)
    roles, names = (rng.permutation(len(table))[:6] for table in (lettering.ROLES, lettering.NAMES))
    rows = tuple(
        (lettering.ROLES[int(r)], lettering.NAMES[int(n)]) for r, n in zip(roles, names, strict=True)
    )
    card = lettering.credits_card(rows, setup.size)
    return Scene(plate=plate, camera=setup.held(), overlay=lambda _: card)


KINDS = {
    "subtitles": Kind("a talking close-up with burned-in subtitles", 48, subtitles),
    "sign": Kind("a shop sign in the scenery", 48, sign),
    "credits": Kind("a card of credits", 36, credits_card),
}
