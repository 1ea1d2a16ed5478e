"""The vectors of WCAG 2.x and of the formula's own edges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from animeflow.measures.flash import brightness_jumps, general_transitions, red_transitions
from animeflow.measures.transitions import covers, most_per_second
from animeflow.settings.measures import FlashSettings

FPS = 24
SECONDS = 3
SETTINGS = FlashSettings()
Colour = tuple[int, int, int]
BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)


def grey(level: int) -> Colour:
    return (level, level, level)


def square_wave(
    first: Colour, second: Colour, hz: float, *, fps: int = FPS, share: float = 1.0
) -> np.ndarray:
    """uint8 RGB [T, 27, 48, 3] that shows `first` and `second` in turn on `share` of the top left field's rows."""
    frames = np.empty((fps * SECONDS, 27, 48, 3), np.uint8)
    frames[:] = first
    cells = np.zeros((27, 48), bool)
    if share == 1.0:
        cells[:] = True
    else:
        flat = np.zeros(9 * 16, bool)
        flat[: round(share * flat.size)] = True
        cells[:9, :16] = flat.reshape(9, 16)
    for t in range(len(frames)):
        if int(t * 2 * hz / fps) % 2:
            frames[t][cells] = second
    return frames


def flashes(frames: np.ndarray, find: Callable, fps: int = FPS) -> int:
    return most_per_second(find(frames, SETTINGS), np.arange(len(frames)) / fps)


@pytest.mark.parametrize("hz", [1, 2, 3, 4, 6, 12])
def test_a_black_and_white_square_wave_flashes_at_its_frequency(hz: int) -> None:
    assert flashes(square_wave(BLACK, WHITE, hz), general_transitions) == hz
    assert flashes(square_wave(BLACK, WHITE, hz), red_transitions) == 0


@pytest.mark.parametrize(
    ("first", "second", "general", "red"),
    [
        (grey(0), grey(89), 0, 0),
        (grey(0), grey(90), 6, 0),
        (grey(232), grey(255), 0, 0),
        (grey(231), grey(255), 6, 0),
        (grey(127), RED, 0, 6),
        (BLACK, (160, 0, 0), 0, 6),
        (grey(127), (255, 120, 120), 6, 0),
    ],
)
def test_the_limits_of_luminance_and_of_red(first: Colour, second: Colour, general: int, red: int) -> None:
    wave = square_wave(first, second, 6)
    assert (flashes(wave, general_transitions), flashes(wave, red_transitions)) == (general, red)


@pytest.mark.parametrize(("share", "expected"), [(0.20, 0), (0.24, 0), (0.26, 6), (0.30, 6)])
def test_a_quarter_of_the_field_has_to_flash_together(share: float, expected: int) -> None:
    assert flashes(square_wave(BLACK, WHITE, 6, share=share), general_transitions) == expected


def test_the_field_may_lie_anywhere() -> None:
    cells = np.zeros((27, 48), bool)
    cells[18:27, 44:48] = True
    assert covers(cells, 0.25, 3)
    cells[18] = False
    assert not covers(cells, 0.25, 3)


def test_a_slow_ramp_accumulates_to_a_flash() -> None:
    steps = np.abs((np.arange(FPS * SECONDS) / FPS) % 1 * 2 - 1) * 255
    frames = np.broadcast_to(steps[:, None, None, None].astype(np.uint8), (len(steps), 27, 48, 3))
    assert flashes(frames, general_transitions) == 1


def test_a_small_flicker_never_accumulates() -> None:
    levels = np.where(np.arange(FPS * SECONDS) % 2, 60, 80).astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (len(levels), 27, 48, 3))
    assert flashes(frames, general_transitions) == 0


def test_time_is_real_time_and_not_a_number_of_frames() -> None:
    wave = square_wave(BLACK, WHITE, 6)
    transitions = general_transitions(wave, SETTINGS)
    assert most_per_second(transitions, np.arange(len(wave)) / FPS) == 6
    assert most_per_second(transitions, np.arange(len(wave)) / (FPS / 3)) == 2
    rounded_to_ms = np.round(np.arange(len(wave)) / FPS, 3)
    assert most_per_second(transitions, rounded_to_ms) == 6


def test_a_stride_would_hide_the_strobe() -> None:
    assert flashes(square_wave(BLACK, WHITE, 12)[::2], general_transitions, fps=12) == 0


def test_opposing_changes_of_different_places_in_one_frame_are_one_transition() -> None:
    frames = np.zeros((FPS, 27, 48, 3), np.uint8)
    for t in range(FPS):
        frames[t, :, : 24 if t % 2 else 0] = 255
        frames[t, :, 24:] = 0 if t % 2 else 255
    assert len(general_transitions(frames, SETTINGS)) == FPS - 1


def test_a_clip_of_one_frame_has_no_flash() -> None:
    frame = square_wave(BLACK, WHITE, 1)[:1]
    assert flashes(frame, general_transitions) == 0
    assert brightness_jumps(frame, SETTINGS) == 0.0


def test_brightness_jumps_are_the_share_of_samples_that_jump() -> None:
    frames = np.zeros((20, 27, 48, 3), np.uint8)
    frames[5:10] = 60  # sampled at 0, 5, 10, 15: 0, 60, 0, 0
    assert brightness_jumps(frames, SETTINGS) == 2 / 4
    frames[5:10] = 59
    assert brightness_jumps(frames, SETTINGS) == 0.0
