from __future__ import annotations

import pytest

from animeflow.sample import demo
from animeflow.sample.plans import plan_of


@pytest.fixture
def short_plans(monkeypatch):
    plans = (plan_of([("still", 4, "cut"), ("pan", 4, "cut")]), plan_of([("landscape", 5, "cut")]))
    monkeypatch.setattr(demo, "DEMO_PLANS", plans)


def test_the_sample_is_two_folders_of_one_video_with_nothing_else_in_them(short_plans, tmp_path):
    sample = demo.draw_sample(tmp_path / "source", size=(64, 36))
    found = sorted(str(p.relative_to(sample.source)) for p in sample.source.rglob("*") if p.is_file())
    first, second = "第01話 Harbour Lights", "第02話 Paper Lanterns"
    assert found == [f"{first}/{first}.mkv", f"{second}/{second}.mkv"]
    assert sample.truth == tmp_path / "source.truth"
    first, second = sample.load()
    assert (first.frames, second.frames) == (8, 5) and first.seed != second.seed


def test_a_sample_that_is_there_is_not_drawn_again_unless_harmed_or_of_another_seed(short_plans, tmp_path):
    def draw(**more):
        return demo.draw_sample(tmp_path / "source", episodes=1, size=(64, 36), **more).drawn

    assert [draw(), draw(), draw(seed=1), draw(seed=1)] == [True, False, True, False]
    (video,) = (tmp_path / "source").rglob("*.mkv")
    video.write_bytes(b"cut short")
    assert draw(seed=1)
