from __future__ import annotations

import pytest

from animeflow.errors import SettingsError
from animeflow.sample import ACCURACY_PLANS, DEMO_PLANS, FAST_EDIT, SHOT_KINDS, Plan, Step
from animeflow.sample.plans import plan_of


def test_the_plans_cover_every_kind_of_shot_and_every_transition():
    steps = [step for plan in (*ACCURACY_PLANS.values(), FAST_EDIT) for step in plan.steps]
    assert {step.kind for step in steps} == set(SHOT_KINDS)
    assert {step.transition[0] for step in steps} == {"cut", "dissolve", "fade"}


def test_the_accuracy_plans_last_40_to_60_seconds_and_half_of_them_are_grainy():
    seconds = [plan.frames * 1001 / 24000 for plan in ACCURACY_PLANS.values()]
    assert all(40 <= s <= 60 for s in seconds)
    assert sorted(plan.style.grain > 0 for plan in ACCURACY_PLANS.values()) == [False, False, True, True]


def test_the_fast_edit_is_shots_of_4_to_8_frames_in_cuts_alone():
    short = [step.frames for step in FAST_EDIT.steps if step.frames < 30]
    assert len(short) >= 12 and min(short) == 4 and max(short) == 8
    assert {step.transition for step in FAST_EDIT.steps} == {("cut", 0)}


def test_the_demo_episodes_last_about_twelve_seconds():
    assert [11.5 < plan.frames * 1001 / 24000 < 13 for plan in DEMO_PLANS] == [True, True]


def test_a_transition_has_a_length_of_its_own_or_the_usual_one():
    assert Step("pan", 40, "dissolve:7").transition == ("dissolve", 7)
    assert Step("pan", 40, "fade").transition == ("fade", 10)
    assert Step("pan", 40).transition == ("cut", 0)


@pytest.mark.parametrize(
    "step", [("pan", 40, "wipe"), ("dance", 40, "cut"), ("pan", 5, "dissolve:9"), ("pan", 40, "fade:x")]
)
def test_steps_that_cannot_be_drawn_are_refused(step):
    with pytest.raises(SettingsError):
        Step(*step)


def test_a_shot_must_be_longer_than_its_two_transitions():
    with pytest.raises(SettingsError, match="too short"):
        plan_of([("pan", 30, "dissolve:10"), ("still", 18, "fade:8"), ("still", 20, "cut")])
    with pytest.raises(SettingsError, match="at least one"):
        Plan(())


def test_a_dissolve_shortens_the_episode_and_a_fade_does_not():
    assert plan_of([("pan", 30, "dissolve:10"), ("still", 30, "cut")]).frames == 50
    assert plan_of([("pan", 30, "fade:10"), ("still", 30, "cut")]).frames == 60
