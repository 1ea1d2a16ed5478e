from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animeflow.settings.shots import ClipSettings
from animeflow.shots.clips import clips_of_shot, cut_clips, windows_of
from animeflow.shots.cuts import Cut, Shots, gradual
from animeflow_tests.shots.made import VIDEO, signals


def clips(shots: Shots, settings: ClipSettings, **more: object) -> list[dict]:
    return cut_clips(signals(shots.frames, **more), shots, settings, video_id=VIDEO).to_pylist()  # type: ignore[arg-type]


def spans(rows: list[dict]) -> list[tuple[int, int]]:
    return [(row["start"], row["end"]) for row in rows]


def test_a_clip_leaves_the_transitions_of_its_shot_out() -> None:
    shots = Shots(120, (gradual(30, 41, "dissolve", 1.0), Cut(80, "hard", 1.0)))
    rows = clips(shots, ClipSettings(min_s=0.1))
    assert spans(rows) == [(0, 30), (41, 80), (80, 120)]
    assert [(row["trimmed_start"], row["trimmed_end"]) for row in rows] == [(0, 5), (6, 0), (0, 0)]
    assert rows[1]["shot"] == 1
    assert rows[1]["clip_id"] == f"{VIDEO}-0000041-0000080"


def test_a_clip_leaves_the_fades_of_the_video_out() -> None:
    shots = Shots(120, (Cut(60, "hard", 1.0),), (0, 14), (100, 120))
    assert spans(clips(shots, ClipSettings(min_s=0.1))) == [(14, 60), (60, 100)]
    assert spans(clips(Shots(60, (), (0, 14), (30, 60)), ClipSettings(min_s=0.1))) == [(14, 30)]


def test_a_shot_that_is_nothing_but_transitions_gives_no_clip() -> None:
    shots = Shots(60, (gradual(10, 30, "fade", 1.0), gradual(30, 50, "fade", 1.0)))
    assert spans(clips(shots, ClipSettings(min_s=0.0))) == [(0, 10), (50, 60)]


def test_what_is_too_short_gives_no_clip() -> None:
    shots = Shots(60, (Cut(11, "hard", 1.0), Cut(23, "hard", 1.0)))
    assert spans(clips(shots, ClipSettings(min_s=0.5))) == [(11, 23), (23, 60)]


def test_a_long_shot_is_split_into_equal_parts() -> None:
    rows = clips(Shots(240, ()), ClipSettings(min_s=0.5, max_s=4))
    assert spans(rows) == [(0, 80), (80, 160), (160, 240)]
    assert all(row["duration_s"] <= 4 for row in rows)


def test_a_margin_is_left_out_at_both_ends() -> None:
    shots = Shots(60, (Cut(30, "hard", 1.0),))
    assert spans(clips(shots, ClipSettings(margin_frames=2, min_s=0.1))) == [(2, 28), (32, 58)]


def test_length_is_time_and_not_a_number_of_frames() -> None:
    # 20 frames at 24 per second, then 20 at 3 per second: 0.83 s and 6.67 s.
    pts = [*range(20), *range(20, 180, 8)]
    rows = clips(Shots(40, (Cut(20, "hard", 1.0),)), ClipSettings(min_s=1, max_s=4), pts=pts)
    assert spans(rows) == [(20, 30), (30, 40)]
    assert rows[0]["duration_s"] == pytest.approx(80 / 24)


def test_times_are_exact_in_the_time_base_of_the_stream() -> None:
    pts = [round(n * 1001 / 24) for n in range(48)]
    (row,) = clips(Shots(48, ()), ClipSettings(), pts=pts, time_base=Fraction(1, 1000))
    assert (row["start_pts"], row["end_pts"]) == (0, pts[-1] + 42)
    assert (row["time_base_num"], row["time_base_den"]) == (1, 1000)


def test_a_limit_that_a_split_could_break_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        ClipSettings(min_s=3, max_s=5)


@pytest.mark.parametrize(
    ("frames", "starts"), [(120, []), (121, [0]), (180, [0]), (181, [0, 60]), (241, [0, 60, 120])]
)
def test_windows_lie_whole_inside_a_clip(frames: int, starts: list[int]) -> None:
    assert windows_of((0, frames), 121, 60) == starts
    assert windows_of((1000, 1000 + frames), 121, 60) == [1000 + start for start in starts]
    (row,) = clips(Shots(frames, ()), ClipSettings())
    assert (row["windows"], row["window_frames"]) == (starts, 121)
    assert row["clip_id"] == f"{VIDEO}-0000000-{frames:07d}"


def test_windows_count_from_the_clip_and_not_from_the_shot() -> None:
    shots = Shots(400, (gradual(100, 121, "dissolve", 1.0),))
    rows = clips(shots, ClipSettings(window_frames=81, window_stride_frames=40))
    assert [row["windows"] for row in rows] == [[0], [121, 161, 201, 241, 281]]


def test_without_windows_the_columns_are_null() -> None:
    (row,) = clips(Shots(200, ()), ClipSettings(window_frames=0))
    assert (row["windows"], row["window_frames"]) == (None, None)


def test_a_frame_longer_than_the_longest_clip_is_one_of_its_own() -> None:
    """A title card of 25 s that a varying rate stores as one frame, in a shot that moves before and after it."""
    stamps = np.cumsum([0, *[42] * 24, 25_000, *[42] * 24])
    spans = list(clips_of_shot((0, 49), stamps, Fraction(1, 1000), ClipSettings(min_s=0.5, max_s=20)))
    assert spans == [(0, 24), (24, 25), (25, 49)]


@settings(deadline=2000)  # it took minutes: parts were added until there was one for each frame
@given(
    steps=st.lists(st.sampled_from([42, 42, 42, 500, 15_000, 25_000]), min_size=1, max_size=3000),
    max_s=st.sampled_from([4, 20]),
)
def test_no_part_is_too_long_or_too_short_and_none_overlaps(steps: list[int], max_s: int) -> None:
    stamps = np.cumsum([0, *steps])
    limits = ClipSettings(min_s=0.5, max_s=max_s)
    found = list(clips_of_shot((0, len(steps)), stamps, Fraction(1, 1000), limits))
    assert found == sorted(found)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))
    for start, end in found:
        took = (stamps[end] - stamps[start]) / 1000
        assert limits.min_s <= took
        assert took <= max_s or end - start == 1
    left_out = set(range(len(steps))) - {n for start, end in found for n in range(start, end)}
    assert all(steps[n] < 500 for n in left_out)
