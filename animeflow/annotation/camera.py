"""The move of the camera over a clip, read from where each frame lies on the plate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animeflow.settings.annotation import LabelSettings

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Move:
    """`kind` static, pan_left, pan_right, tilt_up, tilt_down, pan_tilt, zoom_in, zoom_out or shake.

    `x` and `y` are the net travel to the right and downwards in frame widths and heights, `zoom` the scale at the end
    over that at the start, above 1 for a camera that goes nearer. `path` is the length of the way in diagonals.
    """

    kind: str
    x: float
    y: float
    zoom: float
    path: float


def camera_move(matrices: F64, size: tuple[int, int], settings: LabelSettings) -> Move:
    """The move of frames [T, 3, 3] that map frame px to plate px, for frames of (width, height) px.

    Travel is that of the frame's centre over the plate, in units of the frame's own size at the middle of the clip.
    """
    width, height = size
    matrices = matrices / matrices[:, 2:, 2:]
    centre = np.array([width / 2, height / 2, 1.0])
    seen = matrices @ centre
    places = seen[:, :2] / seen[:, 2:]
    scales = np.sqrt(np.abs(np.linalg.det(matrices[:, :2, :2])))
    unit = float(np.median(scales))
    diagonal = float(np.hypot(width, height)) * unit
    net = places[-1] - places[0]
    x, y = float(net[0] / (width * unit)), float(net[1] / (height * unit))
    path = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum() / diagonal)
    zoom = float(scales[0] / scales[-1])
    away = (places - places[0]) / diagonal
    kind = _kind(away[np.argmax(np.linalg.norm(away, axis=1))], path, zoom, settings)
    return Move(kind, x, y, zoom, path)


def _kind(reach: F64, path: float, zoom: float, settings: LabelSettings) -> str:
    """`reach` is the way from the start to the farthest place, in diagonals: a pan there and back is a pan."""
    dx, dy = float(reach[0]), float(reach[1])
    travel, least = float(np.hypot(dx, dy)), settings.move_share
    if path >= least and path >= settings.shake_ratio * travel:
        return "shake"
    if abs(zoom - 1) >= settings.zoom_ratio and travel < 4 * least:
        return "zoom_in" if zoom > 1 else "zoom_out"
    if travel < least:
        return "static"
    if min(abs(dx), abs(dy)) > 0.5 * max(abs(dx), abs(dy)):
        return "pan_tilt"
    if abs(dx) > abs(dy):
        return "pan_right" if dx > 0 else "pan_left"
    return "tilt_down" if dy > 0 else "tilt_up"
