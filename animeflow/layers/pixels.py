"""Small pixel operations that every step shares. Masks are bool, maps float32 0-1, pictures uint8 RGB."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

RNG_SEED = 20_011  # RANSAC and GrabCut draw from OpenCV's generator


@contextlib.contextmanager
def repeatable(threads: int = 1) -> Iterator[None]:
    """OpenCV with a seeded generator and a fixed number of threads: the same input gives the same bytes.

    One thread is the default because the thread count changes the order of RANSAC and GrabCut draws.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    seed_generator()
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def seed_generator() -> None:
    """Seed OpenCV's generator of the calling thread: it has one per thread."""
    cv2.setRNGSeed(RNG_SEED)


def disc(size: int) -> U8:
    """A square structuring element of odd side `size` px."""
    return np.ones((size, size), np.uint8)


def dilate(mask: Mask, size: int) -> Mask:
    """Dilation by a `size` x `size` square."""
    return cv2.dilate(mask.view(np.uint8), disc(size)).view(np.bool_)


def erode(mask: Mask, size: int) -> Mask:
    """Erosion by a `size` x `size` square; outside the picture counts as set."""
    return cv2.erode(mask.view(np.uint8), disc(size)).view(np.bool_)


def opened(mask: Mask, size: int) -> Mask:
    """Morphological opening: removes what is thinner than `size` px."""
    return cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, disc(size)).view(np.bool_)


def closed(mask: Mask, size: int) -> Mask:
    """Morphological closing: fills what is thinner than `size` px."""
    return cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, disc(size)).view(np.bool_)


def luma(picture: U8) -> U8:
    """BT.601 luma of uint8 RGB [h, w, 3] -> uint8 [h, w]."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def resized(picture: npt.NDArray, size: tuple[int, int]) -> npt.NDArray:
    """Picture at (width, height): area average when it shrinks, linear when it grows; itself when it fits."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    shrink = size[0] * size[1] < width * height
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)


def working_size(width: int, height: int, side: int) -> tuple[int, int]:
    """(width, height) with the longer side at most `side`, never enlarged."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def channel_max(picture: npt.NDArray) -> npt.NDArray:
    """Largest channel of [h, w, 3]: numpy's reduction over a short last axis takes eight times as long."""
    first, second, third = cv2.split(picture)
    return cv2.max(cv2.max(first, second), third)


def channel_min(picture: npt.NDArray) -> npt.NDArray:
    """Smallest channel of [h, w, 3]."""
    first, second, third = cv2.split(picture)
    return cv2.min(cv2.min(first, second), third)


def gradient(picture: U8) -> F32:
    """Largest Sobel response over channels and axes / 8, dilated 3x3: what half a pixel of misregistration costs."""
    strongest = np.zeros(picture.shape[:2], np.float32)
    blurred = cv2.GaussianBlur(picture, (0, 0), 0.7)
    for dx, dy in ((1, 0), (0, 1)):
        response = cv2.Sobel(blurred, cv2.CV_16S, dx, dy, ksize=3)
        strongest = np.maximum(strongest, channel_max(np.abs(response)).astype(np.float32))
    return cv2.dilate(strongest, disc(3)) / 8


def bounding_box(mask: Mask, margin: int = 0) -> tuple[slice, slice]:
    """Rows and columns that hold a mask (which must not be empty), with a margin, inside the picture."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    height, width = mask.shape
    return (
        slice(max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)),
        slice(max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)),
    )


def components(mask: Mask) -> tuple[int, I32, npt.NDArray[np.int32]]:
    """Eight-connected components: (count with background, labels [h, w], statistics [count, 5])."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return count, labels, stats


@dataclass(frozen=True)
class Members:
    """The pixels of some components: `places` in the flat picture, and the label of each."""

    places: npt.NDArray[np.intp]
    labels: I32
    count: int

    @classmethod
    def of(cls, labels: I32, count: int, chosen: npt.NDArray[np.bool_] | None = None) -> Members:
        """The pixels of the labels that are `chosen` (bool [count]); all but the background by default."""
        places = np.flatnonzero(labels if chosen is None else chosen[labels])
        return cls(places, labels.ravel()[places], count)

    def mean(self, values: npt.NDArray) -> F64:
        """Mean of `values` [h, w] per label; 0 for labels that were not chosen."""
        sums = np.bincount(self.labels, weights=self.of_picture(values), minlength=self.count)
        return sums / np.maximum(np.bincount(self.labels, minlength=self.count), 1)

    def of_picture(self, values: npt.NDArray) -> npt.NDArray:
        """The values [h, w] of a picture at these pixels."""
        return values.ravel()[self.places]


def component_peaks(labels: I32, count: int, values: F32) -> F32:
    """Largest value per label; 0 for the background and for labels without positive values."""
    peaks = np.zeros(count, np.float32)
    inside = labels > 0
    np.maximum.at(peaks, labels[inside], values[inside])
    return peaks


def correlation(first: F32, second: F32, side: int) -> tuple[F32, F32, F32]:
    """Windowed statistics of two luma pictures: (normalised correlation, covariance, variance of the second)."""

    def mean(values: F32) -> F32:
        return cv2.boxFilter(values, cv2.CV_32F, (side, side))

    mean_a, mean_b = mean(first), mean(second)
    var_a = np.maximum(mean(first * first) - mean_a * mean_a, 0)
    var_b = np.maximum(mean(second * second) - mean_b * mean_b, 0)
    covariance = mean(first * second) - mean_a * mean_b
    return (covariance / np.sqrt(var_a * var_b + np.float32(1e-3))).astype(np.float32), covariance, var_b
