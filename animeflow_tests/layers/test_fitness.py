"""What a verdict becomes once the layers are put together."""

from __future__ import annotations

import pytest

from animeflow.layers.fitness import MIN_RECOMPOSED_DB, Verdict, Why, settled


@pytest.mark.parametrize("verdict", [Verdict.PLATE, Verdict.EFFECTS])
def test_a_sure_clip_whose_layers_do_not_give_the_frame_is_suspicious(verdict: Verdict) -> None:
    assert settled(verdict, Why.EXPLAINED, MIN_RECOMPOSED_DB - 0.1, 0.0) == (Verdict.SUSPICIOUS, Why.FAR)
    assert settled(verdict, Why.LIGHT, MIN_RECOMPOSED_DB, 0.5) == (verdict, Why.LIGHT)


@pytest.mark.parametrize(
    ("verdict", "why"),
    [(Verdict.SUSPICIOUS, Why.PARTLY), (Verdict.NONE, Why.MOVES), (Verdict.NONE, Why.COVERED)],
)
def test_a_clip_that_was_not_sure_keeps_its_reason(verdict: Verdict, why: Why) -> None:
    assert settled(verdict, why, 10.0, 1.0) == (verdict, why)


@pytest.mark.parametrize("verdict", [Verdict.PLATE, Verdict.EFFECTS])
def test_light_that_has_lines_in_most_drawings_makes_a_clip_suspicious(verdict: Verdict) -> None:
    assert settled(verdict, Why.LIGHT, 40.0, 0.6) == (Verdict.SUSPICIOUS, Why.LINES)
    assert settled(Verdict.EFFECTS, Why.SMOKE, 40.0, 1.0) == (Verdict.EFFECTS, Why.SMOKE)
