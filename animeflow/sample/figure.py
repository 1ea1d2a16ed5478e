"""A whole character on a layer: limbs from the pose, clothes, head. The origin is the pelvis, y down, facing +x."""

from __future__ import annotations

import numpy as np
import skia

from animeflow.sample.canvas import Brush, Colour, Point, smooth, tube
from animeflow.sample.face import draw_face
from animeflow.sample.hair import draw_back_hair, draw_front_hair
from animeflow.sample.outfit import SLEEVE, draw_torso, ink_of, leg_colours, shade_of, shoulder_width
from animeflow.sample.pose import (
    FOREARM,
    HEAD_ABOVE_NECK,
    NECK,
    TORSO,
    UPPER_ARM,
    Pose,
    chain,
    legs,
    pelvis_height,
)
from animeflow.sample.style import Design, shift, tint

HEIGHT = 6.2  # units from sole to hair of an average figure: about 5.4 heads


def draw_figure(
    canvas: skia.Canvas,
    who: Design,
    pose: Pose,
    *,
    foot: Point,
    unit: float,
    facing: int = 1,
    line: float = 1.5,
) -> None:
    """Draw `who` standing at `foot` (canvas px), `unit` px per drawing unit, looking to the right (1) or left (-1)."""
    t = pose.face.turn
    canvas.save()
    canvas.translate(*foot)
    canvas.scale(unit * facing, unit)
    canvas.translate(0.0, -pelvis_height(pose, tall=who.tall, turn=t))
    brush = Brush(canvas, line=line / unit, mirror=facing)
    upper = skia.Matrix()
    upper.preRotate(pose.lean)
    canvas.save()
    canvas.concat(upper)
    _head(brush, who, pose, behind=True)
    _arm(brush, who, pose, near=False)
    canvas.restore()
    near, far = legs(pose, tall=who.tall, turn=t)
    for points, value in ((far, 0.86), (near, 1.0)):
        _leg(brush, who, points, t, value)
    canvas.save()
    canvas.concat(upper)
    _neck(brush, who, t)
    draw_torso(brush, who, pose)
    _head(brush, who, pose, behind=False)
    _arm(brush, who, pose, near=True)
    canvas.restore()
    canvas.restore()


def _head(brush: Brush, who: Design, pose: Pose, *, behind: bool) -> None:
    t = pose.face.turn
    brush.canvas.save()
    brush.canvas.translate(0.03 * t, -(TORSO + NECK))
    brush.canvas.rotate(pose.head_tilt)
    brush.canvas.translate(0.06 * t, -HEAD_ABOVE_NECK)
    if behind:
        draw_back_hair(brush, who, turn=t, sway=pose.sway)
    else:
        draw_face(brush, who, pose.face)
        draw_front_hair(brush, who, turn=t, sway=pose.sway)
    brush.canvas.restore()


def _neck(brush: Brush, who: Design, t: float) -> None:
    neck = tube([(0.02 * t, -TORSO - 0.3), (0.0, -TORSO - 0.05), (0.0, -TORSO + 0.15)], [0.24, 0.24, 0.34])
    brush.cel(neck, who.skin_shade, None, ink_of(who.skin_shade))


def _arm(brush: Brush, who: Design, pose: Pose, *, near: bool) -> None:
    t = pose.face.turn
    wide = shoulder_width(who)
    root = (-0.44 * wide * (1 - 0.30 * t), -1.50) if near else (0.42 * wide * (1 - 0.45 * t), -1.50)
    angle, bend = pose.near_arm if near else pose.far_arm
    points = chain(root, angle, angle + bend, (UPPER_ARM, FOREARM))
    _hand(brush, who.skin if near else who.skin_shade, who.skin_shade, points)
    _sleeve(brush, who, points, near=near)


