"""Flashes per clip: WCAG 2.x general and saturated-red flashes, and the brightness jumps of the earlier pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.settings.measures import FlashSettings
from animeflow.tables.frames import seconds, stored_or_loaded
from animeflow.tables.schemas.measures import FLASH

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Transition = tuple[int, int]  # frame, UP or DOWN

UP, DOWN = 1, -1
_WINDOW_S = 1.0
_EARLY_S = (
    1e-6  # a window of one second ends before its last instant, whatever the last bit of a division says
)
_RED_SCALE = 320.0
_FIELDS = (
    3  # the 10-degree field of vision is a third of the width by a third of the height (341x256 of 1024x768)
)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_BT601 = np.array([0.299, 0.587, 0.114], np.float32)
_code = np.arange(256) / 255.0
_LINEAR = np.where(_code <= 0.04045, _code / 12.92, ((_code + 0.055) / 1.055) ** 2.4).astype(np.float32)


@dataclass(frozen=True)
class State:
    """One frame on the grid: a value, and where its colour is a saturated red (None: does not matter)."""

    value: F32
    red: Bools | None = None


Qualifies = Callable[[State, State], Bools]


def measure_flash(signals: pa.Table, clips: Sequence[Mapping[str, Any]], settings: FlashSettings) -> pa.Table:
    """The table `flash`: one row for each row of `clips` (clip_id, video_id, start, end) of one video.

    Every frame is looked at: a stride hides strobes (12 Hz at 24 fps with every second frame gives none).
    """
    thumbs, times = stored_or_loaded(signals), seconds(signals)
    rows = []
    for clip in clips:
        span = slice(clip["start"], clip["end"])
        general, red = general_transitions(thumbs[span], settings), red_transitions(thumbs[span], settings)
        rows.append(
            {
                "clip_id": clip["clip_id"],
                "video_id": clip["video_id"],
                "general_flashes": float(most_per_second(general, times[span])),
                "red_flashes": float(most_per_second(red, times[span])),
                "brightness_jumps": brightness_jumps(thumbs[span], settings),
            }
        )
    return FLASH.table(rows)


def general_transitions(thumbs: U8, settings: FlashSettings) -> list[Transition]:
    """Opposing changes of relative luminance by settings.luminance_step, of uint8 RGB [T, h, w, 3]."""
    states = (State(_LINEAR[thumb] @ _LUMINANCE) for thumb in thumbs)
    return frame_transitions(
        cell_transitions(states, settings.luminance_step, lambda low, _: low.value < settings.darker_below),
        settings.area_share,
    )


def red_transitions(thumbs: U8, settings: FlashSettings) -> list[Transition]:
    """The same for max(0, R - G - B) x 320 in linear light, where one of the two states is a saturated red."""

    def either(low: State, high: State) -> Bools:
        assert low.red is not None and high.red is not None
        return low.red | high.red

    states = (_red_state(_LINEAR[thumb], settings.red_share) for thumb in thumbs)
    return frame_transitions(cell_transitions(states, settings.red_step, either), settings.area_share)


def _red_state(linear: F32, share: float) -> State:
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    total = red + green + blue
    return State(
        np.maximum(red - green - blue, 0) * np.float32(_RED_SCALE), (red >= share * total) & (total > 0)
    )


def cell_transitions(
    states: Iterable[State], step: float, qualifies: Qualifies
) -> Iterator[tuple[Bools, Bools]]:
    """(cells that turn up, cells that turn down) per frame.

    A cell turns when its value is `step` away from the opposite extreme since its last turn, in the other direction
    than that turn, and the two states qualify. Slow ramps therefore accumulate.
    """
    low = high = State(np.zeros(0, np.float32))
    last = np.zeros(0, np.int8)
    for number, now in enumerate(states):
        if number == 0:
            low = high = now
            last = np.zeros(now.value.shape, np.int8)
        low = _where(now.value < low.value, now, low)
        high = _where(now.value > high.value, now, high)
        up = (now.value - low.value >= step) & (last != UP) & qualifies(low, now)
        down = (high.value - now.value >= step) & (last != DOWN) & qualifies(now, high)
        last[up], last[down] = UP, DOWN
        turned = up | down
        if turned.any():
            low, high = _where(turned, now, low), _where(turned, now, high)
        yield up, down


def _where(cells: Bools, now: State, before: State) -> State:
    value = np.where(cells, now.value, before.value)
    if now.red is None or before.red is None:
        return State(value)
    return State(value, np.where(cells, now.red, before.red))


def frame_transitions(cells: Iterable[tuple[Bools, Bools]], area_share: float) -> list[Transition]:
    """Frames in which enough cells of some field turn together; directions alternate, at most one a frame."""
    found: list[Transition] = []
    for frame, (up, down) in enumerate(cells):
        for direction, turning in ((UP, up), (DOWN, down)):
            opposes = not found or found[-1][1] != direction
            if opposes and not (found and found[-1][0] == frame) and covers(turning, area_share):
                found.append((frame, direction))
    return found


def covers(cells: Bools, share: float) -> bool:
    """Whether the cells fill at least `share` of some window of a third of the width by a third of the height."""
    height, width = cells.shape[0] // _FIELDS, cells.shape[1] // _FIELDS
    wanted = share * height * width
    if cells.sum() < wanted:
        return False
    sums = np.pad(cells.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    return bool(inside.max() >= wanted)


def most_per_second(transitions: Sequence[Transition], times: npt.NDArray[np.float64]) -> int:
    """Most flashes (pairs of opposing transitions) within any one second. `times` [T] in seconds: real time."""
    at = np.array([times[frame] for frame, _ in transitions])
    if len(at) == 0:
        return 0
    inside = np.searchsorted(at, at + (_WINDOW_S - _EARLY_S), side="left") - np.arange(len(at))
    return int(inside.max()) // 2


def brightness_jumps(thumbs: U8, settings: FlashSettings) -> float:
    """Share of sampled frames (every settings.jump_stride-th) whose mean grey jumps by settings.jump_levels, 0-1."""
    grey = (
        thumbs[:: settings.jump_stride].reshape(-1, thumbs.shape[1] * thumbs.shape[2], 3).mean(axis=1)
    ) @ _BT601
    jumps = np.abs(np.diff(grey)) >= settings.jump_levels
    return float(jumps.sum()) / max(1, len(grey))
