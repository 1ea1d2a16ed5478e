"""A skeleton in the picture plane and its motions. Angles in degrees: 0 hangs down, 90 points ahead."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from animeflow.sample.canvas import Point
from animeflow.sample.face import Expression

TORSO, NECK, HEAD_ABOVE_NECK = 1.72, 0.26, 0.40
UPPER_ARM, FOREARM = 0.92, 0.84
THIGH, SHIN = 1.42, 1.46
SOLE = 0.16


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Limb angles are (root, joint): shoulder and elbow, hip and knee. A knee bends back, an elbow ahead."""

    near_arm: Point = (-8.0, 10.0)
    far_arm: Point = (8.0, 10.0)
    near_leg: Point = (-3.0, 2.0)
    far_leg: Point = (4.0, 2.0)
    lean: float = 0.0
    head_tilt: float = 0.0
    sway: float = 0.0
    skirt: float = 0.0
    face: Expression = field(default_factory=Expression)


def leg_scale(tall: float) -> float:
    """How much longer the legs of a tall character are."""
    return 1.0 + 0.10 * tall


def chain(root: Point, first: float, second: float, lengths: Point) -> list[Point]:
    """Root, joint and end of a limb whose parts make the angles `first` and `second` with the vertical."""
    points = [root]
    for angle, length in zip((first, second), lengths, strict=True):
        x, y = points[-1]
        a = np.deg2rad(angle)
        points.append((x + length * float(np.sin(a)), y + length * float(np.cos(a))))
    return points


def legs(pose: Pose, *, tall: float, turn: float) -> tuple[list[Point], list[Point]]:
    """Hip, knee and ankle of the near and the far leg; the origin is the pelvis."""
    scale = leg_scale(tall)
    lengths = (THIGH * scale, SHIN * scale)
    gap = 0.20 * (1 - 0.45 * turn)
    near = chain((-gap, 0.0), pose.near_leg[0], pose.near_leg[0] - pose.near_leg[1], lengths)
    far = chain((gap, 0.0), pose.far_leg[0], pose.far_leg[0] - pose.far_leg[1], lengths)
    return near, far


def pelvis_height(pose: Pose, *, tall: float, turn: float) -> float:
    """How high the pelvis stands above the ground when the lower foot rests on it."""
    near, far = legs(pose, tall=tall, turn=turn)
    return max(near[2][1], far[2][1]) + SOLE


def walk(phase: float, *, face: Expression, energy: float = 1.0) -> Pose:
    """One moment of a walk; a cycle of two steps is `phase` 0 to 1. `energy` above 1.5 reads as a run."""
    a = 2 * np.pi * phase
    swing = 25.0 * min(energy, 1.7)
    s = float(np.sin(a))

    def knee(p: float) -> float:
        return 6.0 + (34.0 + 26.0 * (energy - 1)) * float(np.clip(np.cos(p), 0.0, 1.0)) ** 1.5

    bend = 18.0 + 50.0 * float(np.clip(energy - 1.0, 0.0, 1.0))
    return Pose(
        near_leg=(swing * s + 2, knee(a)),
        far_leg=(-swing * s + 2, knee(a + np.pi)),
        near_arm=(-swing * 0.9 * s - 4, bend + 10 * max(0.0, -s)),
        far_arm=(swing * 0.9 * s - 2, bend + 10 * max(0.0, s)),
        lean=2.0 + 9.0 * float(np.clip(energy - 1.0, 0.0, 1.0)),
        head_tilt=-1.5 * float(np.cos(2 * a)),
        sway=-0.35 * energy + 0.45 * float(np.sin(2 * a + 0.7)),
        skirt=0.10 * float(np.sin(2 * a)) - 0.06 * energy,
        face=face,
    )


def wave_arm(phase: float, *, face: Expression, body: Pose | None = None) -> Pose:
    """A held body whose near forearm waves; hair follows with a lag."""
    a = 2 * np.pi * phase
    base = body or Pose()
    return Pose(
        near_arm=(-142.0 + 4.0 * float(np.sin(a)), -28.0 + 30.0 * float(np.sin(a))),
        far_arm=base.far_arm, near_leg=base.near_leg, far_leg=base.far_leg,
        sway=0.7 * float(np.sin(a - 0.9)), face=face,
    )  # fmt: skip


def stand(
    *, face: Expression, sway: float = 0.0, near_arm: Point = (-9.0, 8.0), far_arm: Point = (9.0, 8.0)
) -> Pose:
    """Standing in a breeze: hair, skirt and head give a little."""
    return Pose(
        near_arm=near_arm, far_arm=far_arm, sway=sway, skirt=0.08 * sway, head_tilt=1.6 * sway, face=face
    )
