"""Held bodies: what stands still lies in the plate, and only the networks know it for a character.

Where the figure never moves, every frame agrees on the value of the plate, and the value is the figure. The networks'
maps, averaged on the canvas over the frames that agree, say where; GrabCut on the plate itself finds the outline.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animeflow.layers.grabcut import grabcut
from animeflow.layers.pixels import (
    F32,
    U8,
    Mask,
    Members,
    channel_max,
    components,
    dilate,
    erode,
    resized,
    working_size,
)
from animeflow.layers.plate import Plate, Sample
from animeflow.layers.warp import to_frame

PROBABLE, SURE, NOT = 0.6, 0.85, 0.2  # character share of a canvas pixel
CORE, CORE_SHARE = (
    0.65,
    0.2,
)  # a body has this much of its area above this share: a half-believed cloud has not
TAKEN_SHARE, TAKEN_DOUBT = 0.02, 0.4  # of the body's area; mean share of the part
SIDE_PX, ROUNDS = 640, 3  # of a frame: GrabCut runs at this scale, so many rounds
MARGIN_PX = 7  # at 640x360: ringing and chroma bleed of a figure reach 3 px beyond its outline
LEAST_PX = 100  # at 640x360: smaller parts are specks
TRAVEL = 0.15  # of the frame width: a camera that goes this far follows somebody
MOVED_LEVELS = 20  # a figure that moves differs from the plate by this
# Of the moving figures' area: what is smaller and stands still beside them is scenery, sooner so under a camera that
# follows the figures.
BESIDE_MOVING, BESIDE_FOLLOWED = 0.3, 1.0


def held_bodies(plate: Plate, samples: Sequence[Sample], frame: tuple[int, int]) -> Mask:
    """Canvas pixels that show a figure in every frame that sees them, with the margin of its outline; bool [H, W].

    `frame` is the size (w, h) of the clip. Where other figures move before the plate, what is much smaller than they
    are is not believed: networks take bushes and lighthouses for figures too.
    """
    found = believed(cut_out(plate.colour, plate.character, SIDE_PX / max(frame)), plate.character)
    scale = frame[0] * frame[1] / (640 * 360)
    beside = BESIDE_FOLLOWED if travel(samples) > TRAVEL * frame[0] else BESIDE_MOVING
    least = max(LEAST_PX * scale, beside * moving_area(plate, samples, frame))
    count, labels, stats = components(found)
    core = np.bincount(labels[found & (plate.character > CORE)], minlength=count)
    keep = (core > CORE_SHARE * stats[:, 4]) & (stats[:, 4] >= least)
    keep[0] = False
    margin = 2 * round((MARGIN_PX - 1) / 2 * np.sqrt(scale)) + 1
    return dilate(keep[labels], margin)


def cut_out(colour: U8, share: F32, scale: float) -> Mask:
    """GrabCut of a plate by the character share of its pixels, at `scale` of its size (never enlarged)."""
    height, width = share.shape
    size = working_size(width, height, round(max(width, height) * min(1.0, scale)))
    small = resized(share, size)
    labels = np.full(small.shape, cv2.GC_PR_BGD, np.uint8)
    labels[small > PROBABLE] = cv2.GC_PR_FGD
    labels[erode(small > SURE, 5)] = cv2.GC_FGD
    labels[small < NOT] = cv2.GC_BGD
    if not (small > PROBABLE).any() or not (labels == cv2.GC_BGD).any():
        return share > PROBABLE
    cut = grabcut(resized(colour, size), labels, iterations=ROUNDS).view(np.uint8)
    return cv2.resize(cut, (width, height), interpolation=cv2.INTER_NEAREST).view(np.bool_)


def believed(cut: Mask, share: F32) -> Mask:
    """A cut without the large parts that GrabCut took for their colour alone: a dark roof beside dark hair."""
    body = cut & (share > PROBABLE)
    count, labels, stats = components(cut & ~body)
    mean = Members.of(labels, count).mean(share)
    taken = (stats[:, 4] > TAKEN_SHARE * body.sum()) & (mean < TAKEN_DOUBT)
    taken[0] = False
    return cut & ~taken[labels]


def travel(samples: Sequence[Sample]) -> float:
    """How far the camera's centre goes over the samples, canvas px along the longer way."""
    return float(np.ptp(np.stack([sample.centre for sample in samples]), axis=0).max())


def moving_area(plate: Plate, samples: Sequence[Sample], frame: tuple[int, int]) -> float:
    """Mean area, over the samples, of what the networks call character and the plate does not show (frame px)."""
    areas = []
    for sample in samples:
        behind = to_frame(plate.colour, sample.matrix, frame)
        moved = channel_max(cv2.absdiff(sample.picture, behind)) > MOVED_LEVELS
        areas.append(int((moved & (sample.character > PROBABLE)).sum()))
    return float(np.mean(areas))
