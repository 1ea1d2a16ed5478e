"""Square waves, areas, greys and reds at the edges of the WCAG definition."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from animeflow.sample.flash_rule import flash_intervals

FPS = Fraction(24)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def square_wave(hertz: float, low=BLACK, high=WHITE, *, seconds: int = 2, share: float = 1.0) -> np.ndarray:
    """A picture of 96x54 in which the left `share` of the whole width alternates."""
    frames = np.empty((24 * seconds, 54, 96, 3), np.uint8)
    frames[:] = low
    half = 24 / hertz / 2
    for t in range(len(frames)):
        if int(t / half) % 2:
            frames[t, :, : round(96 * share)] = high
    return frames


@pytest.mark.parametrize(
    ("hertz", "fails"), [(1, False), (2, False), (3, False), (4, True), (6, True), (12, True)]
)
def test_more_than_three_flashes_in_a_second_fail(hertz, fails):
    assert bool(flash_intervals(square_wave(hertz), FPS)) == fails


def test_the_interval_runs_from_the_first_to_the_last_of_the_transitions():
    frames = square_wave(6)
    frames[:12] = 0
    frames[36:] = 0
    ((start, end),) = flash_intervals(frames, FPS)
    assert 12 <= start <= 14 and 35 <= end <= 37


@pytest.mark.parametrize(("grey", "fails"), [(89, False), (90, True)])
def test_a_change_counts_from_a_tenth_of_relative_luminance(grey, fails):
    assert bool(flash_intervals(square_wave(6, high=(grey,) * 3), FPS)) == fails


@pytest.mark.parametrize(("grey", "fails"), [(232, False), (231, True)])
def test_a_change_between_two_bright_states_does_not_count(grey, fails):
    assert bool(flash_intervals(square_wave(6, low=(grey,) * 3), FPS)) == fails


@pytest.mark.parametrize(("share", "fails"), [(0.0625, False), (0.10, True)])
def test_a_quarter_of_a_field_of_a_third_by_a_third_must_flash(share, fails):
    # the field is 32 px wide: a quarter of it is 8 px, or 0.083 of the width
    assert bool(flash_intervals(square_wave(6, share=share), FPS)) == fails


def test_saturated_red_fails_though_its_luminance_does_not_change():
    assert flash_intervals(square_wave(6, low=(127, 127, 127), high=(255, 0, 0)), FPS)
    assert not flash_intervals(square_wave(6, low=(127, 127, 127), high=(190, 110, 110)), FPS)


def test_a_slow_ramp_is_one_transition():
    ramp = np.concatenate([np.linspace(0, 255, 24), np.linspace(255, 0, 24)]).astype(np.uint8)
    assert flash_intervals(np.broadcast_to(ramp[:, None, None, None], (48, 54, 96, 3)), FPS) == ()


def test_a_film_of_one_frame_does_not_flash():
    assert flash_intervals(np.zeros((1, 54, 96, 3), np.uint8), FPS) == ()
