"""Transitions of a value on the grid of thumbnails, by cell and of the picture: what every flash measure counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

UP, DOWN = 1, -1
_WINDOW_S = 1.0
_EARLY_S = (
    1e-6  # a window of one second ends before its last instant, whatever the last bit of a division says
)
_CHUNK = 256  # frames whose values are held at once


class Transition(NamedTuple):
    """A frame in which enough cells turn together, in which direction (UP or DOWN), and their share of the picture."""

    frame: int
    direction: int
    share: float


@dataclass(frozen=True)
class Signal:
    """What flashes: a value of each cell, how far it has to move, and which moves count.

    `value` and `marked` map uint8 RGB [..., 3] to [...], each cell by itself, so that any number of frames gives the
    same values. A move counts when its lower end is below `low_below` and, with `marked`, one of its ends is marked.
    """

    value: Callable[[U8], F32]
    step: float
    low_below: float = float("inf")
    marked: Callable[[U8], Bools] | None = None


@dataclass(frozen=True)
class Area:
    """At least `share` (0-1) of some window of 1/`fields` of the width and of the height; 1: of the picture."""

    share: float
    fields: int = 1

    def met(self, cells: Bools) -> bool:
        """Whether the cells [h, w] fill the share of some window."""
        return covers(cells, self.share, self.fields)


def transitions(thumbs: U8, signal: Signal, area: Area) -> list[Transition]:
    """Transitions of uint8 RGB thumbnails [T, h, w, 3]; directions alternate, at most one a frame.

    A cell whose value spans less than the step over all frames never turns: where the others fill no window, there is
    no transition, and the frames are not gone through one by one.
    """
    if not area.met(span(thumbs, signal) >= signal.step):
        return []
    return frame_transitions(cell_transitions(thumbs, signal), area)


def span(thumbs: U8, signal: Signal) -> F32:
    """Largest less smallest value of each cell over all frames, float32 [h, w]; zeros without frames."""
    lows, highs = [], []
    for start in range(0, len(thumbs), _CHUNK):
        values = signal.value(thumbs[start : start + _CHUNK])
        lows.append(values.min(axis=0))
        highs.append(values.max(axis=0))
    if not lows:
        return np.zeros(thumbs.shape[1:3], np.float32)
    return np.asarray(np.max(highs, axis=0) - np.min(lows, axis=0), dtype=np.float32)


def cell_transitions(thumbs: U8, signal: Signal) -> Iterator[tuple[Bools, Bools]]:
    """(cells that turn up, cells that turn down) per frame.

    A cell turns when its value is `step` away from the opposite extreme since its last turn, in the other direction
    than that turn, and the move counts. Slow ramps therefore accumulate.
    """
    step, below, marked = np.float32(signal.step), np.float32(signal.low_below), signal.marked
    shape = thumbs.shape[1:3]
    low, high = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    low_mark, high_mark = np.zeros(shape, bool), np.zeros(shape, bool)
    last = np.zeros(shape, np.int8)
    for number, thumb in enumerate(thumbs):
        now = signal.value(thumb)
        mark = None if marked is None else marked(thumb)
        lower, higher = (now < low, now > high) if number else (np.ones(shape, bool), np.ones(shape, bool))
        np.copyto(low, now, where=lower)
        np.copyto(high, now, where=higher)
        up = (now - low >= step) & (last != UP) & (low < below)
        down = (high - now >= step) & (last != DOWN) & (now < below)
        if mark is not None:
            np.copyto(low_mark, mark, where=lower)
            np.copyto(high_mark, mark, where=higher)
            up &= low_mark | mark
            down &= high_mark | mark
        turned = up | down
        if turned.any():
            last[up], last[down] = UP, DOWN
            np.copyto(low, now, where=turned)
            np.copyto(high, now, where=turned)
            if mark is not None:
                np.copyto(low_mark, mark, where=turned)
                np.copyto(high_mark, mark, where=turned)
        yield up, down


def frame_transitions(cells: Iterable[tuple[Bools, Bools]], area: Area) -> list[Transition]:
    """Frames in which enough cells turn together; directions alternate, at most one a frame."""
    found: list[Transition] = []
    for frame, (up, down) in enumerate(cells):
        for direction, turning in ((UP, up), (DOWN, down)):
            opposes = not found or found[-1].direction != direction
            if opposes and not (found and found[-1].frame == frame) and area.met(turning):
                found.append(Transition(frame, direction, float(turning.mean())))
    return found


def covers(cells: Bools, share: float, fields: int) -> bool:
    """Whether the cells fill at least `share` of some window of 1/`fields` of the width by 1/`fields` of the height."""
    height, width = cells.shape[0] // fields, cells.shape[1] // fields
    wanted = share * height * width
    if np.count_nonzero(cells) < wanted:
        return False
    if fields == 1:
        return True
    sums = np.pad(cells.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    return bool(inside.max() >= wanted)


def most_per_second(found: Sequence[Transition], times: F64) -> int:
    """Most flashes (pairs of opposing transitions) within any one second. `times` [T] in seconds: real time."""
    at = np.array([times[transition.frame] for transition in found])
    if len(at) == 0:
        return 0
    inside = np.searchsorted(at, at + (_WINDOW_S - _EARLY_S), side="left") - np.arange(len(at))
    return int(inside.max()) // 2


def longest_run_s(found: Iterable[Transition], times: F64) -> float:
    """Longest time in which each transition follows the one before within a second (seconds); 0 for a single one."""
    at = np.array(sorted(times[transition.frame] for transition in found))
    if len(at) < 2:
        return 0.0
    breaks = np.flatnonzero(np.diff(at) >= _WINDOW_S - _EARLY_S) + 1
    return max(float(run[-1] - run[0]) for run in np.split(at, breaks))
