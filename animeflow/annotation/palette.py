"""The colours of a picture: k-means in CIE Lab from a start that depends on the pixels alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
_ROUNDS = 8


@dataclass(frozen=True)
class Colour:
    """`hex` like #a1b2c3 and the share of the pixels that it stands for, 0-1."""

    hex: str
    share: float


def palette(
    pixels: U8, weights: F32 | None = None, *, colours: int, limit: int, distance: float
) -> list[Colour]:
    """The main colours of uint8 RGB pixels [n, 3], largest share first; none without pixels.

    `weights` [n] count a pixel more than once. At most `limit` pixels vote, taken at regular distances. The first
    centre is the heaviest colour, each further one the colour farthest from those before (Gonzalez 1985), as long as it
    is farther than `distance` (CIE76). Equal pixels give equal palettes: nothing is drawn at random.
    """
    step = max(1, -(-len(pixels) // limit))
    while (
        gcd(step, 6) > 1
    ):  # else it keeps step with the rows of a 48x27 thumbnail and sees few of its columns
        step += 1
    pixels = pixels[::step]
    weight = np.ones(len(pixels), np.float32) if weights is None else weights[::step].astype(np.float32)
    if not len(pixels) or weight.sum() <= 0:
        return []
    unique, inverse = _distinct(pixels)
    heavy = np.bincount(inverse, weights=weight).astype(np.float32)
    lab = _lab(unique)
    centres = _settle(lab, heavy, _spread(lab, heavy, colours, distance))
    owner = _nearest(lab, centres)
    found = [_colour(unique[owner == c], heavy[owner == c], heavy.sum()) for c in range(len(centres))]
    return sorted((c for c in found if c is not None), key=lambda c: (-c.share, c.hex))


def as_rows(colours: list[Colour]) -> list[dict[str, object]]:
    """The palette as tables hold it."""
    return [{"hex": colour.hex, "share": colour.share} for colour in colours]


def _distinct(pixels: U8) -> tuple[U8, npt.NDArray[np.intp]]:
    """The colours that occur, in order, and which of them each pixel is: sorted as one number, not as three."""
    numbers = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    unique, inverse = np.unique(numbers, return_inverse=True)
    return np.stack([unique >> 16, unique >> 8 & 255, unique & 255], axis=1).astype(np.uint8), inverse


def _lab(pixels: U8) -> F32:
    """sRGB uint8 [n, 3] -> CIE Lab [n, 3], D65."""
    scaled = pixels[None].astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab)[0], np.float32)


def _spread(lab: F32, weight: F32, colours: int, distance: float) -> F32:
    chosen = [int(np.argmax(weight))]
    gap = np.linalg.norm(lab - lab[chosen[0]], axis=1)
    # A lone odd pixel is no colour of the picture: distance counts only with some weight behind it.
    solid = weight >= weight.sum() * 0.002
    while len(chosen) < colours:
        reach = np.where(solid, gap, 0)
        farthest = int(np.argmax(reach))
        if reach[farthest] <= distance:
            break
        chosen.append(farthest)
        gap = np.minimum(gap, np.linalg.norm(lab - lab[farthest], axis=1))
    return lab[chosen]


def _settle(lab: F32, weight: F32, centres: F32) -> F32:
    """Lloyd's rounds; a centre that owns nothing stays where it is."""
    for _ in range(_ROUNDS):
        owner = _nearest(lab, centres)
        owned = np.bincount(owner, weights=weight, minlength=len(centres))
        sums = [np.bincount(owner, weights=weight * axis, minlength=len(centres)) for axis in lab.T]
        moved = centres.copy()
        moved[owned > 0] = (np.stack(sums, axis=1)[owned > 0] / owned[owned > 0, None]).astype(np.float32)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _nearest(lab: F32, centres: F32) -> npt.NDArray[np.intp]:
    # Of |x - c|² = |x|² - 2xc + |c|² the first term is the same for every centre.
    return np.argmax(centres @ lab.T - (centres**2).sum(axis=1, keepdims=True) / 2, axis=0)


def _colour(pixels: U8, weight: F32, total: float) -> Colour | None:
    if not len(pixels):
        return None
    red, green, blue = np.rint(np.average(pixels, axis=0, weights=weight)).astype(int)
    return Colour(f"#{red:02x}{green:02x}{blue:02x}", round(float(weight.sum() / total), 4))
