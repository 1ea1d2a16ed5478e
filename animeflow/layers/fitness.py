"""Does this shot have a plate at all? Judged by what the plate leaves unexplained where no character is."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from animeflow.layers.difference import SEE_THROUGH_WINDOW, Difference
from animeflow.layers.pixels import F32, Mask, correlation, dilate, luma
from animeflow.settings.layers import BackgroundSettings

AWAY_FROM_SEEDS_PX = 21
SEED_LEVEL = 0.5
BLOCK_PX = 16  # of a 640x360 frame: a block is unexplained when more than 5 % of it is
BLOCK_SHARE = 0.05
# Drawn shots of three seeds: light has bright 0.95-1.00 (water 0.76-0.80, parallax 0.49-0.67); smoke has match
# 0.82-0.87 and smooth 0.76-0.82 (parallax 0.27-0.28 and 0.69-0.76, water 0.51-0.74 and 0.35-0.54).
LIGHT_BRIGHT, SMOKE_MATCH, SMOKE_SMOOTH = 0.9, 0.75, 0.62


class Verdict(enum.StrEnum):
    """What the background of a clip rests on."""

    PLATE = "plate"
    EFFECTS = "effects"  # a plate, with light or smoke over it
    SUSPICIOUS = "suspicious"  # a plate that leaves more unexplained than effects can account for
    NONE = "none"  # no plate: moving or layered background


SURE = frozenset({Verdict.PLATE, Verdict.EFFECTS})
MIN_RECOMPOSED_DB = 20.0  # below this the layers show something else than the frame


class Why(enum.StrEnum):
    """The reason of a verdict."""

    EXPLAINED = "explained"
    LIGHT = "light"
    SMOKE = "smoke"
    PARTLY = "partly_explained"
    MOVES = "background_moves"  # parallax, water, crowds: no single plate explains it
    CANVAS = "canvas_too_large"
    COVERED = "background_covered"  # too little background beside the characters to judge
    LINES = (
        "effect_has_lines"  # what lies over the plate has lines: figures that were missed, smoke in the plate
    )
    FAR = "far_from_the_frame"  # a plate that seemed right, but the layers do not give the frame


@dataclass(frozen=True)
class Fitness:
    """How well a plate explains one drawing outside its seeds; all 0-1.

    unexplained  share of judged 16x16 blocks in which more than 5 % of the pixels differ beyond tolerance. Blocks, not
                 pixels: waves and parallax leave thin edges all over a region, which pixels would hardly count
    bright       of the pixels that differ, the share that only got brighter
    match        of those on structured background, the share where frame and plate correlate by more than 0.5
    smooth       how much of the difference a blur of sigma 4 keeps: edges of displaced structure cancel
    judged       share of the frame that was judged
    """

    unexplained: float
    bright: float
    match: float
    smooth: float
    judged: float

    @property
    def light(self) -> bool:
        return self.bright > LIGHT_BRIGHT

    @property
    def smoke(self) -> bool:
        return self.match > SMOKE_MATCH and self.smooth > SMOKE_SMOOTH


UNJUDGED = Fitness(0.0, 0.0, 0.0, 0.0, 0.0)


def judge_drawing(difference: Difference, seed: F32, hole: Mask) -> Fitness:
    """Fitness of one drawing. `seed` float32 0-1 and `hole` bool, both at frame size."""
    judged = ~dilate(seed > SEED_LEVEL, 2 * AWAY_FROM_SEEDS_PX + 1) & ~hole
    wrong = difference.unlike & judged
    unexplained = _blocks(wrong, judged)
    if unexplained == 0 or not wrong.any():
        return Fitness(unexplained, 0.0, 0.0, 0.0, float(judged.mean()))
    bright = float(difference.brighter[wrong].mean())
    return Fitness(
        unexplained,
        bright,
        _match(difference, wrong),
        _smooth(difference, wrong, judged),
        float(judged.mean()),
    )


def _blocks(wrong: Mask, judged: Mask) -> float:
    height, width = wrong.shape
    side = max(4, round(BLOCK_PX * np.sqrt(wrong.size / (640 * 360))))
    size = max(1, width // side), max(1, height // side)
    share = cv2.resize(judged.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    bad = cv2.resize(wrong.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    counted = share > 0.5
    return float((bad[counted] > BLOCK_SHARE * share[counted]).mean()) if counted.any() else 0.0


def _match(difference: Difference, wrong: Mask) -> float:
    frame, plate = luma(difference.frame).astype(np.float32), luma(difference.background).astype(np.float32)
    match, _, variance = correlation(frame, plate, SEE_THROUGH_WINDOW)
    structured = wrong & (variance > 30)
    return float((match[structured] > 0.5).mean()) if structured.any() else 0.0


def _smooth(difference: Difference, wrong: Mask, judged: Mask) -> float:
    change = luma(difference.frame).astype(np.float32) - luma(difference.background)
    weight = cv2.GaussianBlur(judged.astype(np.float32), (0, 0), 4)
    kept = np.abs(cv2.GaussianBlur(change * judged, (0, 0), 4)) / np.maximum(weight, 0.1)
    return float(kept[wrong].mean() / max(float(np.abs(change[wrong]).mean()), 1e-6))


def see_through(difference: Difference) -> Mask:
    """Structure of the background shows through: correlated with the plate where the plate has structure."""
    frame, plate = luma(difference.frame).astype(np.float32), luma(difference.background).astype(np.float32)
    match, _, variance = correlation(frame, plate, SEE_THROUGH_WINDOW)
    return (match > 0.75) & (variance > 30)


def decide(drawings: Sequence[Fitness], settings: BackgroundSettings) -> tuple[Verdict, Why]:
    """Verdict on a clip and the reason, from the medians over its drawings."""
    seen = [drawing for drawing in drawings if drawing.judged > 0.02]
    if not seen:
        return Verdict.NONE, Why.COVERED
    unexplained = float(np.median([drawing.unexplained for drawing in seen]))
    loud = [drawing for drawing in seen if drawing.unexplained > settings.max_unexplained]
    if unexplained <= settings.max_unexplained:
        lit = sum(drawing.light for drawing in loud) > 0.5 * len(loud)
        return (Verdict.EFFECTS, Why.LIGHT) if lit else (Verdict.PLATE, Why.EXPLAINED)
    if np.median([drawing.bright for drawing in loud]) > LIGHT_BRIGHT:
        return Verdict.EFFECTS, Why.LIGHT
    if _median_of(loud).smoke:
        return Verdict.EFFECTS, Why.SMOKE
    if unexplained > settings.max_unexplained_effects:
        return Verdict.NONE, Why.MOVES
    return Verdict.SUSPICIOUS, Why.PARTLY


def settled(verdict: Verdict, why: Why, worst_db: float, lined: float) -> tuple[Verdict, Why]:
    """The verdict on a clip once its layers are put together: a sure one falls to suspicious where its worst drawing
    shows something else than the frame (PSNR of the recomposition in dB), and where what was taken for light has lines
    in more than half of the drawings (`lined`, 0-1).
    """
    if why is Why.LIGHT and lined > 0.5:
        return Verdict.SUSPICIOUS, Why.LINES
    if verdict in SURE and worst_db < MIN_RECOMPOSED_DB:
        return Verdict.SUSPICIOUS, Why.FAR
    return verdict, why


def _median_of(drawings: Sequence[Fitness]) -> Fitness:
    table = [(d.unexplained, d.bright, d.match, d.smooth, d.judged) for d in drawings]
    return Fitness(*(float(value) for value in np.median(table, axis=0)))
