"""Small drawn clips with seeds made from the truth: what layer tests share."""

from __future__ import annotations

import cv2
import numpy as np

from animeflow.layers.clip import Clip
from animeflow.layers.seeds import SeedMaps
from animeflow.sample import DrawnShot, draw_shot

SIZE = (320, 180)


def clip_of(shot: DrawnShot) -> Clip:
    """The clean frames of a shot as a clip, with its true drawings."""
    firsts = np.flatnonzero(np.diff(shot.drawing, prepend=-1))
    name = "0" * 16
    return Clip(
        f"{name}-0000000-{len(shot.frames):07d}",
        shot.frames,
        shot.drawing,
        tuple(f"{name}-d{i:07d}" for i in firsts),
    )


def seeds_of(shot: DrawnShot, clip: Clip) -> list[SeedMaps]:
    """Seeds as good networks would give them: the true alpha, blurred by 2 px."""
    found = []
    for frame in clip.firsts:
        soft = cv2.GaussianBlur(shot.alpha[frame], (0, 0), 2)
        maps = np.dstack([soft, soft, (soft > 0.5).astype(np.float32)])
        found.append(SeedMaps(np.rint(maps * 255).astype(np.uint8), True, True))
    return found


def drawn(kind: str, *, seed: int = 5, frames: int = 20) -> DrawnShot:
    """A shot of 320x180."""
    return draw_shot(kind, seed=seed, size=SIZE, frames=frames)


def placement_error(shot: DrawnShot, matrices: np.ndarray) -> np.ndarray:
    """Mean distance in px of every frame's placement to the truth on a 3x2 grid, both against the first frame."""
    xs, ys = np.meshgrid(np.linspace(0, SIZE[0] - 1, 3), np.linspace(0, SIZE[1] - 1, 2))
    grid = np.stack([xs.ravel(), ys.ravel(), np.ones(xs.size)])
    ours = np.linalg.inv(matrices[0]) @ matrices @ grid
    true = np.linalg.inv(shot.camera[0]) @ shot.camera @ grid
    return np.hypot(*(ours - true)[:, :2].transpose(1, 0, 2)).mean(axis=1)
