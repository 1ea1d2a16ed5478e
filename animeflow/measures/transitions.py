"""Transitions of a value on the grid of thumbnails, by cell and of the picture: what every flash measure counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

UP, DOWN = 1, -1
_WINDOW_S = 1.0
_INSTANT_S = 1 / 24
_EARLY_S = (
    1e-6  # a window of one second ends before its last instant, whatever the last bit of a division says
)
_CHUNK = 256  # frames whose values are held at once
_TOGETHER = 32  # frames whose values are made at once and gone through: they stay in the processor's cache


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
    """At least `share` (0-1) of some window of 1/`fields` of the width and of the height; 1: of the picture.

    Cells that turn within `together` frames count as one: a flash that sweeps over the screen is the same at any rate.
    """

    share: float
    fields: int = 1
    together: int = 1

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
    for start in range(0, len(thumbs), _TOGETHER):
        part = thumbs[start : start + _TOGETHER]
        values = signal.value(part)
        marks = None if signal.marked is None else signal.marked(part)
        if not start:
            cells = _Cells(signal, values[0], None if marks is None else marks[0])
        for number, now in enumerate(values):
            yield cells.turns(now, None if marks is None else marks[number])


class _Cells:
    """Extremes of each cell since its last turn. Every frame passes here: what it takes is calls, not arithmetic."""

    def __init__(self, signal: Signal, values: F32, marks: Bools | None) -> None:
        self._below = np.float32(signal.low_below)
        self._low, self._high = values.copy(), values.copy()
        self._marks = None if marks is None else (marks.copy(), marks.copy())
        self._step = np.float32(signal.step)
        # How far it has to rise or fall: endlessly in the direction of its last turn.
        self._rise, self._fall = np.full(values.shape, self._step), np.full(values.shape, self._step)

    def turns(self, now: F32, mark: Bools | None) -> tuple[Bools, Bools]:
        """(cells that turn up, cells that turn down) in the next frame."""
        low, high = self._low, self._high
        if mark is not None and self._marks is not None:
            np.copyto(self._marks[0], mark, where=now < low)
            np.copyto(self._marks[1], mark, where=now > high)
        np.minimum(low, now, out=low)
        np.maximum(high, now, out=high)
        up, down = now - low >= self._rise, high - now >= self._fall
        if self._below < np.inf:
            up &= low < self._below
            down &= now < self._below
        if mark is not None and self._marks is not None:
            up &= self._marks[0] | mark
            down &= self._marks[1] | mark
        turned = up | down
        if np.count_nonzero(turned):
            self._turn(now, mark, up, down, turned)
        return up, down

    def _turn(self, now: F32, mark: Bools | None, up: Bools, down: Bools, turned: Bools) -> None:
        # A cell that turns both ways at once has turned down: it may rise next.
        for cells, others, same in ((up, self._fall, self._rise), (down, self._rise, self._fall)):
            np.copyto(others, self._step, where=cells)
            np.copyto(same, np.float32(np.inf), where=cells)
        for extreme in (self._low, self._high):
            np.copyto(extreme, now, where=turned)
        if mark is not None and self._marks is not None:
            for marks in self._marks:
                np.copyto(marks, mark, where=turned)


def frame_transitions(cells: Iterable[tuple[Bools, Bools]], area: Area) -> list[Transition]:
    """Frames in which enough cells turn together; directions alternate, at most one a frame."""
    found: list[Transition] = []
    recent: deque[tuple[Bools, Bools]] = deque(maxlen=area.together)
    for frame, turns in enumerate(cells):
        if found and found[-1].frame == frame - 1:
            recent.clear()  # what has been counted is
        recent.append(turns)
        for direction, turning in zip((UP, DOWN), _any(recent), strict=True):
            opposes = not found or found[-1].direction != direction
            if opposes and not (found and found[-1].frame == frame) and area.met(turning):
                found.append(Transition(frame, direction, float(turning.mean())))
    return found


def _any(turns: Sequence[tuple[Bools, Bools]]) -> tuple[Bools, Bools]:
    """The cells of any of the frames, up and down."""
    if len(turns) == 1:
        return turns[0]
    up, down = zip(*turns, strict=True)
    return np.logical_or.reduce(up), np.logical_or.reduce(down)


def frames_together(times: F64) -> int:
    """Frames of one instant: what is shown within a frame of film, 1/24 s. `times` [T] in seconds."""
    if len(times) < 2:
        return 1
    # Not rounded to the nearest: 60 frames a second lie between two and three, by the last bit of their times.
    return max(1, int(_INSTANT_S / max(float(np.median(np.diff(times))), _EARLY_S) + 0.25))


def covers(cells: Bools, share: float, fields: int) -> bool:
    """Whether the cells fill at least `share` of some window of 1/`fields` of the width by 1/`fields` of the height."""
    height, width = cells.shape[0] // fields, cells.shape[1] // fields
    wanted = share * height * width
    if np.count_nonzero(cells) < wanted:
        return False
    if fields == 1:
        return True
    # Windows that hang over the border hold no more than those inside.
    windows = cv2.boxFilter(
        cells.view(np.uint8), cv2.CV_32F, (width, height), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return cv2.minMaxLoc(windows)[1] >= wanted


def looked_up(thumbs: U8, tables: Sequence[F32]) -> tuple[F32, F32, F32]:
    """Values of red, green and blue of uint8 RGB [..., 3] in a table of 256 each: float32 [...] each.

    Three times as fast as indexing the tables by the picture.
    """
    planes = cv2.split(thumbs.reshape(1, -1, 3))
    red, green, blue = (
        np.asarray(cv2.LUT(plane, table), dtype=np.float32).reshape(thumbs.shape[:-1])
        for plane, table in zip(planes, tables, strict=True)
    )
    return red, green, blue


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
