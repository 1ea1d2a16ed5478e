"""Seeds: where characters are, roughly. Networks and GrabCut find them; the plate makes the matte.

Networks run on some drawings of a clip; the maps of the others are carried to them by optical flow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from animeflow.layers.clip import Clip
from animeflow.layers.flow import CARRY_SIDE, carried, stabilised
from animeflow.layers.grabcut import grabcut
from animeflow.layers.pixels import F32, U8, Mask, dilate, erode, resized, working_size
from animeflow.settings.layers import SegmentationSettings

Net = Callable[[Sequence[U8]], list[F32]]

PROBABLE, SURE, NOT = 0.5, 0.85, 0.15
NEAR_PX = (
    41  # sure background lies within this of the probable character; the rest is background all the same
)
LEAST_SHARE = 0.002  # of the picture: less is no character
MIN_AGREEMENT = 0.45  # IoU of GrabCut and the networks below which GrabCut ran away


@dataclass(frozen=True)
class SeedNets:
    """The two networks whose errors differ: each takes uint8 RGB frames and gives float32 maps 0-1."""

    segment: Net
    matte: Net


@dataclass(frozen=True)
class SeedMaps:
    """Seeds of one drawing at working size, uint8 [h, w, 3]: segment map, matte map, seed (255 = 1.0).

    `asked` says whether the networks saw this drawing, `cut` whether the seed is GrabCut's (else the mean of the maps).
    """

    maps: U8
    asked: bool
    cut: bool

    @property
    def segment(self) -> F32:
        return self._channel(0)

    @property
    def matte(self) -> F32:
        return self._channel(1)

    @property
    def seed(self) -> F32:
        return self._channel(2)

    @property
    def mean(self) -> F32:
        """Mean of the networks, float32 0-1."""
        return (self.segment + self.matte) / np.float32(2)

    @property
    def most(self) -> F32:
        """Larger of the networks, float32 0-1."""
        return np.maximum(self.segment, self.matte)

    @property
    def both(self) -> F32:
        """Smaller of the networks, float32 0-1: what they agree on."""
        return np.minimum(self.segment, self.matte)

    @property
    def agreement(self) -> float | None:
        """Intersection over union of what the networks call a character; None where neither sees one."""
        first, second = self.segment > PROBABLE, self.matte > PROBABLE
        return _iou(first, second) if (first | second).mean() > LEAST_SHARE else None

    def _channel(self, index: int) -> F32:
        return self.maps[..., index].astype(np.float32) / np.float32(255)


def make_seeds(clip: Clip, nets: SeedNets, settings: SegmentationSettings | None = None) -> list[SeedMaps]:
    """Seeds of every drawing of a clip, at working size."""
    settings = settings or SegmentationSettings()
    size = working_size(*clip.size, settings.work_side_px)

    def picture(drawing: int) -> U8:
        return resized(clip.picture(drawing), size)

    known: dict[int, F32] = {}
    cuts: set[int] = set()
    for drawing in asked_drawings(clip.drawings, settings):
        maps = net_maps(clip.picture(drawing), nets, size)
        seed, cut = grabcut_seed(picture(drawing), maps, iterations=settings.grabcut_iterations)
        known[drawing] = np.dstack([maps, seed])
        cuts |= {drawing} if cut else set()
    found = [_bytes(maps) for maps in carried(picture, known)]
    steady = (
        map(_bytes, stabilised(picture, _Floats(found), side=CARRY_SIDE)) if settings.smooth else iter(found)
    )
    return [SeedMaps(maps, d in known, d in cuts) for d, maps in enumerate(steady)]


def _bytes(maps: F32) -> U8:
    return np.rint(np.clip(maps, 0, 1) * 255).astype(np.uint8)


class _Floats(Sequence[F32]):
    """Byte maps read as 0-1: the whole clip is kept in a quarter of the memory."""

    def __init__(self, maps: Sequence[U8]) -> None:
        self._maps = maps

    def __len__(self) -> int:
        return len(self._maps)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._maps[index].astype(np.float32) / np.float32(255)


def asked_drawings(drawings: int, settings: SegmentationSettings) -> list[int]:
    """The drawings that networks see, spread evenly; the first and the last are always among them."""
    count = max(settings.net_drawings, -(-drawings // settings.net_every))
    if drawings <= count:
        return list(range(drawings))
    return sorted({round(place) for place in np.linspace(0, drawings - 1, max(2, count))})


def net_maps(picture: U8, nets: SeedNets, size: tuple[int, int]) -> F32:
    """Maps of both networks at working size, float32 [h, w, 2]."""

    def one(net: Net) -> F32:
        return resized(np.asarray(net([picture])[0], np.float32), size)

    with ThreadPoolExecutor(max_workers=2) as pool:  # each has half the threads: a convolution scales badly
        both = list(pool.map(one, (nets.segment, nets.matte)))
    return np.clip(np.dstack(both), 0, 1)


def grabcut_seed(picture: U8, maps: F32, *, iterations: int) -> tuple[F32, bool]:
    """GrabCut from the networks' maps [h, w, 2]: (seed float32 0-1, whether GrabCut was believed).

    Where GrabCut and the maps do not agree (IoU <= 0.45) the mean of the maps is the seed.
    """
    mean = maps.mean(axis=2)
    probable = mean > PROBABLE
    if iterations == 0 or not LEAST_SHARE < probable.mean() < 0.95:
        return mean, False
    labels = np.full(mean.shape, cv2.GC_PR_BGD, np.uint8)
    labels[probable] = cv2.GC_PR_FGD
    labels[erode(mean > SURE, 5)] = cv2.GC_FGD
    near = dilate(probable, NEAR_PX)
    labels[(mean < NOT) | ~near] = cv2.GC_BGD
    if not (labels == cv2.GC_BGD).any():
        return mean, False
    cut = grabcut(picture, labels, iterations=iterations)
    if _iou(cut, probable) <= MIN_AGREEMENT:
        return mean, False
    return cut.astype(np.float32), True


def _iou(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / max(1, (first | second).sum()))
