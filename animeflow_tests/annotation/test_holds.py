import numpy as np
import pytest

from animeflow.annotation.holds import hold_pattern

FILM = np.arange(100) / 24


def drawings(*lengths: int) -> list[dict]:
    found, at = [], 0
    for length in lengths:
        found.append({"start": at, "end": at + length})
        at += length
    return found


@pytest.mark.parametrize(
    ("lengths", "pattern"),
    [
        ([1] * 12, "ones"),
        ([2] * 6, "twos"),
        ([3] * 4, "threes"),
        ([6, 6], "longer"),
        ([1, 2, 1, 2, 3, 3], "mixed"),
        ([2, 2, 2, 2, 1, 3], "mixed"),
        ([2, 2, 2, 2, 2, 1, 1], "twos"),
        ([12], "still"),
    ],
)
def test_the_pattern_is_the_length_that_most_frames_are_held_for(lengths, pattern):
    holds = hold_pattern(drawings(*lengths), FILM, 0, 12, majority=0.7)
    assert holds.pattern == pattern
    assert sum(holds.shares) == pytest.approx(1)
    assert holds.drawings == len(lengths)


def test_a_drawing_cut_by_the_border_counts_with_its_whole_length():
    holds = hold_pattern(drawings(2, 2, 2, 2), FILM, 1, 7, majority=0.7)
    assert (holds.pattern, holds.shares) == ("twos", (0, 1, 0, 0))


def test_a_clip_inside_one_long_drawing_is_still():
    assert hold_pattern(drawings(50), FILM, 10, 20, majority=0.7).pattern == "still"


def test_frames_without_any_drawing_are_an_error():
    with pytest.raises(ValueError, match="no drawing covers"):
        hold_pattern(drawings(5), FILM, 10, 20, majority=0.7)


@pytest.mark.parametrize(
    ("rate", "lengths", "pattern"),
    [(60, [2, 3] * 6, "ones"), (60, [5] * 6, "twos"), (60, [1] * 30, "ones"), (30, [2, 3] * 6, "twos")],
)
def test_holds_are_told_by_time_whatever_the_rate_of_the_file(rate, lengths, pattern):
    holds = hold_pattern(drawings(*lengths), np.arange(100) / rate, 0, 30, majority=0.7)
    assert (holds.pattern, holds.drawings, max(holds.shares)) == (pattern, len(lengths), 1)


def test_a_long_frame_counts_with_its_time():
    times = np.cumsum([0, 1, 1, 1, 1, 6, 6]) / 24
    holds = hold_pattern(drawings(*[1] * 6), times, 0, 6, majority=0.7)
    assert (holds.pattern, holds.shares) == ("longer", pytest.approx((0.25, 0, 0, 0.75)))
