"""The matte of a drawing: what differs from the plate and belongs to a seed.

The residual against the plate decides the outline, the seed decides which parts are character at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from animeflow.layers.difference import Difference, grown
from animeflow.layers.fitness import see_through
from animeflow.layers.opaque import hiding, opaque_parts
from animeflow.layers.pixels import (
    F32,
    U8,
    Mask,
    Members,
    bounding_box,
    closed,
    component_peaks,
    components,
    dilate,
    disc,
    erode,
    luma,
)

REFERENCE_AREA = 640 * 360  # areas below are for this picture and scale with the frame
RIM_DEPTH, RIM_RATIO = (
    6,
    0.25,
)  # codec ringing: the outer 6 px (at 640x360) where the difference is below a quarter of the ink's
# An enclosed part of a plain background is cloth from this share of the figure on, if the networks support it at all.
PLAIN_LEVELS, CLOTH_SHARE, CLOTH_SEED = 2.0, 0.035, 0.1
INNER, OUTER = 3, 3  # the band of mixed pixels: 1 px to both sides of the outline
# Near its rim a filled hole continues what is seen beside it: believed up to half of this many px inside.
DEEP_MASK, DEEP_ALPHA = 9, 13
NOISE_SHARE = 0.08  # an alpha this near to 0 or 1 is codec noise
CLOSE_LEVELS, APART_LEVELS = (
    15,
    45,
)  # ink and background nearer than this say nothing about the share of either


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
    unknown = erode(hole, DEEP_MASK)
    wrong = difference.unlike & ~unknown
    if light:
        wrong &= ~(difference.brighter & (grown(seed.mean, 9) < 0.55) & ~hiding(difference))
        wrong &= ~(see_through(difference) & (seed.mean < 0.5))
    wrong |= unknown
    parts = _believed_parts(closed(wrong, 3), seed) | opaque_parts(difference, unknown)
    whole = _with_enclosed(parts, seed, difference.background)
    return _with_enclosed(without_rim(whole, difference.size, ~unknown), seed, difference.background)


def _believed_parts(mask: Mask, seed: Seed) -> Mask:
    """Connected parts that a seed supports."""
    scale = mask.size / REFERENCE_AREA
    count, labels, stats = components(mask)
    area = stats[:, 4]
    support = np.maximum(seed.seed, seed.mean)
    mean = Members.of(labels, count).mean(support)
    peak = component_peaks(labels, count, support)
    keep = (area >= 25 * scale) & (mean > 0.25)
    keep |= (peak > 0.6) & (area >= 80 * scale)
    keep |= (area > 0.004 * mask.size) & (mean > 0.08)
    keep[0] = False
    return keep[labels]


def _with_enclosed(mask: Mask, seed: Seed, background: U8) -> Mask:
    """Fill what the ink outline encloses and the plate equals: a white shirt before a white wall.

    Where the background has structure, that structure shows through a gap between arm and body, and only the seed may
    say otherwise. Where it has none nothing can be told from pixels: what is large for a gap, and not refused by the
    networks, is taken for cloth.
    """
    scale = mask.size / REFERENCE_AREA
    count, labels, stats = components(~mask)
    height, width = mask.shape
    area = stats[:, 4]
    inner = (stats[:, 0] > 0) & (stats[:, 1] > 0)
    inner &= (stats[:, 0] + stats[:, 2] < width) & (stats[:, 1] + stats[:, 3] < height)
    inner &= area < 0.02 * mask.size
    inner[0] = False
    members = Members.of(labels, count, inner)
    level = luma(background).astype(np.int32)
    spread = members.mean(level**2) - members.mean(level) ** 2
    cloth = (spread < PLAIN_LEVELS**2) & (area > CLOTH_SHARE * mask.sum())
    cloth &= members.mean(seed.mean) > CLOTH_SEED
    fill = inner & (cloth | (members.mean(seed.seed) > 0.5) | (area < 12 * scale))
    return mask | fill[labels]


def without_rim(mask: Mask, size: F32, known: Mask) -> Mask:
    """The mask without its halo of codec noise.

    Ringing and chroma bleed reach 3-6 px beyond a cel and lie above any flat tolerance, but far below the ink line they
    come from: what touches the outside through pixels of less than a quarter of the strongest difference near them is
    halo. Drawn shots: character IoU 0.936 -> 0.991 (white shirt before a white wall), 0.956 -> 0.979 (pan).
    """
    depth = int(np.clip(round(RIM_DEPTH * np.sqrt(mask.size / REFERENCE_AREA)), 3, 8))
    ink = cv2.dilate(np.where(mask, size, 0), disc(2 * depth - 1))
    outside = ~mask
    weak = mask & known & (size < RIM_RATIO * ink) & dilate(outside, 2 * depth + 1)
    count, labels, _ = components(outside | weak)
    touches = np.zeros(count, np.bool_)
    touches[np.unique(labels[outside])] = True
    touches[0] = False
    return mask & ~(weak & touches[labels])


def projected_alpha(difference: Difference, mask: Mask, hole: Mask) -> F32:
    """Alpha float32 0-1: 1 inside, 0 outside, in the band along the outline the share of ink in the pixel.

    alpha = clip((I - B).(F - B) / |F - B|^2), the least-squares solution of I = alpha F + (1 - alpha) B for known B;
    F is the colour that differs most from the background within 2 px: the ink line, not the fill behind it (which may
    equal the background). Where ink and background are alike the outline is only softened.
    """
    alpha = np.zeros(mask.shape, np.float32)
    if not mask.any():
        return alpha
    box = bounding_box(mask, 8)
    inside = mask[box]
    sure = erode(inside, INNER)
    band = np.nonzero(dilate(inside, OUTER) & ~sure)
    strength, ink = _strongest_near(difference.size[box] * inside, difference.frame[box])
    behind = difference.background[box][band].astype(np.float32)
    toward = ink[band] - behind
    mixed = difference.frame[box][band] - behind
    share = (mixed * toward).sum(axis=1) / np.maximum((toward * toward).sum(axis=1), 1)
    share = np.clip((share - NOISE_SHARE) / (1 - 2 * NOISE_SHARE), 0, 1)
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.8)[band]
    trust = np.clip((strength[band] - CLOSE_LEVELS) / (APART_LEVELS - CLOSE_LEVELS), 0, 1)
    trust[erode(hole, DEEP_ALPHA)[box][band]] = 0
    part = alpha[box]
    part[sure] = 1
    part[band] = trust * share + (1 - trust) * soft
    return alpha


def _strongest_near(strength: F32, colour: U8) -> tuple[F32, F32]:
    """Strength and colour (float32) of the strongest pixel within 2 px, in two rounds of 3x3."""
    best, place = strength.copy(), np.arange(strength.size, dtype=np.int32).reshape(strength.shape)
    height, width = best.shape
    for _ in range(2):
        padded = cv2.copyMakeBorder(best, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        places = cv2.copyMakeBorder(place, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        for dy, dx in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2)):
            there = slice(dy, dy + height), slice(dx, dx + width)
            stronger = padded[there] > best
            np.copyto(best, padded[there], where=stronger)
            np.copyto(place, places[there], where=stronger)
    return best, colour.reshape(-1, 3)[place].astype(np.float32)


def solved_colour(frame: U8 | F32, background: U8, alpha: F32) -> U8:
    """Straight colour C = (I - (1 - alpha) B) / alpha, clipped; 0 where alpha is 0. uint8 [h, w, 3].

    `frame` is in levels, effects already taken off. With this colour the recomposition is exact but for clipping.
    """
    colour = np.zeros(background.shape, np.uint8)
    if not alpha.any():
        return colour
    box = bounding_box(alpha > 0)
    a = alpha[box][..., None]
    rest = frame[box].astype(np.float32) - (1 - a) * background[box]
    solved = np.rint(np.clip(rest / np.maximum(a, 1 / 255), 0, 255)).astype(np.uint8)
    colour[box] = np.where(a > 0, solved, np.uint8(0))
    return colour


def rgba(colour: U8, alpha: F32) -> U8:
    """Straight RGBA uint8 [h, w, 4]."""
    return np.dstack([colour, quantised(alpha)])


def quantised(alpha: F32) -> U8:
    """Alpha 0-1 as uint8."""
    return np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)
