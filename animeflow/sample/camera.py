"""Camera paths: matrices float64 [T, 3, 3] from frame px to plate px.

Pixel centres lie on whole numbers, as OpenCV counts.
"""

from __future__ import annotations

import numpy as np


def path(
    size: tuple[int, int],
    *,
    x: np.ndarray,
    y: np.ndarray,
    zoom: np.ndarray | float = 1.0,
    focus: tuple[float, float] = (0.5, 0.5),
) -> np.ndarray:
    """`x`, `y` [T]: plate px under the frame's first pixel at zoom 1, where a plate px is a frame px.

    `zoom` [T] enlarges about the point at `focus` (shares of the frame's width and height), which stays where it is.
    """
    x, y = np.atleast_1d(np.asarray(x, np.float64)), np.atleast_1d(np.asarray(y, np.float64))
    step = 1.0 / np.broadcast_to(np.asarray(zoom, np.float64), x.shape)
    cx, cy = (size[0] - 1) * focus[0], (size[1] - 1) * focus[1]
    out = np.tile(np.eye(3), (len(x), 1, 1))
    out[:, 0, 0] = out[:, 1, 1] = step
    out[:, 0, 2] = x + cx - step * cx
    out[:, 1, 2] = y + cy - step * cy
    return out


def held(size: tuple[int, int], frames: int, *, x: float, y: float) -> np.ndarray:
    """A camera that does not move."""
    return path(size, x=np.full(frames, x), y=np.full(frames, y))


def eased(frames: int) -> np.ndarray:
    """0 to 1 over the frames, slow at both ends."""
    u = np.linspace(0.0, 1.0, frames)
    return u * u * (3.0 - 2.0 * u)


def motion(camera: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mean displacement in frame px that the camera gives the background since the frame before, float64 [T]."""
    xs, ys = np.meshgrid(np.linspace(0, size[0] - 1, 5), np.linspace(0, size[1] - 1, 3))
    points = np.stack([xs.ravel(), ys.ravel(), np.ones(xs.size)])
    speed = np.zeros(len(camera))
    for t in range(1, len(camera)):
        back = np.linalg.inv(camera[t]) @ camera[t - 1] @ points
        speed[t] = np.linalg.norm(back[:2] - points[:2], axis=0).mean()
    return speed


def to_canvas(camera: np.ndarray) -> np.ndarray:
    """Plate px -> frame px for a drawing canvas, whose pixels have their corners on whole numbers: float64 [3, 3]."""
    half = np.asarray([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return half @ np.linalg.inv(camera) @ np.linalg.inv(half)
