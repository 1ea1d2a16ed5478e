import pytest

from animeflow.annotation.holds import hold_pattern


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
    holds = hold_pattern(drawings(*lengths), 0, 12, majority=0.7)
    assert holds.pattern == pattern
    assert sum(holds.shares) == pytest.approx(1)
    assert holds.drawings == len(lengths)


def test_a_drawing_cut_by_the_border_counts_with_its_whole_length():
    holds = hold_pattern(drawings(2, 2, 2, 2), 1, 7, majority=0.7)
    assert (holds.pattern, holds.shares) == ("twos", (0, 1, 0, 0))


def test_a_clip_inside_one_long_drawing_is_still():
    assert hold_pattern(drawings(50), 10, 20, majority=0.7).pattern == "still"


def test_frames_without_any_drawing_are_an_error():
    with pytest.raises(ValueError, match="no drawing covers"):
        hold_pattern(drawings(5), 10, 20, majority=0.7)
