from __future__ import annotations

import shutil

import numpy as np
import pytest

from animeflow.report.page import render
from animeflow.report.pictures import Budget
from animeflow.report.shard import ShardData
from animeflow.report.timeline import AXIS, Clock, VideoTimeline, _add_shots, timelines
from animeflow.settings.load import load
from animeflow.tables.workspace import Workspace
from animeflow_tests.report.shard_writer import RATE, SHARD


@pytest.fixture(scope="module")
def line(finished_workspace) -> VideoTimeline:  # type: ignore[no-untyped-def]
    (found,) = timelines(ShardData(finished_workspace, SHARD), Budget(10_000_000))
    return found


def test_positions_follow_the_time_stamps_of_a_variable_rate() -> None:
    clock = Clock(np.array([0, 1, 2, 3]), np.array([0.0, 1.0, 1.5, 4.0]))
    assert clock.total == 4.0
    assert clock.share(2) == 37.5
    assert clock.at(2.5) == 2.75


def test_a_video_without_length_has_no_positions() -> None:
    assert Clock(np.array([0, 1]), np.array([0.0, 0.0])).share(1) == 0.0


def test_shots_cover_the_axis_without_gap_or_overlap(line: VideoTimeline) -> None:
    assert line.shots[0].left == 0
    for before, after in zip(line.shots, line.shots[1:], strict=False):
        assert before.left + before.width == pytest.approx(after.left)
    assert line.shots[-1].left + line.shots[-1].width == pytest.approx(100, abs=0.3)


def test_a_transition_is_a_band_and_its_shot_does_not_begin_with_a_hard_cut(line: VideoTimeline) -> None:
    soft = [band for band in line.shots if band.kind == "dissolve"]
    assert len(line.transitions) == len(soft) > 0
    for band, shot in zip(line.transitions, soft, strict=True):
        assert band.left < shot.left < band.left + band.width


def test_the_fades_of_a_video_are_bands_at_its_ends() -> None:
    line = VideoTimeline("0" * 16, "a.mkv", [], Clock(np.arange(101), np.arange(101.0)))
    row = {
        "shot": 0,
        "start": 0,
        "end": 100,
        "cut_kind": "start",
        "transition_start": 0,
        "transition_end": 12,
    }
    _add_shots(line, [row | {"end_transition_start": 90, "end_transition_end": 100}], lambda _: None)
    assert [(band.left, band.width, band.kind) for band in line.transitions] == [
        (0, 12, "fade"),
        (90, 10, "fade"),
    ]


def test_clips_carry_their_decision_and_its_reason(line: VideoTimeline) -> None:
    assert {band.kind for band in line.clips} == {"kept", "dropped"}
    assert any("max_flashes" in band.label for band in line.clips if band.kind == "dropped")


def test_speech_stands_on_the_clock_of_the_picture(line: VideoTimeline) -> None:
    # The first frame stands at 0.083 s of the container, speech from 0.2 to 0.8 s.
    first = line.voice[0]
    assert first.left == pytest.approx(100 * (0.2 - 0.083) / line.clock.total, abs=0.01)
    assert first.width == pytest.approx(100 * 0.6 / line.clock.total, abs=0.01)


def test_length_is_that_of_the_frames_and_not_the_container_s_claim(line: VideoTimeline) -> None:
    frames = int(line.clock.frames[-1])
    assert line.clock.total == pytest.approx(frames / RATE, abs=0.002)


def test_a_tick_stands_where_each_drawing_begins(line: VideoTimeline) -> None:
    assert line.drawings_path.count("M") == line.drawings_count
    assert line.drawings_path.startswith("M0.0 ")


def test_the_curve_ends_at_both_ends_of_the_axis(line: VideoTimeline) -> None:
    assert line.curve_path.startswith("M") and line.curve_path.endswith("Z")
    assert float(line.curve_path.rpartition("L")[2].split()[0]) <= AXIS
    assert line.network_path


def test_key_frames_beyond_the_budget_are_left_out(data: ShardData) -> None:
    budget = Budget(1)
    (line,) = timelines(data, budget)
    assert sum(band.picture is not None for band in line.shots) == 1
    assert line.no_pictures == ""


def test_a_shard_without_key_frames_says_why_there_is_no_picture(own_workspace: Workspace) -> None:
    shutil.rmtree(own_workspace.asset_dir(SHARD, "key_frames"))
    (line,) = timelines(ShardData(own_workspace, SHARD), Budget(10_000_000))
    assert line.shots and line.no_pictures == "not materialised"
    html = render(ShardData(own_workspace, SHARD), load(environment={}))
    lane = html[html.index('class="lane film"') : html.index('class="lane cuts"')]
    assert "<em>none: not materialised</em>" in lane and "<img" not in lane
    assert lane.count('class="bare"') == len(line.shots)
