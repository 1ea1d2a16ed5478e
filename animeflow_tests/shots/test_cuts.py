from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import ContractError
from animeflow.shots.cuts import Cut, Shots, gradual
from animeflow_tests.shots.made import VIDEO, signals

SHOTS = Shots(60, (Cut(10, "hard", 0.9), gradual(20, 31, "dissolve", 0.8), gradual(40, 44, "fade", 1.0)))


@given(st.sets(st.integers(1, 99)), st.integers(100, 200))
def test_shots_cover_every_frame_once(frames: set[int], length: int) -> None:
    shots = Shots(length, tuple(Cut(frame, "hard", 1.0) for frame in sorted(frames)))
    assert [frame for start, end in shots.ranges for frame in range(start, end)] == list(range(length))


def test_a_transition_is_split_at_its_middle() -> None:
    assert SHOTS.ranges == [(0, 10), (10, 25), (25, 42), (42, 60)]


def test_the_table_holds_what_detection_found() -> None:
    table = SHOTS.table(VIDEO, signals(60, pts=range(0, 6000, 100)))
    rows = table.to_pylist()
    assert [row["cut_kind"] for row in rows] == ["start", "hard", "dissolve", "fade"]
    assert rows[2]["transition_start"], rows[2]["transition_end"] == (20, 31)
    assert rows[0]["score"] is None
    assert [(row["start_pts"], row["end_pts"]) for row in rows[-1:]] == [(4200, 6000)]
    again = Shots.of_rows(rows)
    assert again.ranges == SHOTS.ranges
    assert again.transitions == SHOTS.transitions
    assert again.fade_in is None
    assert again.fade_out is None


def test_the_fades_of_a_video_survive_the_table() -> None:
    faded = Shots(60, SHOTS.cuts, (0, 6), (50, 60))
    rows = faded.table(VIDEO, signals(60)).to_pylist()
    assert (rows[0]["cut_kind"], rows[0]["transition_start"], rows[0]["transition_end"]) == ("start", 0, 6)
    assert [row["end_transition_start"] for row in rows] == [None, None, None, 50]
    assert Shots.of_rows(rows).left_out == [(0, 6), (20, 31), (40, 44), (50, 60)]
    older = [{key: value for key, value in row.items() if not key.startswith("end_tr")} for row in rows]
    assert Shots.of_rows(older).fade_out is None


@pytest.mark.parametrize(
    ("into", "out"), [((2, 6), None), (None, (50, 59)), ((0, 12), None), (None, (43, 60)), ((0, 0), None)]
)
def test_a_fade_that_is_not_at_its_end_or_holds_a_cut_is_refused(
    into: tuple | None, out: tuple | None
) -> None:
    with pytest.raises(ContractError):
        Shots(60, SHOTS.cuts, into, out)


def test_programs_get_hard_cuts_and_transitions_apart() -> None:
    plain = SHOTS.plain()
    assert plain["cuts"] == [10]
    assert plain["transitions"][1] == {"start": 40, "end": 44, "kind": "fade"}
    faded = Shots(60, SHOTS.cuts, (0, 6)).plain()
    assert faded["transitions"] == [{"start": 0, "end": 6, "kind": "fade_in"}, *plain["transitions"]]
    assert plain["shots"][0] == {"start": 0, "end": 10}


def test_a_video_without_frames_has_no_shots() -> None:
    assert Shots(0, ()).ranges == []


@pytest.mark.parametrize(
    "cuts",
    [
        (Cut(0, "hard", 1.0),),
        (Cut(60, "hard", 1.0),),
        (Cut(30, "hard", 1.0), Cut(30, "hard", 1.0)),
        (gradual(10, 20, "fade", 1.0), gradual(18, 30, "fade", 1.0)),
    ],
)
def test_cuts_that_make_no_shots_are_refused(cuts: tuple[Cut, ...]) -> None:
    with pytest.raises(ContractError):
        Shots(60, cuts)


@pytest.mark.parametrize(
    "values",
    [(5, "hard", 1.0, (3, 8)), (5, "fade", 1.0, None), (9, "fade", 1.0, (3, 8)), (5, "hard", 1.5, None)],
)
def test_a_cut_that_contradicts_itself_is_refused(values: tuple) -> None:
    with pytest.raises(ContractError):
        Cut(*values)
