"""Filling what no frame reveals. Filled pixels are marked, and never counted as seen."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from animeflow.layers.pixels import U8, Mask, bounding_box, dilate, resized, working_size

Inpaint = Callable[[U8, Mask], U8]

TELEA_RADIUS_PX = 5.0
MARGIN_PX = 24  # of known picture around a hole that the filling may look at
SIDE_PX = (
    640  # the filling works on at most this: a guess has no detail to lose, and its time grows with the area
)


def telea(picture: U8, hole: Mask) -> U8:
    """Fast marching inpainting (Telea 2004) of the hole; the rest is returned as it came."""
    return cv2.inpaint(picture, hole.view(np.uint8), TELEA_RADIUS_PX, cv2.INPAINT_TELEA)


def fill_holes(picture: U8, hole: Mask, inpaint: Inpaint = telea) -> U8:
    """The picture with its hole filled, uint8 [h, w, 3]. A picture that is all hole becomes mid grey.

    Only the box around the hole is handed to `inpaint`, which may take time by the pixel.
    """
    if not hole.any():
        return picture
    if hole.all():
        return np.full_like(picture, 128)
    box = bounding_box(hole, MARGIN_PX)
    part, missing = np.ascontiguousarray(picture[box]), np.ascontiguousarray(hole[box])
    filled = picture.copy()
    filled[box] = np.where(missing[..., None], _guessed(part, missing, inpaint), part)
    return filled


def _guessed(part: U8, missing: Mask, inpaint: Inpaint) -> U8:
    height, width = missing.shape
    size = working_size(width, height, SIDE_PX)
    if size == (width, height):
        return inpaint(part, missing)
    # Averaging would mix what is missing into its surroundings.
    small = resized(nearest_fill(part, missing), size)
    unknown = dilate(resized(missing.astype(np.float32), size) > 0, 3)
    guess = small if unknown.all() else inpaint(small, unknown)
    return resized(guess, (width, height))


def nearest_fill(picture: U8, unknown: Mask) -> U8:
    """Colour of the nearest known pixel: for canvas corners that no frame looks at."""
    if not unknown.any() or unknown.all():
        return picture
    return picture[nearest_index(~unknown)]


def nearest_index(known: Mask) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) of the nearest known pixel for every pixel."""
    away = (~known).view(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.zeros(labels.max() + 1, np.int32), np.zeros(labels.max() + 1, np.int32)
    ys, xs = np.nonzero(known)
    rows[labels[ys, xs]], columns[labels[ys, xs]] = ys, xs
    return rows[labels], columns[labels]
