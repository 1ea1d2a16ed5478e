"""What is left out for speed changes no transition; the rate and the run are of real time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animeflow.measures import broadcast_flash, flash
from animeflow.measures.transitions import (
    DOWN,
    UP,
    Area,
    Signal,
    Transition,
    cell_transitions,
    covers,
    frame_transitions,
    frames_together,
    longest_run_s,
    most_per_second,
    span,
    transitions,
)
from animeflow.settings.measures import FlashSettings

SETTINGS = FlashSettings()
SIGNALS = {
    "WCAG luminance": (flash.general_signal(SETTINGS), Area(0.25, 3)),
    "WCAG red": (flash.red_signal(SETTINGS), Area(0.25, 3)),
    "BT.1702 luminance": (broadcast_flash.luminance_signal(SETTINGS), Area(0.25)),
    "BT.1702 red": (broadcast_flash.red_signal(SETTINGS), Area(0.25)),
}


@st.composite
def strobes(draw: st.DrawFn) -> np.ndarray:
    """A picture in which a part of random size takes random colours, with noise: uint8 RGB [T, 27, 48, 3]."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames, cells = draw(st.integers(1, 40)), np.zeros(27 * 48, bool)
    first = draw(st.integers(0, cells.size - 1))
    cells[first : first + draw(st.integers(0, cells.size))] = True
    palette = rng.integers(0, 256, (draw(st.integers(1, 3)), 3), np.uint8)
    noise = rng.integers(0, draw(st.sampled_from([1, 6, 40])), (frames, 27, 48, 3))
    pictures = np.broadcast_to(rng.integers(0, 256, 3), (frames, 27, 48, 3)).copy()
    pictures[:, cells.reshape(27, 48)] = palette[rng.integers(0, len(palette), frames)][:, None]
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", SIGNALS)
@settings(max_examples=40, deadline=None)
@given(thumbs=strobes())
def test_clips_that_are_not_gone_through_have_no_transition(name: str, thumbs: np.ndarray) -> None:
    signal, area = SIGNALS[name]
    assert transitions(thumbs, signal, area) == frame_transitions(cell_transitions(thumbs, signal), area)


def turns_of_a_cell(values: np.ndarray, marks: np.ndarray | None, signal: Signal) -> list[int]:
    """The rule as it is written, for one cell: UP, DOWN or 0 per frame."""
    low = high = 0
    last, found = 0, []
    step, below = np.float32(signal.step), np.float32(signal.low_below)
    for now in range(len(values)):
        low = now if values[now] < values[low] else low
        high = now if values[now] > values[high] else high
        up = values[now] - values[low] >= step and last != UP and values[low] < below
        down = values[high] - values[now] >= step and last != DOWN and values[now] < below
        if marks is not None:
            up, down = up and (marks[low] or marks[now]), down and (marks[high] or marks[now])
        found.append(DOWN if down else UP if up else 0)
        if up or down:
            low, high, last = now, now, found[-1]
    return found


@pytest.mark.parametrize("name", SIGNALS)
@settings(max_examples=15, deadline=None)
@given(thumbs=strobes())
def test_every_cell_turns_as_the_rule_says(name: str, thumbs: np.ndarray) -> None:
    signal, _ = SIGNALS[name]
    turns = np.array(
        [np.where(down, DOWN, np.where(up, UP, 0)) for up, down in cell_transitions(thumbs, signal)]
    )
    values = signal.value(thumbs)
    marks = None if signal.marked is None else signal.marked(thumbs)
    for row, column in ((0, 0), (3, 40), (13, 24), (26, 47)):
        marked = None if marks is None else marks[:, row, column]
        assert turns[:, row, column].tolist() == turns_of_a_cell(values[:, row, column], marked, signal)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), density=st.floats(0.0, 1.0), fields=st.integers(2, 4))
def test_a_share_of_a_field_is_counted_in_every_window(seed: int, density: float, fields: int) -> None:
    cells = np.random.default_rng(seed).random((27, 48)) < density
    windows = np.lib.stride_tricks.sliding_window_view(cells, (27 // fields, 48 // fields)).sum(axis=(2, 3))
    for count in {1, int(windows.max()), int(windows.max()) + 1}:
        share = (count - 0.5) / (27 // fields * (48 // fields))  # beside any rounding
        assert covers(cells, share, fields) == (windows.max() >= count)


def test_a_still_clip_is_not_gone_through_frame_by_frame() -> None:
    seen: list[int] = []

    def value(thumbs: np.ndarray) -> np.ndarray:
        seen.append(len(thumbs))
        return thumbs[..., 0].astype(np.float32)

    thumbs = np.full((600, 27, 48, 3), 90, np.uint8)
    assert transitions(thumbs, Signal(value, 10.0), Area(0.25)) == []
    assert seen == [256, 256, 88]


def test_the_values_of_one_frame_are_those_of_many() -> None:
    thumbs = np.random.default_rng(5).integers(0, 256, (40, 27, 48, 3), dtype=np.uint8)
    for signal, _ in SIGNALS.values():
        assert np.array_equal(signal.value(thumbs), np.stack([signal.value(thumb) for thumb in thumbs]))


def test_no_frame_spans_nothing() -> None:
    thumbs = np.zeros((0, 27, 48, 3), np.uint8)
    assert span(thumbs, flash.general_signal(SETTINGS)).shape == (27, 48)
    assert transitions(thumbs, *SIGNALS["WCAG luminance"]) == []


@pytest.mark.parametrize(("cells", "met"), [(323, False), (324, True), (1296, True), (0, False)])
def test_a_quarter_of_the_screen_is_324_of_its_1296_cells(cells: int, met: bool) -> None:
    mask = np.zeros(27 * 48, bool)
    mask[np.random.default_rng(1).permutation(mask.size)[:cells]] = True
    assert covers(mask.reshape(27, 48), 0.25, 1) == met


def test_a_run_is_broken_by_a_second_without_a_transition() -> None:
    times = np.arange(24 * 10) / 24
    found = [Transition(frame, UP if n % 2 else DOWN, 1.0) for n, frame in enumerate((0, 12, 24, 48, 60))]
    assert longest_run_s(found, times) == pytest.approx(1.0)  # 0 to 24; then 24 frames are a second
    assert longest_run_s(found[:1], times) == 0.0
    assert most_per_second(found, times) == 1


@pytest.mark.parametrize("fps", [24, 30, 60, 120])
def test_a_flicker_that_sweeps_over_the_screen_is_the_same_at_any_rate(fps: int) -> None:
    """3.5 Hz, black to white, each column later than the one before, by a quarter of a period over the screen."""
    at = np.arange(3 * fps) / fps
    phase = at[:, None] * 3.5 - np.linspace(0, 0.25, 48)[None, :]
    lit = (phase % 1 < 0.5) & (at[:, None] > 0.3)
    thumbs = np.repeat(np.where(lit, 250, 5).astype(np.uint8)[:, None, :, None], 27, axis=1).repeat(3, axis=3)
    together = frames_together(at)
    for find in (flash.general_transitions, broadcast_flash.luminance_transitions):
        assert most_per_second(find(thumbs, SETTINGS, together=together), at) in (3, 4)


@pytest.mark.parametrize(
    ("fps", "together"), [(12, 1), (23.976, 1), (25, 1), (30, 1), (50, 2), (60, 2), (120, 5)]
)
def test_an_instant_is_a_frame_of_film(fps: float, together: int) -> None:
    assert frames_together(np.arange(50) / fps) == together
    assert frames_together(np.zeros(1)) == 1
