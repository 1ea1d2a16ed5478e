"""Opaque parts: what hides the plate is a cel, though no network knows it; what lights it or lets it through is not.

Networks know faces and figures from the front; a man who walks in from behind, a cart, a samurai in the dark they miss.
Against a textured plate pixels decide: added light and smoke repeat the plate's fine structure, paint does not.
"""

from __future__ import annotations

import numpy as np

from animeflow.layers.difference import SEE_THROUGH_WINDOW, Difference
from animeflow.layers.pixels import (
    F32,
    Mask,
    Members,
    closed,
    components,
    correlation,
    dilate,
    luma,
    opened,
)

HIDDEN_MATCH, STRUCTURED = 0.4, 30.0  # correlation with the plate, and the plate's variance in levels squared
LEAST_SHARE = 0.01  # of the frame: a smaller part needs a network to vouch for it
SOLID_PX = 9  # at 640x360: a displaced edge is thinner than this, a cel is not
OPAQUE_SHARE, STRUCTURED_SHARE = 0.6, 0.2  # of a part: hidden among structured, structured among all


def plate_structure(difference: Difference) -> tuple[F32, Mask]:
    """Correlation of frame and plate in 11x11, float32 -1..1, and where the plate has structure to correlate with."""
    frame, plate = luma(difference.frame).astype(np.float32), luma(difference.background).astype(np.float32)
    match, _, variance = correlation(frame, plate, SEE_THROUGH_WINDOW)
    return match, variance > STRUCTURED


def hiding(difference: Difference) -> Mask:
    """Pixels where the plate has structure and the frame does not repeat it."""
    match, structured = plate_structure(difference)
    return structured & (match < HIDDEN_MATCH)


def opaque_parts(difference: Difference, unknown: Mask) -> Mask:
    """Large solid parts of a frame that hide the plate, bool [h, w]; `unknown` pixels of the plate are left out.

    Where the plate is plain nothing can be hidden: there a part counts when it is not merely brighter.
    """
    wrong = closed(difference.unlike & ~unknown, 3)
    side = 2 * round((SOLID_PX - 1) / 2 * np.sqrt(wrong.size / (640 * 360))) + 1
    count, labels, stats = components(wrong & dilate(opened(wrong, side), side))
    match, structured = plate_structure(difference)
    members = Members.of(labels, count)
    share = members.mean(structured)
    hidden = members.mean(structured & (match < HIDDEN_MATCH)) / np.maximum(share, 1e-6)
    lit = members.mean(difference.brighter)
    keep = np.where(share > STRUCTURED_SHARE, hidden > OPAQUE_SHARE, lit < 0.5)
    keep &= stats[:, 4] > LEAST_SHARE * wrong.size
    keep[0] = False
    return keep[labels]
