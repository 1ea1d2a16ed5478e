"""The cel plate: a weighted temporal quantile of the registered frames, with no hallucination.

Weights come from the seeds (a sure character votes with 1e-4), the quantile is the median, except where brightening
effects are off in part of the frames: there the lower quantile is the background.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from animeflow.layers.camera import Camera
from animeflow.layers.clip import Clip
from animeflow.layers.pixels import F32, F64, I32, U8, Mask, channel_max, disc, resized
from animeflow.layers.seeds import SeedMaps
from animeflow.layers.warp import frame_weight, is_exact, to_canvas

STRIP_ROWS = 32
SURE_BACKGROUND = 0.35  # mean character probability under which effects may choose the lower quantile
EFFECT_SPREAD, EFFECT_BRIGHTER, EFFECT_SHARE = 6.0, 10.0, 0.10
SAME_LEVELS = 12.0  # samples this near to the value are averaged: codec noise
FLOOR_WEIGHT = 1e-4
AGREED_SHARE = 0.25  # of the samples


@dataclass(frozen=True)
class Plate:
    """A background on its canvas.

    colour     uint8 RGB [H, W, 3], before filling; 0 where no frame looked
    character  float32 [H, W] 0-1, mean character probability of the samples that agree with the value
    dimmed     bool [H, W], value from the lower quantile: an effect is on in part of the frames
    revealed   uint16 [H, W], samples that agree with the value
    sigma      codec noise, standard deviation in 8-bit levels
    """

    colour: U8
    character: F32
    dimmed: Mask
    revealed: np.ndarray
    sigma: float


@dataclass(frozen=True)
class Sample:
    """One frame that votes. `weight` float32 [h, w] 0-1, `character` float32 [h, w] probability."""

    picture: U8
    weight: F32
    character: F32
    both: U8
    matrix: F64
    centre: F64


def sample_frames(clip: Clip, camera: Camera, count: int) -> I32:
    """Frames that vote: one per drawing under a held camera (repeats add only codec noise), spread evenly else."""
    firsts = clip.firsts if camera.held else _distinct(clip, camera)
    if len(firsts) <= count:
        return firsts
    return firsts[np.unique(np.linspace(0, len(firsts) - 1, count).round().astype(int))]


def _distinct(clip: Clip, camera: Camera) -> I32:
    """First frames of drawings, and frames at which the camera moved under a held drawing."""
    moved = np.any(np.diff(camera.matrices, axis=0, prepend=np.nan) != 0, axis=(1, 2))
    new = np.diff(clip.drawing, prepend=-1) != 0
    return np.nonzero(moved | new)[0].astype(np.int32)


def character_weight(character: F32) -> F32:
    """Vote of a pixel from its character probability: (1 - 0.95 s)^3 + 1e-4, s spread by 7x7 and sigma 2."""
    spread = cv2.GaussianBlur(cv2.dilate(character, disc(7)), (0, 0), 2)
    return (1 - 0.95 * np.clip(spread, 0, 1)) ** 3 + np.float32(FLOOR_WEIGHT)


def samples_of(clip: Clip, camera: Camera, seeds: Sequence[SeedMaps], frames: I32) -> list[Sample]:
    """The voting frames with their weights."""
    width, height = clip.size
    centres = camera.centres(width, height)
    chosen = []
    for index in frames:
        maps = seeds[int(clip.drawing[index])]
        character = resized(np.maximum(maps.seed, maps.mean), (width, height))
        inside = frame_weight((width, height), exact=is_exact(camera.matrices[index]))
        chosen.append(
            Sample(
                np.ascontiguousarray(clip.frames[int(index)]),
                (character_weight(character) * inside).astype(np.float32),
                character,
                np.rint(255 * resized(maps.both, (width, height))).astype(np.uint8),
                camera.matrices[index],
                centres[index],
            )
        )
    return chosen


def build_plate(samples: Sequence[Sample], size: tuple[int, int], *, low_quantile: float = 0.25) -> Plate:
    """The plate on a canvas of `size` (W, H). Memory: one strip of 32 rows of all samples, plus the samples."""
    width, height = size
    colour = np.zeros((height, width, 3), np.uint8)
    character = np.ones((height, width), np.float32)
    dimmed = np.zeros((height, width), np.bool_)
    revealed = np.zeros((height, width), np.uint16)
    noise: list[np.ndarray] = []
    for rows in strips(height):
        part = slice(*rows)
        stack = _Stack.of(samples, width, rows)
        if stack is None:
            continue
        value, dimmed[part] = stack.value(low_quantile)
        colour[part], agree = stack.settled(value)
        character[part] = stack.character_share(agree)
        revealed[part] = agree.sum(axis=0)
        noise.append(stack.noise(colour[part]))
    return Plate(colour, character, dimmed, revealed, _sigma(noise))


def strips(height: int, rows: int = STRIP_ROWS) -> Iterator[tuple[int, int]]:
    """(start, end) of strips that cover `height` rows."""
    for start in range(0, height, rows):
        yield start, min(start + rows, height)


def _sigma(noise: list[np.ndarray]) -> float:
    values = np.concatenate(noise) if noise else np.zeros(0)
    return float(1.48 * np.median(values)) if len(values) else 0.0


@dataclass(frozen=True)
class _Stack:
    """All samples that touch one strip: pictures uint8 [N, r, W, 3], weights, light and character [N, r, W]."""

    pictures: U8
    weights: F32
    light: U8
    character: F32
    both: U8

    @classmethod
    def of(cls, samples: Sequence[Sample], width: int, rows: tuple[int, int]) -> _Stack | None:
        pictures, weights, characters, both = [], [], [], []
        for sample in samples:
            weight = to_canvas(sample.weight, sample.matrix, width, rows, smooth=False)
            if not weight.any():
                continue
            pictures.append(to_canvas(sample.picture, sample.matrix, width, rows))
            weights.append(weight)
            characters.append(to_canvas(sample.character, sample.matrix, width, rows, smooth=False))
            both.append(to_canvas(sample.both, sample.matrix, width, rows, smooth=False))
        if not pictures:
            return None
        stack, votes = np.stack(pictures), np.stack(weights)
        light = np.stack([cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures])
        return cls(stack, votes, light, np.stack(characters), np.stack(both))

    def value(self, low_quantile: float) -> tuple[U8, Mask]:
        """Weighted median in luma order, the lower quantile under effects; and where the lower one was taken."""
        order = np.argsort(self.light, axis=0, kind="stable")
        share = np.cumsum(np.take_along_axis(self.weights, order, 0), axis=0)
        total = share[-1]
        middle = _at(order, share >= 0.5 * total)
        low = _at(order, share >= low_quantile * total)
        light_mid, light_low = self._take(self.light, middle), self._take(self.light, low)
        brighter = (self.light > light_low[None].astype(np.int16) + EFFECT_BRIGHTER) & (self.weights > 0)
        seen = np.maximum((self.weights > 0).sum(axis=0), 1)
        dimmed = (
            (self.character.sum(axis=0) < SURE_BACKGROUND * seen)
            & (light_mid.astype(np.int16) - light_low > EFFECT_SPREAD)
            & (brighter.sum(axis=0) > EFFECT_SHARE * seen)
        )
        chosen = np.where(dimmed, low, middle)
        return np.take_along_axis(self.pictures, chosen[None, ..., None], 0)[0], dimmed

    def settled(self, value: U8) -> tuple[U8, Mask]:
        """Weighted mean of the samples that agree with the value, and which agree [N, r, W]."""
        near = np.stack(
            [channel_max(cv2.absdiff(picture, value)) <= SAME_LEVELS for picture in self.pictures]
        )
        agree = near & (self.weights > 0)
        votes = np.where(agree, self.weights, 0)
        total = votes.sum(axis=0)
        mean = (
            np.einsum("nrw,nrwc->rwc", votes, self.pictures.astype(np.float32))
            / np.maximum(total, 1e-9)[..., None]
        )
        mean = np.where(total[..., None] > 0, mean, value)
        return np.rint(mean).astype(np.uint8), agree

    def character_share(self, agree: Mask) -> F32:
        """Mean character probability of the samples that agree with the value, float32 [r, W]; 1 where none does.

        The mean, not the surest sample: a body that stands still is missed by the networks in some drawings, a tree
        is taken for a character in others. Camera motion says nothing: a held body moves with the background.
        """
        count = agree.sum(axis=0)
        mean = (self.character * agree).sum(axis=0) / np.maximum(count, 1)
        ranked = np.sort(np.where(agree, self.both, 0), axis=0)
        place = len(ranked) - 1 - np.rint(AGREED_SHARE * count).astype(int)
        agreed = _at_place(ranked, np.minimum(place, len(ranked) - 1)) / np.float32(255)
        return np.where(count > 0, np.maximum(mean, agreed), 1).astype(np.float32)

    def noise(self, value: U8) -> np.ndarray:
        """|sample - value| of sure background, thinned; one number per pixel (mean of channels)."""
        sure = self.weights[:, ::4, ::4] > 0.9
        away = np.abs(self.pictures[:, ::4, ::4].astype(np.int16) - value[::4, ::4]).mean(axis=3)
        return away[sure].astype(np.float32)

    @staticmethod
    def _take(values: np.ndarray, index: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, index[None], 0)[0]


def _at_place(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, place[None], 0)[0]


def _at(order: np.ndarray, reached: np.ndarray) -> np.ndarray:
    first = reached.argmax(axis=0)
    return np.take_along_axis(order, first[None], 0)[0]
