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


def test_episodes_drawn_at_once_are_those_drawn_one_after_the_other(short_plans, tmp_path, monkeypatch):
    def drawn(name, cores):
        monkeypatch.setattr(demo.os, "cpu_count", lambda: cores)
        sample = demo.draw_sample(tmp_path / name, size=(64, 36))
        files = [
            p for folder in (sample.source, sample.truth) for p in sorted(folder.rglob("*")) if p.is_file()
        ]
        return {str(p.relative_to(tmp_path)).partition("/")[2]: p.read_bytes() for p in files}

    alone, together = drawn("alone", 1), drawn("together", 2)
    assert len(alone) > 4 and alone == together


def test_what_may_be_done_meanwhile_is_done_once_while_other_processes_draw(
    short_plans, tmp_path, monkeypatch
):
    calls = []

    def draw():
        demo.draw_sample(tmp_path / "s", size=(64, 36), meanwhile=lambda: calls.append(stamped()))

    def stamped():
        return (tmp_path / "s.truth" / "drawn.json").exists()

    monkeypatch.setattr(demo.os, "cpu_count", lambda: 2)
    draw()
    draw()  # there already
    assert calls == [False]


def test_an_episode_that_cannot_be_drawn_is_told_and_nothing_counts_as_drawn(
    short_plans, tmp_path, monkeypatch
):
    monkeypatch.setattr(demo.os, "cpu_count", lambda: 2)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "第02話 Paper Lanterns").write_text("in the way")
    with pytest.raises(FileExistsError):
        demo.draw_sample(tmp_path / "source", size=(64, 36))
    assert not (tmp_path / "source.truth" / "drawn.json").exists()
