"""The thirty episodes: what is in them before any is drawn."""

from __future__ import annotations

import itertools

from animeflow.sample import ACCURACY_PLANS, SHOT_KINDS, draw_episode
from benchmarks.shots_wide import EPISODES, HELD_KINDS, SHORT_FRAMES, labels_of, plan_of, style_of

PLANS = [plan_of(number, 1000 + number) for number in range(EPISODES)]


def test_every_kind_of_shot_and_transition_is_in_the_episodes():
    steps = [step for plan in PLANS for step in plan.steps]
    assert {step.kind for step in steps if step.frames > SHORT_FRAMES[1]} == set(SHOT_KINDS)
    assert {step.transition[0] for step in steps} == {"cut", "dissolve", "fade"}
    held = sum(step.frames for step in steps if step.kind in HELD_KINDS) * 1001 / 24000
    assert held > 180


def test_each_episode_has_one_run_of_nine_or_more_shots_of_4_to_8_frames():
    for plan in PLANS:
        runs = [
            len(list(group))
            for short, group in itertools.groupby(step.frames <= 8 for step in plan.steps)
            if short
        ]
        assert len(runs) == 1 and 9 <= runs[0] <= 13
        assert min(step.frames for step in plan.steps) >= 4


def test_no_style_is_one_that_thresholds_were_tuned_on_but_the_clean_one():
    tuned = {(plan.style.crf, plan.style.grain) for plan in ACCURACY_PLANS.values()}
    used = {(style_of(n)["crf"], style_of(n)["grain"]) for n in range(EPISODES)}
    assert not used & tuned
    assert len(used) == 16  # every crf with every grain


def test_the_same_number_and_seed_give_the_same_episode_and_other_seeds_another():
    assert plan_of(3, 77) == plan_of(3, 77)
    assert plan_of(3, 77).steps != plan_of(3, 78).steps


def test_labels_are_the_truth_of_the_drawn_episode(tmp_path):
    plan = [("landscape", 24, "cut"), ("still", 6, "cut"), ("tilt", 5, "cut"), ("lipflap", 24, "dissolve:6"),
            ("pan", 20, "cut")]  # fmt: skip
    truth = draw_episode(
        tmp_path / "a.mkv", seed=4, plan=plan, size=(160, 90), audio=False, subtitles=False, layers=False
    )
    labels = labels_of(truth)
    assert labels.cuts == ((24, 24), (30, 30), (35, 35))
    assert labels.transitions == ((53, 59, "dissolve"),)
    assert labels.held == ((0, 24), (35, 53))  # the still of six frames belongs to the fast run
    assert labels.fast == ((24, 36),)
