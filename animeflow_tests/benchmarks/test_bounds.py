from benchmarks.accuracy import seeds_of, summarise
from benchmarks.bounds import Bound, judge

ROWS = [{"kind": "pan", "method": "ours", "measure": "iou", "value": value} for value in (0.9, 0.8, 0.95)] + [
    {"kind": "pan", "method": "peer", "measure": "iou", "value": 0.91}
]
VALUES = summarise([*ROWS, {"kind": "pan", "method": "ours", "measure": "iou", "value": None}])


def holds(**kwargs) -> bool:
    bound = Bound("iou", "ours", ("pan",), least=True, **{"limit": 0.85, **kwargs})
    return judge(VALUES, [bound])[0].holds


def test_a_bound_is_held_against_the_median_or_the_worst_seed():
    assert holds()
    assert not holds(over="worst")
    assert not holds(limit=0.91)


def test_a_bound_beside_baselines_allows_a_margin_to_the_best_of_them():
    assert holds(limit=0.02, not_below=("peer",))
    assert not holds(limit=0.005, not_below=("peer",))


def test_what_was_not_measured_is_missed():
    verdict = judge(VALUES, [Bound("iou", "ours", ("zoom",), least=True, limit=0.0)])[0]
    assert verdict.missed


def test_a_missed_goal_does_not_fail_and_says_why():
    verdict = judge(VALUES, [Bound("iou", "ours", ("pan",), True, 0.99, goal=True, reason="thin hair")])[0]
    assert not verdict.missed
    assert (verdict.row()["state"], verdict.row()["reason"]) == ("red (goal)", "thin hair")


def test_seeds_follow_from_the_commit_and_differ_between_commits():
    assert seeds_of("abc", 10) == seeds_of("abc", 10)
    assert len(set(seeds_of("abc", 10))) == 10
    assert seeds_of("abc", 10) != seeds_of("abd", 10)
