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
