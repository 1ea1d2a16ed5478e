"""Optical flow between neighbouring drawings, where it can be believed, and what is carried along it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from animeflow.layers.pixels import F32, U8, Mask, channel_max, luma, resized, working_size

MAX_FLOW_ERROR_PX, MAX_COLOUR_ERROR = 1.0, 14.0
FLOW_SIDE = 640
CARRY_SIDE = 320  # networks see 320 px: carrying their maps needs no more

Grey = npt.NDArray[np.uint8]
FlowOf = Callable[[Grey, Grey], F32]


@dataclass(frozen=True)
class Warp:
    """How the neighbour looks from here: `grid` float32 [h, w, 2] positions in it, `good` where it is consistent."""

    grid: F32
    good: Mask

    def pull(self, values: npt.NDArray) -> npt.NDArray:
        """The neighbour's values seen from here, bilinear, border replicated."""
        return cv2.remap(values, self.grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def dis_flow(first: Grey, second: Grey) -> F32:
    """DIS fast flow of two luma pictures: where each pixel of the first is in the second, minus where it is."""
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(first, second, None)


def farneback_flow(first: Grey, second: Grey) -> F32:
    """Farneback's flow: another method than the one that smooths, to judge flicker by."""
    return cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 4, 15, 3, 5, 1.1, 0)


def warps(
    first: U8,
    second: U8,
    *,
    flow_px: float = MAX_FLOW_ERROR_PX,
    colour: float = MAX_COLOUR_ERROR,
    side: int = FLOW_SIDE,
    flow_of: FlowOf = dis_flow,
) -> tuple[Warp, Warp]:
    """Both ways between two RGB pictures of one size: (first sees second, second sees first).

    Consistent: forward-backward error below `flow_px` and difference of the blurred colours below `colour` levels.
    The flow is found on pictures of at most `side` px and scaled up.
    """
    pair = _Pair.of(first, second, side, flow_of)
    return pair.seen_from(0, flow_px, colour), pair.seen_from(1, flow_px, colour)


def warp(first: U8, second: U8, *, side: int = FLOW_SIDE, flow_of: FlowOf = dis_flow) -> Warp:
    """One way of `warps`, with its limits: how the first sees the second."""
    return _Pair.of(first, second, side, flow_of).seen_from(0, MAX_FLOW_ERROR_PX, MAX_COLOUR_ERROR)


def pulled_along(
    first: U8, second: U8, *, side: int = FLOW_SIDE, flow_of: FlowOf = dis_flow
) -> Callable[[npt.NDArray], npt.NDArray]:
    """`Warp.pull` of how the first sees the second, for those who do not ask where it is consistent: half the flows."""
    height, width = first.shape[:2]
    size = working_size(width, height, side)
    there = flow_of(*(luma(resized(picture, size)) for picture in (first, second)))
    grid = there + positions(there.shape[:2])
    return _scaled(Warp(grid, np.ones(grid.shape[:2], np.bool_)), (width, height)).pull


@dataclass(frozen=True)
class _Pair:
    """Two pictures of (width, height) at working size: their blurred colours, and the flow from each to the other."""

    size: tuple[int, int]
    blurred: tuple[U8, U8]
    flows: tuple[F32, F32]

    @classmethod
    def of(cls, first: U8, second: U8, side: int, flow_of: FlowOf) -> _Pair:
        height, width = first.shape[:2]
        size = working_size(width, height, side)
        one, two = (resized(picture, size) for picture in (first, second))
        grey = luma(one), luma(two)
        return cls(
            (width, height),
            (cv2.GaussianBlur(one, (0, 0), 1.5), cv2.GaussianBlur(two, (0, 0), 1.5)),
            (flow_of(grey[0], grey[1]), flow_of(grey[1], grey[0])),
        )

    def seen_from(self, own: int, flow_px: float, colour: float) -> Warp:
        other = 1 - own
        small = _warp(
            self.flows[own], self.flows[other], self.blurred[own], self.blurred[other], (flow_px, colour)
        )
        return _scaled(small, self.size)


