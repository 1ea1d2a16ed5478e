"""Does this shot have a plate at all? Judged by what the plate leaves unexplained where no character is."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animeflow.layers.difference import SEE_THROUGH_WINDOW, Difference
from animeflow.layers.pixels import F32, Mask, correlation, dilate, luma
from animeflow.settings.layers import BackgroundSettings

AWAY_FROM_SEEDS_PX = 21
SEED_LEVEL = 0.5
TOO_LITTLE = 0.005
EFFECT_LIKE = 0.7  # share of the unexplained that must look like light or smoke


class Verdict(enum.StrEnum):
    """What the background of a clip rests on."""

    PLATE = "plate"
    EFFECTS = "effects"  # a plate, with light or smoke over it
    SUSPICIOUS = "suspicious"  # a plate that leaves more unexplained than effects can account for
    NONE = "none"  # no plate: moving or layered background


class NoPlate(enum.StrEnum):
    """Why a clip has no plate."""

    UNEXPLAINED = "background_moves"  # parallax, water, crowds: no single plate explains it
    CANVAS = "canvas_too_large"
    COVERED = "background_covered"  # too little background beside the characters to judge


@dataclass(frozen=True)
class Fitness:
    """How well a plate explains one drawing outside its seeds.

    unexplained  share of judged pixels that differ by more than the tolerance, 0-1
    effect_like  share of those that are one-sided bright or see-through, 0-1
    judged       share of the frame that was judged, 0-1
    """

    unexplained: float
    effect_like: float
    judged: float


def judge_drawing(difference: Difference, seed: F32, hole: Mask) -> Fitness:
    """Fitness of one drawing. `seed` float32 0-1 and `hole` bool, both at frame size."""
    judged = ~dilate(seed > SEED_LEVEL, 2 * AWAY_FROM_SEEDS_PX + 1) & ~hole
    wrong = difference.unlike & judged
    count = int(wrong.sum())
    if not judged.any():
        return Fitness(0.0, 0.0, 0.0)
    if count < TOO_LITTLE * int(judged.sum()):  # whether so little looks like an effect decides nothing
        return Fitness(count / int(judged.sum()), 0.0, float(judged.mean()))
    like = wrong & (difference.brighter | see_through(difference))
    return Fitness(count / int(judged.sum()), int(like.sum()) / max(1, count), float(judged.mean()))


def see_through(difference: Difference) -> Mask:
    """Structure of the background shows through: correlated with the plate where the plate has structure."""
    frame, plate = luma(difference.frame).astype(np.float32), luma(difference.background).astype(np.float32)
    match, _, variance = correlation(frame, plate, SEE_THROUGH_WINDOW)
    return (match > 0.75) & (variance > 30)


def decide(drawings: Sequence[Fitness], settings: BackgroundSettings) -> tuple[Verdict, str]:
    """(verdict, why in one word) of a clip, from the medians over its drawings."""
    seen = [d for d in drawings if d.judged > 0.02]
    if not seen:
        return Verdict.NONE, NoPlate.COVERED.value
    unexplained = float(np.median([d.unexplained for d in seen]))
    if unexplained <= settings.max_unexplained:
        loud = [d for d in seen if d.unexplained > settings.max_unexplained and d.effect_like > EFFECT_LIKE]
        return (Verdict.EFFECTS, "light_or_smoke") if loud else (Verdict.PLATE, "explained")
    wrong = sum(d.unexplained for d in seen)
    like = sum(d.unexplained * d.effect_like for d in seen) / max(wrong, 1e-9)
    if unexplained > settings.max_unexplained_effects:
        return Verdict.NONE, NoPlate.UNEXPLAINED.value
    return (Verdict.EFFECTS, "light_or_smoke") if like > EFFECT_LIKE else (Verdict.SUSPICIOUS, "partly_explained")
