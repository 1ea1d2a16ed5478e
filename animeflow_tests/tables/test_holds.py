import numpy as np
import pytest

from animeflow.tables.holds import drawn_frames, holds_of


def pattern(holds: list[int], majority: float = 0.6) -> str:
    held = np.array(holds) / 24
    return holds_of(held, held, majority=majority).pattern


@pytest.mark.parametrize(
    ("holds", "name"),
    [([30], "still"), ([1] * 9, "ones"), ([2, 2, 2, 1], "twos"), ([3, 3, 2], "threes"), ([4, 4], "longer"),
     ([4, 6, 9], "longer"), ([1, 2, 3, 4, 2], "mixed")],
)  # fmt: skip
def test_the_timing_of_drawings_has_a_name(holds: list[int], name: str) -> None:
    assert pattern(holds) == name


def test_a_share_that_is_the_majority_exactly_is_enough_wherever_it_lies() -> None:
    assert {pattern([1] * n + [2] * (n // 3)) for n in range(3, 300, 3)} == {"ones"}
    assert pattern([1] * 7 + [3], majority=0.7) == "ones"
    assert pattern([1] * 7 + [3], majority=0.71) == "mixed"


@pytest.mark.parametrize("rate", [24000 / 1001, 24, 25])
def test_at_the_rates_of_film_a_frame_is_a_24th(rate: float) -> None:
    assert drawn_frames(np.arange(1, 7) / rate).tolist() == [1, 2, 3, 4, 4, 4]


@pytest.mark.parametrize(
    ("rate", "frames", "lengths"),
    [(60, [1, 2, 3, 5, 7, 8, 10], [1, 1, 1, 2, 3, 3, 4]), (30, [1, 2, 3, 4], [1, 2, 2, 3]),
     (48, [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 2, 3, 3, 4, 4]), (12, [1, 2], [2, 4]), (1000, [1], [1])],
)  # fmt: skip
def test_at_other_rates_a_hold_is_the_nearest_number_of_24ths(
    rate: float, frames: list[int], lengths: list[int]
) -> None:
    assert drawn_frames(np.array(frames) / rate).tolist() == lengths


def test_shares_are_of_the_time_that_counts() -> None:
    holds = holds_of(np.array([2, 2, 6]) / 24, np.array([1, 2, 3]) / 24, majority=0.6)
    assert holds.shares == pytest.approx((0, 0.5, 0, 0.5))
    assert (holds.pattern, holds.drawings) == ("mixed", 3)
