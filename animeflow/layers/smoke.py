"""See-through layers: frame = (1 - a) plate + a S. Smoke weakens the plate's structure before it hides it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from animeflow.layers.difference import Difference
from animeflow.layers.effects import Blend, Effect
from animeflow.layers.pixels import F32, Mask, components, correlation, dilate, luma

WINDOW = 15
MIN_ALPHA = 0.05
MIN_PART_PX = 200  # at 640x360: smaller patches are noise
COLOUR_SIGMA = 24  # px: the colour of smoke changes slowly
APART_LEVELS = 30  # colour and plate nearer than this say little about the share of either


@dataclass(frozen=True)
class Smoke:
    """`alpha` float32 [h, w] 0-1 and `colour` float32 [h, w, 3] levels of a see-through layer."""

    alpha: F32
    colour: F32


def structure_loss(difference: Difference, free: Mask) -> tuple[F32, F32]:
    """(a, trust) from the plate's structure: a = 1 - cov(frame, plate) / var(plate) where the plate has structure and
    the frame still shows it, spread to its surroundings; float32 [h, w].
    """
    frame, plate = luma(difference.frame).astype(np.float32), luma(difference.background).astype(np.float32)
    match, covariance, variance = correlation(frame, plate, WINDOW)
    valid = ((variance > 30) & (match > 0.75) & free).astype(np.float32)
    lost = np.clip(1 - covariance / np.maximum(variance, 1), 0, 0.98) * valid
    trust = cv2.GaussianBlur(valid, (0, 0), 9)
    return np.clip(cv2.GaussianBlur(lost, (0, 0), 9) / np.maximum(trust, 1e-3), 0, 0.98), trust


def smoke_of(difference: Difference, alpha: F32, hole: Mask) -> Smoke:
    """A see-through layer outside the character: its slow colour from the structure loss, then alpha per pixel.

    alpha = clip((I - B).(S - B) / |S - B|^2), as for the character; the structure loss where S and B are alike.
    """
    free = (alpha < 0.05) & ~hole
    loss, trust = structure_loss(difference, free)
    weight = (loss * trust * (loss > 0.1) * free)[..., None]
    share = np.maximum(loss, 0.05)[..., None]
    behind = difference.background.astype(np.float32)
    raw = np.clip((difference.frame - (1 - share) * behind) / share, 0, 255).astype(np.float32)
    total = cv2.GaussianBlur(weight[..., 0], (0, 0), COLOUR_SIGMA)[..., None]
    colour = cv2.GaussianBlur(raw * weight, (0, 0), COLOUR_SIGMA) / np.maximum(total, 1e-4)
    toward = colour - behind
    distance = (toward * toward).sum(axis=2)
    solved = np.clip(((difference.frame - behind) * toward).sum(axis=2) / np.maximum(distance, 1), 0, 1)
    sure = np.clip(np.sqrt(distance / 3) / APART_LEVELS, 0, 1)
    mixed = cv2.GaussianBlur(sure * solved + (1 - sure) * loss, (0, 0), 1)
    found = np.where((total[..., 0] > 1e-3) & (alpha < 0.5), mixed, 0)
    return Smoke(found.astype(np.float32), colour.astype(np.float32))


def smoke_layer(difference: Difference, alpha: F32, hole: Mask) -> Effect | None:
    """The see-through layer as straight RGBA; None where there is none."""
    smoke = smoke_of(difference, alpha, hole)
    mask = _large(smoke.alpha > MIN_ALPHA)
    if not mask.any():
        return None
    kept = smoke.alpha * dilate(mask, 5)
    picture = np.dstack([np.rint(smoke.colour), np.rint(kept * 255)]).astype(np.uint8)
    picture[picture[..., 3] == 0] = 0
    values = kept[mask]
    return Effect(picture, mask, Blend.OVER, float(values.mean()), float(values.max()))


def _large(mask: Mask) -> Mask:
    _, labels, stats = components(mask)
    keep = stats[:, 4] >= MIN_PART_PX * mask.size / (640 * 360)
    keep[0] = False
    return keep[labels]
