from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import DecodeError
from animeflow.media.decode.clock import AHEAD, FrameClock


@dataclass
class Picture:
    pts: int | None
    duration: int = 40


def stamps(times: Sequence[int | None], *, max_gap_s: float = 1e6) -> tuple[list[int], int]:
    clock = FrameClock(Fraction(1, 1000), Fraction(25), max_gap_s=max_gap_s, path=Path("x"))
    pictures = [Picture(time) for time in times]
    found = []
    for at, picture in enumerate(pictures):
        following = pictures[at + 1 : at + 1 + AHEAD] if clock.doubts(picture) else []
        found.append(clock.stamp(picture, following))
    return found, clock.repairs


def test_ascending_times_are_left_alone() -> None:
    assert stamps([7, 48, 90, 5000]) == ([7, 48, 90, 5000], 0)


def test_a_missing_time_follows_the_frame_before() -> None:
    assert stamps([None, None, 80, None]) == ([0, 40, 80, 120], 3)


def test_a_frame_out_of_order_or_doubled_moves_no_other() -> None:
    assert stamps([0, 40, 120, 80, 160]) == ([0, 40, 120, 121, 160], 1)
    assert stamps([0, 40, 40, 80]) == ([0, 40, 41, 80], 1)


def test_a_clock_that_starts_again_goes_on_from_where_it_was() -> None:
    assert stamps([8000, 8040, 0, 40, 80]) == ([8000, 8040, 8080, 8120, 8160], 1)


def test_a_second_clock_may_begin_little_before_the_end_of_the_first() -> None:
    times = [*range(0, 840, 40), *range(640, 1000, 40)]
    assert stamps(times) == (list(range(0, 1200, 40)), 1)


@pytest.mark.parametrize("wrong", [9_000, 10**9, -9_000, 0])
@pytest.mark.parametrize("count", [1, 2])
def test_a_wrong_time_moves_no_other(wrong: int, count: int) -> None:
    times = list(range(1000, 3000, 40))
    damaged = times.copy()
    damaged[20 : 20 + count] = [wrong + n for n in range(count)]
    assert stamps(damaged, max_gap_s=600) == (times, count)


def test_a_wrong_time_stays_before_the_next_picture() -> None:
    assert stamps([0, 40, 9_000, 50, 90]) == ([0, 40, 49, 50, 90], 1)


def test_a_frame_that_is_held_keeps_its_time() -> None:
    times = [0, 40, 80, 1920, 1960, 5000, 9000, 9040]
    assert stamps(times) == (times, 0)


def test_frames_that_change_places_after_a_held_one_hold_it_still() -> None:
    assert stamps([0, 40, 5000, 4960, 5040, 5080]) == ([0, 40, 5000, 5001, 5040, 5080], 1)


def test_a_gap_beyond_the_limit_is_an_error() -> None:
    with pytest.raises(DecodeError, match="gap of 11 s"):
        stamps([0, 11_000], max_gap_s=10)


@given(st.lists(st.one_of(st.none(), st.integers(-(10**6), 10**6)), min_size=1, max_size=60))
def test_times_always_ascend(times: list[int | None]) -> None:
    found, repairs = stamps(times)
    assert all(b > a for a, b in pairwise(found))
    assert repairs <= len(times)
