"""Light and smoke over the plate, outside the character.

Three blends: `add` frame = below + E, `screen` 1 - frame = (1 - below)(1 - E), `over` frame = (1 - a) below + a S.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from animeflow.layers.difference import Difference
from animeflow.layers.pixels import (
    F32,
    U8,
    Mask,
    channel_max,
    channel_min,
    component_peaks,
    components,
    dilate,
    luma,
    opened,
)
from animeflow.settings.layers import EffectSettings

REFERENCE_AREA = 640 * 360
MIN_PART_PX = 20
KEPT_AROUND = 9  # E is kept in the mask dilated by this
CLIPPED = 250  # a channel this bright hides how much light was added
LOOKED_AT_PX = 640  # width at which an effect is looked at for lines
LIT_LEVEL = 6  # 8-bit levels from which a pixel of an effect picture is part of it
LARGE, LINED = 0.1, 0.08
SCREEN_MARGIN = 0.1  # how much less E must follow the plate under the screen model


class Blend(enum.StrEnum):
    """How an effect picture goes over what is below it."""

    ADD = "add"
    SCREEN = "screen"
    OVER = "over"


@dataclass(frozen=True)
class Effect:
    """The effect of one drawing.

    picture    uint8: RGB [h, w, 3] for add and screen, straight RGBA [h, w, 4] for over
    mask       bool [h, w], where it is
    intensity  mean of the strongest channel (over: of alpha) over the mask, 0-1
    peak       its largest value, 0-1
    """

    picture: U8
    mask: Mask
    blend: Blend
    intensity: float
    peak: float


@dataclass(frozen=True)
class Spots:
    """Candidates of one drawing, bool [h, w]: all bright parts, and those strong enough to need no support."""

    mask: Mask
    strong: Mask


def has_lines(picture: U8) -> bool:
    """Whether a picture of added light, uint8 RGB [h, w, 3], is large and full of lines: figures that the networks
    missed, or a plate with smoke in it, and no light.

    Mean of the absolute Laplacian over the lit pixels (at 640 px, after a blur of sigma 0.8) by their mean level: beams
    of drawn episodes have 0.02 to 0.04, figures of a real clip 0.06 to 0.15; sparkles have 0.19, but are small.
    """
    size = LOOKED_AT_PX, max(1, round(LOOKED_AT_PX * picture.shape[0] / picture.shape[1]))
    level = cv2.resize(channel_max(picture).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    lit = level > LIT_LEVEL
    if lit.mean() < LARGE:
        return False
    lines = np.abs(cv2.Laplacian(cv2.GaussianBlur(level, (0, 0), 0.8), cv2.CV_32F))
    return float(lines[lit].mean()) > LINED * float(level[lit].mean())


def bright_spots(difference: Difference, alpha: F32, hole: Mask, settings: EffectSettings) -> Spots:
    """Where light was added outside the character; never near filled pixels."""
    smooth = cv2.GaussianBlur(difference.signed.astype(np.float32), (0, 0), 1)
    brightest = channel_max(smooth)
    mask = (brightest > difference.tolerance + 4) & (channel_min(smooth) > -2 * difference.noise)
    mask &= ~dilate(hole, 2 * settings.hole_margin_px + 1) & (alpha < 0.5)
    count, labels, stats = components(opened(mask, 3))
    peaks = component_peaks(labels, count, brightest)
    keep = (stats[:, 4] >= MIN_PART_PX * mask.size / REFERENCE_AREA) & (peaks > settings.min_peak)
    keep[0] = False
    return Spots(keep[labels], (keep & (peaks > settings.sure_peak))[labels])


def supported(spots: Sequence[Spots], index: int) -> Mask:
    """The parts of a drawing's candidates that live in a neighbouring drawing too, or are strong enough alone."""
    own = spots[index]
    near = [spots[i].mask for i in (index - 1, index + 1) if 0 <= i < len(spots)]
    if not own.mask.any() or not near:
        return own.strong
    also = np.logical_or.reduce([dilate(mask, KEPT_AROUND) for mask in near])
    count, labels, _ = components(own.mask)
    keep = np.zeros(count, np.bool_)
    keep[np.unique(labels[also | own.strong])] = True
    keep[0] = False
    return keep[labels]


def follows_plate(difference: Difference, mask: Mask) -> tuple[float, float] | None:
    """How much fine structure of the plate the light repeats (negative correlation), under (add, screen); 0-1.

    The right model takes the plate out of E. None where fewer than 500 pixels can be judged.
    """
    judged = mask & (channel_max(difference.frame) < CLIPPED)
    if int(judged.sum()) < 500:
        return None
    below, seen = luma(difference.background).astype(np.float32), luma(difference.frame).astype(np.float32)
    detail = _detail(below)[judged]
    screened = (255 - 255 * (255 - seen) / np.maximum(255 - below, 8)).astype(np.float32)
    return _alike(_detail(seen - below)[judged], detail), _alike(_detail(screened)[judged], detail)


def _detail(values: F32) -> F32:
    return values - cv2.GaussianBlur(values, (0, 0), 4)


def _alike(first: F32, second: F32) -> float:
    scale = float(np.sqrt((first**2).mean() * (second**2).mean()))
    return abs(float((first * second).mean())) / scale if scale > 1e-3 else 0.0


def choose_blend(evidence: Sequence[tuple[float, float]]) -> Blend:
    """`screen` where light repeats clearly less of the plate under it than under `add`."""
    if not evidence:
        return Blend.ADD
    add, screen = np.median(np.array(evidence), axis=0)
    return Blend.SCREEN if screen < add - SCREEN_MARGIN else Blend.ADD


def light_layer(difference: Difference, mask: Mask, alpha: F32, blend: Blend) -> Effect | None:
    """The light E in and near the mask where alpha is below 0.5; None where nothing is left of it."""
    near = (dilate(mask, KEPT_AROUND) & (alpha < 0.5))[..., None]
    light = np.clip(difference.signed, 0, 255).astype(np.float32)
    if blend is Blend.SCREEN:
        light = np.clip(255 * light / np.maximum(255 - difference.background.astype(np.float32), 1), 0, 255)
    picture = np.rint(light * near).astype(np.uint8)
    return _effect(picture, mask, blend, channel_max(picture))


def _effect(picture: U8, mask: Mask, blend: Blend, strength: U8) -> Effect | None:
    if not mask.any() or not strength[mask].any():
        return None
    values = strength[mask]
    return Effect(picture, mask, blend, float(values.mean() / 255), float(values.max() / 255))
