"""Layers back to the frame, in 8 bits, from the pictures as published."""

from __future__ import annotations

import cv2
import numpy as np

from animeflow.layers.effects import Blend
from animeflow.layers.pixels import F32, U8, bounding_box

PEAK_DB = 99.0  # written for identical pictures


def recompose(character: U8, background: U8, effect: U8 | None = None, blend: Blend | None = None) -> U8:
    """alpha C + (1 - alpha) background, then the effect by its blend, rounded and clipped to uint8 [h, w, 3].

    `character` straight RGBA uint8 [h, w, 4], `background` RGB; `effect` RGB for add and screen, straight RGBA for
    over.
    """
    covered = character[..., 3] > 0
    if effect is not None and blend is not None:
        return _levels(blended(_over(character, background), effect, blend))
    found = background.copy()
    if covered.any():  # elsewhere the background is the frame
        box = bounding_box(covered)
        found[box] = _levels(_over(character[box], background[box]))
    return found


def _over(character: U8, background: U8) -> F32:
    alpha = character[..., 3:].astype(np.float32) / np.float32(255)
    return alpha * character[..., :3] + (1 - alpha) * background


def _levels(picture: F32) -> U8:
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8)


def blended(below: F32, effect: U8, blend: Blend) -> F32:
    """An effect over a picture in levels 0-255, float32 [h, w, 3]."""
    if blend is Blend.OVER:
        share = effect[..., 3:].astype(np.float32) / np.float32(255)
        return (1 - share) * below + share * effect[..., :3]
    if blend is Blend.SCREEN:
        return 255 - (255 - below) * (255 - effect.astype(np.float32)) / np.float32(255)
    return below + effect


def without_effect(frame: U8, effect: U8, blend: Blend) -> F32:
    """What lies below an effect, float32 [h, w, 3] in levels: the inverse of `blended` where it is not total."""
    seen = frame.astype(np.float32)
    if blend is Blend.OVER:
        share = effect[..., 3:].astype(np.float32) / np.float32(255)
        return (seen - share * effect[..., :3]) / np.maximum(1 - share, np.float32(1 / 255))
    if blend is Blend.SCREEN:
        return (255 - 255 * (255 - seen) / np.maximum(255 - effect.astype(np.float32), 1)).astype(np.float32)
    return seen - effect


def outside(effect: U8, alpha: F32) -> U8:
    """An effect picture weighted by 1 - alpha of the character: what shines over the character stays in its colour."""
    free = 1 - alpha[..., None]
    if effect.shape[2] == 4:
        return np.dstack([effect[..., :3], np.rint(effect[..., 3:] * free).astype(np.uint8)])
    return np.rint(effect * free).astype(np.uint8)


def psnr(first: U8, second: U8, where: np.ndarray | None = None) -> float | None:
    """PSNR in dB over all channels, of the pixels of a mask; None without pixels, 99 where they are equal."""
    count = first.size if where is None else int(where.sum()) * (first.size // where.size)
    if not count:
        return None
    mask = None if where is None else where.view(np.uint8)
    # The sum is a whole number; OpenCV may give the square of its root.
    mean = round(cv2.norm(first, second, cv2.NORM_L2SQR, mask)) / count
    return PEAK_DB if mean == 0 else float(min(PEAK_DB, 10 * np.log10(255**2 / mean)))
