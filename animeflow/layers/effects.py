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
from animeflow.layers.pixels import F32, U8, Mask, channel_max, channel_min, components, correlation, dilate, luma, opened
from animeflow.settings.layers import EffectSettings

REFERENCE_AREA = 640 * 360
MIN_PART_PX = 20
KEPT_AROUND = 9  # E is kept in the mask dilated by this
SMOKE_WINDOW = 15


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
    intensity  mean of the strongest channel over the mask, 0-1
    peak       its largest value, 0-1
    """

    picture: U8
    mask: Mask
    blend: Blend
    intensity: float
    peak: float


def light_mask(difference: Difference, alpha: F32, hole: Mask, settings: EffectSettings) -> Mask:
    """Where light was added outside the character; never near filled pixels."""
    smooth = cv2.GaussianBlur(difference.signed.astype(np.float32), (0, 0), 1)
    mask = (channel_max(smooth) > difference.tolerance + 4) & (channel_min(smooth) > -2 * difference.noise)
    mask &= ~dilate(hole, 2 * settings.hole_margin_px + 1) & (alpha < 0.5)
    scale = mask.size / REFERENCE_AREA
    count, labels, stats = components(opened(mask, 3))
    peaks = _peaks(labels, count, channel_max(smooth))
    keep = (stats[:, 4] >= MIN_PART_PX * scale) & (peaks > settings.min_peak)
    keep[0] = False
    return keep[labels]


def _peaks(labels: np.ndarray, count: int, values: F32) -> np.ndarray:
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, labels[labels > 0], values[labels > 0])
    return peaks


def supported(masks: Sequence[Mask], peaks: Sequence[F32], settings: EffectSettings) -> list[Mask]:
    """Parts that live in a neighbouring drawing too, or are strong enough alone."""
    kept = []
    for index, mask in enumerate(masks):
        near = [masks[i] for i in (index - 1, index + 1) if 0 <= i < len(masks)]
        also = np.zeros_like(mask) if not near else np.logical_or.reduce([dilate(m, 9) for m in near])
        count, labels, _ = components(mask)
        touched = np.zeros(count, np.bool_)
        touched[np.unique(labels[also & mask])] = True
        keep = touched | (_peaks(labels, count, peaks[index]) > settings.sure_peak)
        keep[0] = False
        kept.append(keep[labels])
    return kept


def added_light(difference: Difference, mask: Mask, alpha: F32) -> Effect:
    """The additive layer E = max(0, frame - plate) in and near the mask, weighted by 1 - alpha."""
    near = dilate(mask, KEPT_AROUND)
    light = np.clip(difference.signed, 0, 255) * near[..., None] * (1 - alpha[..., None])
    picture = np.rint(light).astype(np.uint8)
    return Effect(picture, mask, Blend.ADD, *_strength(picture, mask))


def _strength(picture: U8, mask: Mask) -> tuple[float, float]:
    if not mask.any():
        return 0.0, 0.0
    values = channel_max(picture[..., :3])[mask]
    return float(values.mean() / 255), float(values.max() / 255)


def see_through_layer(difference: Difference, alpha: F32) -> tuple[F32, F32]:
    """Smoke: (a float32 [h, w], S float32 [h, w, 3]) of frame = (1 - a) plate + a S outside the character."""
    frame, plate = luma(difference.frame).astype(np.float32), luma(difference.background).astype(np.float32)
    match, covariance, variance = correlation(frame, plate, SMOKE_WINDOW)
    valid = ((variance > 30) & (match > 0.75) & (alpha < 0.05)).astype(np.float32)
    raw = np.clip(1 - covariance / np.maximum(variance, 1), 0, 0.98) * valid
    spread = cv2.GaussianBlur(raw, (0, 0), 9) / np.maximum(cv2.GaussianBlur(valid, (0, 0), 9), 1e-3)
    share = np.clip(spread, 0, 0.98)[..., None]
    colour = (difference.frame - (1 - share) * difference.background) / np.maximum(share, 0.05)
    return share[..., 0], cv2.blur(np.clip(colour, 0, 255).astype(np.float32), (31, 31))
