import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from animeflow.measures.sampling import Pair, motion_pairs, spread
from animeflow.settings.measures import SamplingSettings

TIMES = np.arange(1000) * 1001 / 24000
SETTINGS = SamplingSettings(motion_pairs=3, motion_step_s=0.5)


def clip(start, end):
    return {"start": start, "end": end}


def test_a_pair_never_compares_a_drawing_with_its_own_repetition():
    starts = list(range(0, 96, 3))
    pairs = motion_pairs(clip(0, 96), TIMES, starts, SETTINGS)
    assert all(p.first in starts and p.second in starts and p.first < p.second for p in pairs)
    assert all(abs(TIMES[p.second] - TIMES[p.first] - 0.5) < 0.13 for p in pairs)


def test_a_clip_of_one_drawing_has_no_pair():
    assert motion_pairs(clip(10, 60), TIMES, [10], SETTINGS) == []


def test_a_clip_shorter_than_the_step_uses_what_it_has():
    assert motion_pairs(clip(0, 6), TIMES, [0, 2, 4], SETTINGS) == [Pair(0, 4)]


def test_a_drawing_that_began_before_the_clip_counts_from_its_first_frame():
    assert motion_pairs(clip(5, 60), TIMES, [3, 20], SETTINGS) == [Pair(5, 20)]


@given(st.integers(0, 500), st.integers(1, 400), st.integers(1, 40), st.integers(1, 5))
def test_pairs_lie_inside_the_clip_and_ascend(start, length, count, hold):
    settings = SamplingSettings(motion_pairs=count)
    pairs = motion_pairs(clip(start, start + length), TIMES, list(range(0, 1000, hold)), settings)
    assert all(start <= p.first < p.second < start + length for p in pairs)
    assert pairs == sorted(set(pairs), key=lambda p: p.first)


@given(st.integers(0, 500), st.integers(1, 400), st.integers(1, 64))
def test_spread_frames_lie_inside_the_clip(start, length, count):
    frames = spread(clip(start, start + length), count)
    assert frames[0] == start
    assert frames[-1] < start + length
    assert len(frames) == min(count, length)
