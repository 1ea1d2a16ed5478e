from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.tables.frames import frame_times, known_by_pts
from animeflow_tests.shots.made import signals

MS = Fraction(1, 1000)


def times(pts: Sequence[int], time_base: Fraction) -> np.ndarray:
    return frame_times(signals(len(pts), pts=pts, time_base=time_base))


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(60000, 1001)])
@pytest.mark.parametrize("first", [0, 83])
def test_stamps_of_a_constant_rate_are_evened(rate: Fraction, first: int) -> None:
    found = times([first + round(1000 * n / rate) for n in range(2000)], MS)
    assert len(found) == 2001
    assert found[0] == 0
    assert np.ptp(np.diff(found)) < 1e-9
    assert found[-1] == pytest.approx(float(2000 / rate), abs=0.002)


def test_stamps_that_two_files_have_rounded_are_evened() -> None:
    once = [round(n * 1001 / 24) for n in range(500)]
    twice = [round(stamp + 0.5) for stamp in once]  # each to the even number beside it
    assert set(np.diff(twice).tolist()) == {40, 42}
    assert np.ptp(np.diff(times(twice, MS))) < 1e-9


def test_times_of_a_varying_rate_are_the_stamps_and_the_last_frame_lasts_as_the_median_one() -> None:
    assert times([100, 101, 103, 105, 109], Fraction(1, 24)) * 24 == pytest.approx([0, 1, 3, 5, 9, 11])
    assert times([0, 1, 3, 4, 6, 7], Fraction(1, 24))[:4] * 24 == pytest.approx([0, 1, 3, 4])


def test_one_frame_lasts_a_tick_and_none_has_no_times() -> None:
    assert times([7], MS).tolist() == [0, 0.001]
    with pytest.raises(ContractError, match="empty"):
        times([], MS)


@pytest.mark.parametrize(("wrong", "known"), [(None, True), ("corrupt", False), ("retimed", False)])
def test_frames_are_known_by_their_pts_where_nothing_is_damaged_or_made(
    wrong: str | None, known: bool
) -> None:
    columns = {} if wrong is None else {wrong: np.arange(9) == 4}
    assert known_by_pts(signals(9, **columns)) == known
