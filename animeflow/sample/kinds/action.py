"""Shots of action: a whip pan, and limbs so fast that a drawing of their own stands for the movement.

Whatever rushes through the frame brightens and darkens it: by the letter of the rule such shots flash, as they do in
films, and their truth says so (`DrawnShot.flash`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import skia

from animeflow.sample import camera as cam
from animeflow.sample.canvas import Brush, Point, tube
from animeflow.sample.compose import Actor, Scene
from animeflow.sample.face import Expression
from animeflow.sample.figure import draw_figure
from animeflow.sample.outfit import SLEEVE, ink_of, shade_of, shoulder_width
from animeflow.sample.plates import look
from animeflow.sample.pose import FOREARM, HEAD_ABOVE_NECK, NECK, TORSO, UPPER_ARM, Pose, chain, pelvis_height
from animeflow.sample.setup import MARGIN, Kind, PoseAt, Setup
from animeflow.sample.style import Design

# --- the ranges, fixed before any figure was known
WHIP_WIDTHS = (1.0, 1.6)  # how far the camera whips, in widths of the frame
WHIP_FRAMES = (8, 12)  # in how many frames: at most 192 px a frame of 640
SHUTTER = 0.8  # share of a frame's movement that its blur covers
WIND_UP, SMEARS, HIT = (
    6,
    (1, 2),
    5,
)  # frames wound up, drawings of the movement (one frame each), frames landed
STRETCH = 1.3  # of the figure along the blow, in a smear
LUNGE = (34.0, 60.0)  # units the body moves from winding up to hitting
JOLT = 9.0  # units the camera is thrown when the blow lands; it has calmed down after JOLT_FRAMES
JOLT_FRAMES = 5


def whip(setup: Setup) -> Scene:
    """From one character to another in a third of a second; plate and cels are blurred along the movement."""
    place, hour = setup.place("street", "city", "field", "forest", "sea")
    rng = setup.rng("whip")
    travel = setup.width * float(rng.uniform(*WHIP_WIDTHS))
    length = min(int(rng.integers(WHIP_FRAMES[0], WHIP_FRAMES[1] + 1)), max(setup.frames // 2, 1))
    start = round((setup.frames - length) * float(rng.uniform(0.35, 0.55)))
    share = np.concatenate([np.zeros(start), cam.eased(length), np.ones(setup.frames - start - length)])
    if rng.random() < 0.5:
        share = 1.0 - share
    path = np.rint(travel * share * 4) / 4
    blur = SHUTTER * np.abs(np.gradient(path)) if setup.frames > 1 else np.zeros(1)
    plate = setup.plate(place, hour, extra=(travel, 0.0))
    camera = setup.moved(path)
    first, second = setup.pair(hour)
    faces = setup.face(turn=0.2, brow=-0.4), setup.face(turn=0.35, mouth=0.6)
    actors = tuple(
        _blurred(setup, who, pose, blur, x=x, head_y=136.0, unit=60.0)
        for who, pose, x in (
            (first, setup.standing(faces[0]), setup.width * 0.46),
            (second, setup.standing(faces[1], near_arm=(-30, 62)), travel + setup.width * 0.54),
        )
    )

    def behind(t: int) -> np.ndarray:
        return look(_along(plate, setup.px(float(blur[t]))), camera[t], setup.size)

    return Scene(plate=plate, camera=camera, behind=behind, actors=actors)


def _along(plate: np.ndarray, length: int) -> np.ndarray:
    """The plate smeared over `length` px along its rows, as an open shutter smears it."""
    return plate if length < 2 else cv2.blur(plate, (length, 1))


def _blurred(
    setup: Setup, who: Design, pose: PoseAt, blur: np.ndarray, *, x: float, head_y: float, unit: float
) -> Actor:
    """A character on the plate, on threes, smeared with the plate.

    Every frame of another blur has a picture of its own; as drawings they are equal where their poses are.
    """
    held = setup.timing(3)
    plain = setup.actor(who, pose, held, unit=unit, x=x, head_y=head_y, facing=1)
    pictures = np.arange(setup.frames, dtype=np.int32)
    for t in range(1, setup.frames):
        if blur[t] == blur[t - 1] and held[t] == held[t - 1]:
            pictures[t] = pictures[t - 1]

    def draw(canvas: skia.Canvas, t: int) -> None:
        sigma = float(blur[t]) * setup.s / 12**0.5  # of a box as long as the blur
        if sigma < 0.3:
            plain.draw(canvas, int(held[t]))
            return
        canvas.saveLayer(None, skia.Paint(ImageFilter=skia.ImageFilters.Blur(sigma, 0.0)))
        plain.draw(canvas, int(held[t]))
        canvas.restore()

    return Actor(draw=draw, timing=pictures, pose=lambda t: pose(int(held[t])))


@dataclass(frozen=True)
class Blow:
    """The near arm (shoulder, elbow) drawn back and where it lands, and how the body leans there."""

    back: Point
    landed: Point
    lean: tuple[float, float]


BLOWS = (
    Blow(back=(-62.0, 118.0), landed=(86.0, 4.0), lean=(-9.0, 13.0)),  # a punch
    Blow(back=(186.0, 24.0), landed=(48.0, 16.0), lean=(-12.0, 15.0)),  # a stroke from above
)


@dataclass(frozen=True)
class Moment:
    """A drawing of a blow: `share` of the way done, how the figure is stretched, whether the arm is a smear."""

    pose: Pose
    share: float
    stretch: float = 1.0
    smeared: bool = False


def smear(setup: Setup) -> Scene:
    """Blow after blow: wound up, one or two smears, landed with a jolt of the camera, and back through a smear.

    The pattern of its held frames is its own, whatever the style says: a smear is seen for one frame.
    """
    place, hour = setup.place("street", "city", "field", "forest")
    who, rng = setup.character(hour=hour), setup.rng("smear")
    blow = BLOWS[int(rng.integers(len(BLOWS)))]
    lunge = float(rng.uniform(*LUNGE))
    forth = int(rng.integers(SMEARS[0], SMEARS[1] + 1))
    cycle = _moments(setup.face(turn=0.5, brow=-0.9, smile=-0.4), blow, forth)
    holds = (WIND_UP, *(1,) * forth, HIT, 1)
    timing = np.resize(np.repeat(np.arange(len(holds)), holds), setup.frames).astype(np.int32)
    landed = timing == forth + 1
    unit, facing, x = 66.0, int(rng.choice((-1, 1))), setup.width * 0.5

    def draw(canvas: skia.Canvas, k: int) -> None:
        moment = cycle[k]
        at = x + facing * lunge * (moment.share - 0.5)
        _draw_moment(canvas, setup, who, moment, blow, unit=unit, facing=facing, x=at, lunge=lunge)

    actor = Actor(draw=draw, timing=timing, pose=lambda k: k)
    plate = setup.plate(place, hour, near=1.25)
    return Scene(plate=plate, camera=setup.moved(*_jolts(landed)), actors=(actor,))


def _moments(face: Expression, blow: Blow, forth: int) -> list[Moment]:
    """The drawings of one blow and of the way back."""

    def pose(share: float, mouth: float) -> Pose:
        lean = blow.lean[0] + (blow.lean[1] - blow.lean[0]) * share
        arm = _between(blow.back, blow.landed, share)
        return Pose(
            near_arm=arm, far_arm=(30.0 - 60.0 * share, 78.0), near_leg=(-22.0 - 8 * share, 10.0),
            far_leg=(20.0 + 12 * share, 16.0), lean=lean, sway=0.9 - 1.8 * share, skirt=-0.1 * share,
            face=replace(face, mouth=mouth),
        )  # fmt: skip

    first = Moment(pose(0.0, 0.1), 0.0)
    ways = [(i + 1) / (forth + 1) + 0.12 for i in range(forth)]
    smears = [Moment(pose(way, 0.8), way, STRETCH, smeared=True) for way in ways]
    return [first, *smears, Moment(pose(1.0, 1.0), 1.0), Moment(pose(0.35, 0.3), 0.35, 1.0 + STRETCH / 8)]


def _draw_moment(
    canvas: skia.Canvas, setup: Setup, who: Design, moment: Moment, blow: Blow,
    *, unit: float, facing: int, x: float, lunge: float,
) -> None:  # fmt: skip
    """The figure, stretched along the blow, and over its arm the streak that stands for where the arm has been."""
    pose, s = moment.pose, setup.s
    legs = pelvis_height(pose, tall=who.tall, turn=pose.face.turn)
    height = 132.0 + unit * (TORSO + NECK + HEAD_ABOVE_NECK + legs)
    foot = ((x + MARGIN) * s, (height + MARGIN) * s)
    canvas.save()
    canvas.translate(*foot)
    canvas.scale(moment.stretch, 1.0)
    canvas.translate(-foot[0], -foot[1])
    draw_figure(canvas, who, pose, foot=foot, unit=unit * s, facing=facing, line=setup.line(unit))
    if moment.smeared:
        canvas.translate(*foot)
        canvas.scale(unit * s * facing, unit * s)
        canvas.translate(0.0, -legs)
        canvas.rotate(pose.lean)
        brush = Brush(canvas, line=setup.line(unit) / (unit * s), mirror=facing)
        _streak(brush, who, pose, blow, share=moment.share, back=lunge / unit)
    canvas.restore()


def _streak(brush: Brush, who: Design, pose: Pose, blow: Blow, *, share: float, back: float) -> None:
    """Sleeve and fist drawn out along their way so far: broad where they are, a tip where they came from."""
    root = (-0.44 * shoulder_width(who) * (1 - 0.30 * pose.face.turn), -1.50)
    ways = np.linspace(0.0, share, 9)
    limbs = []
    for way in ways:
        angle, bend = _between(blow.back, blow.landed, float(way))
        start = (root[0] - back * (share - float(way)), root[1])
        limbs.append(chain(start, angle, angle + bend, (UPPER_ARM, FOREARM + 0.18)))
    cloth = SLEEVE[who.outfit](who)
    grow = [float(g) for g in np.linspace(0.0, 1.0, len(ways)) ** 0.7]
    sleeve = [_between(elbow, hand, 0.34) for _, elbow, hand in limbs]
    fist = [hand for *_, hand in limbs]
    brush.cel(
        tube(sleeve, [0.92 * g for g in grow]), cloth, shade_of(cloth), ink_of(cloth), light=(0.06, -0.05)
    )
    brush.cel(
        tube(fist, [0.46 * g for g in grow]),
        who.skin,
        who.skin_shade,
        ink_of(who.skin_shade),
        light=(0.05, -0.04),
    )
    for along, line in ((0.2, 1.0), (0.62, 1.3), (0.86, 0.9)):
        brush.taper([_between(elbow, hand, along) for _, elbow, hand in limbs[2:]], ink_of(cloth), line=line)


def _jolts(landed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (x, y) [T] of a camera that is thrown where a blow lands and settles in JOLT_FRAMES."""
    x, y = np.zeros(len(landed)), np.zeros(len(landed))
    for t in np.flatnonzero(landed & ~np.concatenate([[False], landed[:-1]])).tolist():
        for after in range(min(JOLT_FRAMES, len(landed) - t)):
            size = JOLT * (1 - after / JOLT_FRAMES)
            x[t + after], y[t + after] = size, 0.6 * size
    return np.rint(x * 4) / 4, np.rint(y * 4) / 4


def _between(a: Point, b: Point, share: float) -> Point:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


KINDS = {
    "whip": Kind("a whip pan from one character to another, blurred along its way", 36, whip),
    "smear": Kind("blows whose fastest drawings are smears, the camera jolted where they land", 48, smear),
}