def _warp(there: F32, back: F32, own: U8, other: U8, limits: tuple[float, float]) -> Warp:
    grid = there + positions(there.shape[:2])
    seen_back = cv2.remap(
        back, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(1e3, 1e3)
    )
    seen = cv2.remap(other, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    apart = there + seen_back
    error = cv2.magnitude(apart[..., 0], apart[..., 1])
    return Warp(grid, (error < limits[0]) & (channel_max(cv2.absdiff(seen, own)) < limits[1]))


def _scaled(warp: Warp, size: tuple[int, int]) -> Warp:
    height, width = warp.good.shape
    if (width, height) == size:
        return warp
    scale = np.array([size[0] / width, size[1] / height], np.float32)
    moves = resized(warp.grid - positions((height, width)), size) * scale
    good = cv2.resize(warp.good.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).view(np.bool_)
    return Warp(moves + positions(size[::-1]), good)


@lru_cache(maxsize=4)
def positions(shape: tuple[int, ...]) -> F32:
    """Pixel coordinates (x, y), float32 [h, w, 2]; shared, so not to be written to."""
    ys, xs = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    found = np.dstack([xs, ys])
    found.setflags(write=False)
    return found


def carried(pictures: Callable[[int], U8], known: Mapping[int, F32]) -> Iterator[F32]:
    """Maps of all drawings from those of some, in order: unknown ones get their known neighbours' along the flow.

    `pictures(drawing)` is uint8 RGB; `known` needs the first and the last drawing. From both sides the maps are
    chained drawing by drawing and mixed by distance. Memory: the drawings between two known ones, at 320 px.
    """
    places = sorted(known)
    for left, right in pairwise(places):
        yield known[left]
        yield from _between(pictures, left, right, known)
    yield known[places[-1]]


def _between(pictures: Callable[[int], U8], left: int, right: int, known: Mapping[int, F32]) -> Iterator[F32]:
    if right - left < 2:
        return
    height, width = known[left].shape[:2]
    size = working_size(width, height, CARRY_SIDE)
    small = [resized(pictures(d), size) for d in range(left, right + 1)]
    ahead, behind = [resized(known[left], size)], [resized(known[right], size)]
    for earlier, later in pairwise(small[:-1]):
        ahead.append(pulled_along(later, earlier, side=CARRY_SIDE)(ahead[-1]))
    for earlier, later in reversed(list(pairwise(small[1:]))):
        behind.append(pulled_along(earlier, later, side=CARRY_SIDE)(behind[-1]))
    for step in range(1, right - left):
        share = step / (right - left)
        mixed = (1 - share) * ahead[step] + share * behind[right - left - step]
        yield resized(mixed.astype(np.float32), (width, height))


def stabilised(
    pictures: Callable[[int], U8],
    values: Sequence[F32],
    *,
    flow_px: float = MAX_FLOW_ERROR_PX,
    colour: float = MAX_COLOUR_ERROR,
    side: int = FLOW_SIDE,
) -> Iterator[F32]:
    """Median of every drawing's own values and its warped neighbours', where the flow is consistent; else untouched.

    The first and the last drawing have no two neighbours and stay. `values` float32 [h, w] or [h, w, c]. Memory: two
    neighbouring flows.
    """
    count = len(values)
    if count:
        yield values[0]
    before: Warp | None = None
    for index in range(count - 1):
        here, there = pictures(index), pictures(index + 1)
        after, back = warps(here, there, flow_px=flow_px, colour=colour, side=side)
        if before is not None:
            sides = before.pull(values[index - 1]), after.pull(values[index + 1])
            yield _median3(values[index], *sides, before.good & after.good)
        before = back
    if count > 1:
        yield values[-1]


def _median3(own: F32, before: F32, after: F32, where: Mask) -> F32:
    middle = np.clip(own, np.minimum(before, after), np.maximum(before, after))  # the median of three
    return np.where(where if own.ndim == 2 else where[..., None], middle, own)


@dataclass
class Flicker:
    """Mean |alpha - warped previous alpha| x 1000 over consistently moving pixels of a clip, pair by pair."""

    total: float = 0.0
    count: float = 0.0

    def add(self, previous: F32, alpha: F32, seen: Warp) -> None:
        """The alphas of two neighbouring drawings; `seen` is how the later one sees the earlier."""
        change = np.abs(alpha - seen.pull(previous))[seen.good]
        self.total, self.count = self.total + float(change.sum(dtype=np.float64)), self.count + change.size

    @property
    def value(self) -> float | None:
        """None before anything moved consistently, so for a single drawing."""
        return 1000 * self.total / self.count if self.count else None


def judged(pictures: Callable[[int], U8], drawing: int, *, flow_of: FlowOf = farneback_flow) -> Warp:
    """How a drawing sees the one before it, for `Flicker`.

    Judge with another flow than the one that smoothed: the default is Farneback's.
    """
    return warp(pictures(drawing), pictures(drawing - 1), side=CARRY_SIDE, flow_of=flow_of)


def flicker(
    pictures: Callable[[int], U8], alphas: Sequence[F32], *, flow_of: FlowOf = farneback_flow
) -> float | None:
    """The flicker of a clip's alphas; see `Flicker` and `judged`."""
    found = Flicker()
    for drawing in range(1, len(alphas)):
        found.add(alphas[drawing - 1], alphas[drawing], judged(pictures, drawing, flow_of=flow_of))
    return found.value