def _sleeve(brush: Brush, who: Design, points: list[Point], *, near: bool) -> None:
    bare = who.outfit == "dress"
    cloth = shift(SLEEVE[who.outfit](who), value=1.0 if near else 0.88)
    thick = 1.25 if who.outfit in ("hoodie", "coat") else 1.0
    shoulder, elbow, wrist = points
    # the round of the shoulder: a narrower point before the joint
    above = _between(shoulder, elbow, -0.13)
    widths = [w * thick for w in (0.17, 0.27, 0.235, 0.20, 0.185, 0.15)]
    shade = who.skin_shade if bare else shade_of(cloth)
    brush.cel(tube([above, *_bent(points)], widths), cloth, shade, ink_of(cloth), light=(0.05, -0.02))
    if bare:
        puff = tube(
            [above, _between(shoulder, elbow, 0.18), _between(shoulder, elbow, 0.42)], [0.24, 0.42, 0.28]
        )
        brush.cel(puff, who.top, shade_of(who.top), ink_of(who.top), light=(0.05, -0.03))
        hidden = tube([_between(elbow, wrist, 0.86), wrist, _between(elbow, wrist, 1.1)], [0.11, 0.10, 0.08])
        brush.cel(hidden, cloth)  # no line between forearm and hand
        return
    x, y = elbow
    brush.taper([(x - 0.07, y - 0.03), (x + 0.02, y), (x + 0.07, y + 0.05)], ink_of(cloth), line=0.6)
    brush.taper([(x - 0.05, y + 0.06), (x + 0.03, y + 0.07), (x + 0.07, y + 0.11)], ink_of(cloth), line=0.5)
    if who.outfit == "sailor":
        cuff = tube([_between(elbow, wrist, 0.8), _between(elbow, wrist, 0.98)], [0.18, 0.17])
        brush.cel(cuff, who.bottom, None, ink_of(who.bottom), line=0.8)


def _hand(brush: Brush, skin: Colour, shade: Colour, points: list[Point]) -> None:
    (x0, y0), (x1, y1) = points[1], points[2]
    d = np.asarray([x1 - x0, y1 - y0])
    d /= np.linalg.norm(d)
    n = np.asarray([-d[1], d[0]])

    def at(along: float, across: float) -> Point:
        p = np.asarray([x1, y1]) + d * along - n * across
        return (float(p[0]), float(p[1]))

    thumb = tube([at(0.02, 0.05), at(0.12, 0.11), at(0.20, 0.10)], [0.07, 0.06, 0.04])
    palm = smooth(
        [
            at(-0.08, -0.07),
            at(0.10, -0.09),
            at(0.24, -0.075),
            at(0.32, -0.02),
            at(0.28, 0.05),
            at(0.12, 0.08),
            at(-0.08, 0.06),
        ]
    )
    ink = ink_of(shade)
    brush.cel(thumb, skin, None, ink, line=0.9)
    brush.cel(palm, skin, shade, ink, light=(0.03, -0.02), line=0.9)
    for across in (-0.03, 0.015):
        brush.taper([at(0.17, across), at(0.23, across), at(0.29, across * 0.7)], ink, line=0.6)


def _leg(brush: Brush, who: Design, points: list[Point], t: float, value: float) -> None:
    thigh, shin = (shift(c, value=value) for c in leg_colours(who))
    _, knee, ankle = points
    loose = 1.22 if thigh == shin else 1.0
    path = _bent(points)
    whole = tube(path, [0.42 * loose, 0.36 * loose, 0.25 * loose, 0.24 * loose, 0.15 * loose])
    shade = shift(who.skin_shade, value=value) if thigh != shin else shade_of(thigh)
    _shoe(brush, who, knee, ankle, t, value)
    brush.cel(whole, thigh, shade, ink_of(shade), light=(0.08, 0.0))
    if thigh != shin:
        top = _between(knee, ankle, 0.30)
        sock = tube([top, _between(knee, ankle, 0.5), ankle], [0.245, 0.225, 0.15])
        brush.cel(sock, shin, shade_of(shin), ink_of(shin), light=(0.06, 0.0))
    else:
        brush.taper(
            [(knee[0] - 0.12, knee[1] - 0.04), (knee[0], knee[1] + 0.02), (knee[0] + 0.10, knee[1])],
            ink_of(thigh),
            line=0.6,
        )


def _shoe(brush: Brush, who: Design, knee: Point, ankle: Point, t: float, value: float) -> None:
    colour = shift(
        tint((92, 62, 52), who.light) if who.outfit in ("sailor", "blazer", "dress") else who.accent,
        value=value,
    )
    x, y = ankle
    lift = float(np.arctan2(knee[0] - x, y - knee[1]))
    toe = 0.16 + 0.24 * t
    local = [
        (-0.13, -0.10),
        (0.10, -0.10),
        (toe * 0.7, 0.0),
        (toe + 0.05, 0.08),
        (toe, 0.16),
        (-0.12, 0.16),
        (-0.16, 0.05),
    ]
    c, s = np.cos(lift * 0.8), np.sin(lift * 0.8)
    shoe = smooth([(float(x + c * u - s * v), float(y + s * u + c * v)) for u, v in local])
    brush.cel(shoe, colour, shade_of(colour), ink_of(colour), light=(0.03, -0.06))


def _between(a: Point, b: Point, share: float) -> Point:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def _bent(points: list[Point]) -> list[Point]:
    a, b, c = points
    return [a, _between(a, b, 0.5), b, _between(b, c, 0.5), c]
