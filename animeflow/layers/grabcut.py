"""GrabCut (Rother 2004), seeded: the same picture and labels give the same cut."""

from __future__ import annotations

import cv2
import numpy as np

from animeflow.layers.pixels import U8, Mask


def grabcut(picture: U8, labels: U8, *, iterations: int) -> Mask:
    """What GrabCut calls foreground, bool [h, w]; `picture` RGB, `labels` of cv2.GC_*, with some sure background.

    The colours of the background are learned from the whole picture. Learned from the surroundings of the figure alone,
    in half the time, they take a part of it: character IoU of three long pans fell from 0.93 to 0.5.
    """
    found = labels.copy()
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    bgr = np.ascontiguousarray(picture[..., ::-1])
    cv2.grabCut(bgr, found, None, *models, iterations, cv2.GC_INIT_WITH_MASK)
    return (found == cv2.GC_FGD) | (found == cv2.GC_PR_FGD)
