"""How detected shots are counted against labels."""

from __future__ import annotations

import pytest

from animeflow.shots.cuts import Cut, Shots, gradual
from benchmarks.bounds import judge
from benchmarks.shot_table import (
    METHODS,
    OURS,
    Counts,
    Labels,
    best_in_every_column,
    columns,
    count,
    pooled,
    values,
)


def shots(*hard: int, soft: tuple[tuple[int, int, str], ...] = ()) -> Shots:
    cuts = [Cut(frame, "hard", 1.0) for frame in hard]
    cuts += [gradual(start, end, kind, 1.0) for start, end, kind in soft]
    return Shots(400, tuple(sorted(cuts, key=lambda cut: cut.frame)))


def labels(**more) -> Labels:
    return Labels(400, 0.05, **{"cuts": ((50, 50), (100, 102)), **more})


def test_a_cut_is_right_at_its_frame_alone_or_inside_its_blur():
    found = count(shots(51, 101), labels())
    assert (found.right, found.false, found.missed) == (1, 1, 1)
    assert (found.false_at, found.missed_at) == ((":51",), (":50",))


def test_a_second_cut_inside_one_blur_is_false():
    found = count(shots(50, 100, 102), labels())
    assert (found.right, found.false, found.missed) == (2, 1, 0)


def test_what_nobody_can_tell_counts_for_nothing():
    found = count(shots(50, 100, 205), labels(unjudged=((200, 210),), held=((150, 300),)))
    assert (found.right, found.false, found.held_false) == (2, 0, 0)


def test_a_transition_is_right_by_kind_and_overlap_and_a_hard_cut_in_it_counts_for_nothing():
    truth = labels(transitions=((300, 320, "dissolve"),))
    right = count(shots(50, 100, soft=((302, 318, "dissolve"),)), truth)
    assert (right.soft_right, right.soft_false, right.soft_missed) == (1, 0, 0)
    fade = count(shots(50, 100, soft=((302, 318, "fade"),)), truth)
    assert (fade.soft_right, fade.soft_false, fade.soft_missed) == (0, 1, 1)
    hard = count(shots(50, 100, 310), truth)
    assert (hard.false, hard.soft_missed) == (0, 1)


def test_false_cuts_of_any_sort_inside_held_shots_are_counted_by_the_minute():
    truth = labels(held=((50, 90), (110, 200)))
    found = count(shots(50, 60, 100, soft=((150, 160, "dissolve"),)), truth)
    assert found.held_false == 2
    assert found.held_s == pytest.approx(130 * 0.05)
    assert columns(found)["false cuts per minute"] == pytest.approx(2 * 60 / 6.5)


def test_fast_edits_have_an_f1_of_their_own():
    found = count(shots(50, 105), labels(fast=((90, 120),)))
    assert (found.fast_right, found.fast_false, found.fast_missed) == (0, 1, 1)
    assert columns(count(shots(50, 101), labels()))["fast edits, hard F1"] is None


def test_counts_add_and_come_back_from_json():
    one = count(shots(51), labels(), name="a")
    total = pooled([dict.fromkeys(METHODS, one)] * 2)[OURS]
    assert (total.false, total.missed, total.false_at) == (2, 4, ("a:51", "a:51"))
    assert Counts.of({**one.plain(), "false_at": list(one.false_at)}) == one


@pytest.mark.parametrize(("false", "missed"), [(0, 0), (1, 2)])
def test_fused_may_be_as_good_as_the_best_and_must_not_be_worse_in_any_column(false, missed):
    good = Counts(right=9, false=1, missed=1, soft_right=1, fast_right=3, held_s=60.0)
    ours = Counts(
        right=9, false=1, missed=1 + missed, soft_right=1, fast_right=3, held_false=false, held_s=60.0
    )
    verdicts = judge(
        values("drawn", dict.fromkeys(METHODS, good) | {OURS: ours}), best_in_every_column("drawn")
    )
    lost = {verdict.bound.measure for verdict in verdicts if verdict.missed}
    assert lost == ({"hard F1", "false cuts per minute"} if missed else set())
