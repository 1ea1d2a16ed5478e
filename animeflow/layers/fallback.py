"""Clips without a plate: each drawing's background from its neighbours along the flow, the rest painted in."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animeflow.layers.clip import Clip
from animeflow.layers.fill import Inpaint, fill_holes
from animeflow.layers.flow import dis_flow, positions
from animeflow.layers.pixels import F32, U8, Mask, dilate, luma, resized, working_size
from animeflow.layers.seeds import SeedMaps

STEPS = (1, -1, 2, -2, 4, -4, 8, -8)  # neighbouring drawings that are asked, in this order
COVER_PX = 9  # seeds are grown by this: what lies beside a seed is not background yet
FLOW_SIDE = 320
OWN, NEIGHBOUR, PAINTED = 0, 1, 2


def drawn_backgrounds(
    clip: Clip, seeds: Sequence[SeedMaps], inpaint: Inpaint
) -> tuple[tuple[U8, ...], tuple[U8, ...]]:
    """Background of every drawing and where its pixels come from (0 own, 1 a neighbour, 2 painted), uint8 [h, w]."""
    covers = [cover(maps, clip.size) for maps in seeds]
    both = [_one(clip, covers, drawing, inpaint) for drawing in range(clip.drawings)]
    return tuple(picture for picture, _ in both), tuple(source for _, source in both)


def cover(maps: SeedMaps, size: tuple[int, int]) -> Mask:
    """Pixels that may be character, at frame size (w, h)."""
    likely = resized(np.maximum(maps.seed, maps.mean), size) > 0.35
    return dilate(likely, COVER_PX)


def _one(clip: Clip, covers: Sequence[Mask], drawing: int, inpaint: Inpaint) -> tuple[U8, U8]:
    picture, missing = clip.picture(drawing).copy(), covers[drawing].copy()
    source = np.zeros(missing.shape, np.uint8)
    for step in STEPS:
        other = drawing + step
        if not missing.any() or not 0 <= other < clip.drawings:
            continue
        grid = background_flow(clip.picture(drawing), clip.picture(other), covers[drawing], covers[other])
        seen = cv2.remap(clip.picture(other), grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        hidden = covers[other].astype(np.float32)
        blocked = (
            cv2.remap(hidden, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=1)
            > 0.01
        )
        take = missing & ~blocked
        picture[take], source[take] = seen[take], NEIGHBOUR
        missing &= ~take
    source[missing] = PAINTED
    return fill_holes(picture, missing, inpaint), source


def background_flow(picture: U8, other: U8, cover_here: Mask, cover_there: Mask) -> F32:
    """Positions in `other` of the background behind every pixel, float32 [h, w, 2].

    DIS flow is kept where both ends are background and spread under the character by normalised blurs, coarse last.
    """
    height, width = cover_here.shape
    size = working_size(width, height, FLOW_SIDE)
    small = [luma(resized(p, size)) for p in (picture, other)]
    flow = dis_flow(small[0], small[1])
    ends = flow + positions(flow.shape)
    there = cv2.remap(
        _mask_at(cover_there, size), ends, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    sure = (_mask_at(cover_here, size) < 0.01) & (there < 0.01)
    spread = spread_flow(flow, sure)
    scale = np.array([width / size[0], height / size[1]], np.float32)
    return resized(spread, (width, height)) * scale + positions((height, width))


def _mask_at(mask: Mask, size: tuple[int, int]) -> F32:
    return resized(mask.astype(np.float32), size)


def spread_flow(flow: F32, sure: Mask) -> F32:
    """Flow under the unsure pixels from the sure ones around: the finest blur that reaches them."""
    out, known = flow * sure[..., None], sure.copy()
    weight, value = sure.astype(np.float32), flow * sure[..., None]
    size = flow.shape[1::-1]
    for _ in range(6):  # each level halves the picture: the coarsest covers a frame
        weight, value = cv2.pyrDown(weight), cv2.pyrDown(value)
        share = resized(weight, size)
        reached = ~known & (share > 0.02)
        out[reached] = resized(value, size)[reached] / share[reached][:, None]
        known |= reached
    return out.astype(np.float32)
