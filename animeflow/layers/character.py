"""The matte of a drawing: what differs from the plate and belongs to a seed.

The residual against the plate decides the outline, the seed decides which parts are character at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animeflow.layers.difference import Difference, grown
from animeflow.layers.fill import nearest_index
from animeflow.layers.fitness import see_through
from animeflow.layers.pixels import F32, I32, U8, Mask, closed, component_means, components, dilate, erode

BAND = 5  # erosion and dilation that bound the band of mixed pixels
OPAQUE_LEVELS, OPAQUE_ALPHA = 60, 0.9  # ink lines are opaque, though their colour is not the fill's
REFERENCE_AREA = 640 * 360  # areas below are for this picture and scale with the frame


@dataclass(frozen=True)
class Seed:
    """Seeds of one drawing at frame size, float32 0-1: the seed and the mean of the networks."""

    seed: F32
    mean: F32


def character_mask(difference: Difference, seed: Seed, hole: Mask, *, light: bool) -> Mask:
    """Which pixels are character, bool [h, w].

    `hole` is True where the background was filled: there the seed decides. `light` says that the clip has effects:
    then pixels that only got brighter, and those the background shows through, need a network to vouch for them.
    """
    wrong = difference.unlike & ~hole
    if light:
        wrong &= ~(difference.brighter & (grown(seed.mean, 9) < 0.55))
        wrong &= ~(see_through(difference) & (seed.mean < 0.5))
    wrong |= hole & (seed.seed > 0.5)
    kept = _believed_parts(closed(wrong, 3), seed)
    return _with_enclosed(kept, seed)


def _believed_parts(mask: Mask, seed: Seed) -> Mask:
    """Connected parts that a seed supports."""
    scale = mask.size / REFERENCE_AREA
    count, labels, stats = components(mask)
    area = stats[:, 4]
    support = np.maximum(seed.seed, seed.mean)
    mean = component_means(labels, count, support)
    peak = _component_peaks(labels, count, support)
    keep = (area >= 25 * scale) & (mean > 0.25)
    keep |= (peak > 0.6) & (area >= 80 * scale)
    keep |= (area > 0.004 * mask.size) & (mean > 0.08)
    keep[0] = False
    return keep[labels]


def _component_peaks(labels: I32, count: int, values: F32) -> np.ndarray:
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, labels[labels > 0], values[labels > 0])
    return peaks


def _with_enclosed(mask: Mask, seed: Seed) -> Mask:
    """Fill what the ink outline encloses and the plate equals: a white shirt before a white wall."""
    scale = mask.size / REFERENCE_AREA
    count, labels, stats = components(~mask)
    height, width = mask.shape
    inner = (stats[:, 0] > 0) & (stats[:, 1] > 0)
    inner &= (stats[:, 0] + stats[:, 2] < width) & (stats[:, 1] + stats[:, 3] < height)
    mean = component_means(labels, count, seed.seed)
    fill = inner & (stats[:, 4] < 0.02 * mask.size) & ((mean > 0.5) | (stats[:, 4] < 12 * scale))
    fill[0] = False
    return mask | fill[labels]


def projected_alpha(difference: Difference, mask: Mask, hole: Mask) -> F32:
    """Alpha float32 0-1: 1 inside, in the band the share of the way from background to the nearest sure colour.

    alpha = clip((I - B).(F - B) / |F - B|^2), the least-squares solution of I = alpha F + (1 - alpha) B for known B.
    """
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    sure = erode(mask, BAND)
    if not sure.any():
        sure = mask
    band = dilate(mask, BAND) & ~sure
    alpha = sure.astype(np.float32)
    rows, columns = nearest_index(sure)
    where = np.nonzero(band)
    fill = difference.frame[rows[where], columns[where]].astype(np.float32)
    behind = difference.background[where].astype(np.float32)
    toward = fill - behind
    share = ((difference.frame[where] - behind) * toward).sum(axis=1) / np.maximum((toward**2).sum(axis=1), 1)
    share = np.clip(share, 0, 1)
    strong = (difference.size[where] > OPAQUE_LEVELS) & mask[where]
    share = np.where(strong, np.maximum(share, OPAQUE_ALPHA), share)
    share = np.where(hole[where], mask[where].astype(np.float32), share)
    alpha[where] = share
    return alpha


def solved_colour(frame: U8, background: U8, alpha: F32, light: U8 | None = None) -> U8:
    """Straight colour C = (I - E - (1 - alpha) B) / alpha, clipped; 0 where alpha is 0. uint8 [h, w, 3].

    `light` E is what the effect layer adds. With this colour the recomposition is exact but for clipping.
    """
    a = alpha[..., None]
    rest = frame.astype(np.float32) - (1 - a) * background
    if light is not None:
        rest -= light
    colour = np.rint(np.clip(rest / np.maximum(a, 1 / 255), 0, 255)).astype(np.uint8)
    return np.where(a > 0, colour, np.uint8(0))


def rgba(colour: U8, alpha: F32) -> U8:
    """Straight RGBA uint8 [h, w, 4]."""
    return np.dstack([colour, quantised(alpha)])


def quantised(alpha: F32) -> U8:
    """Alpha 0-1 as uint8."""
    return np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)
