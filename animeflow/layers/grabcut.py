"""GrabCut (Rother 2004) on the part of a picture that it may change."""

from __future__ import annotations

import cv2
import numpy as np

from animeflow.layers.pixels import U8, Mask, bounding_box

AROUND_PX = 41  # sure background that the colour model learns from, beside what may be foreground


def grabcut(picture: U8, labels: U8, *, iterations: int) -> Mask:
    """What GrabCut calls foreground, bool [h, w]; `picture` RGB, `labels` of cv2.GC_*, with some sure background.

    Only the surroundings of what is not sure background are looked at: the rest cannot change, costs time, and makes
    the background's colours less like those beside the figure.
    """
    box = bounding_box(labels != cv2.GC_BGD, AROUND_PX)
    if not (labels[box] == cv2.GC_BGD).any():
        box = (slice(None), slice(None))
    found = np.ascontiguousarray(labels[box])
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    cv2.grabCut(
        np.ascontiguousarray(picture[box][..., ::-1]), found, None, *models, iterations, cv2.GC_INIT_WITH_MASK
    )
    cut = np.zeros(labels.shape, np.bool_)
    cut[box] = (found == cv2.GC_FGD) | (found == cv2.GC_PR_FGD)
    return cut
