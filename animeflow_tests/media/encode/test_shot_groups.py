from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from animeflow.errors import EncodeError
from animeflow.media.decode.reader import open_video, read_frame_index
from animeflow.media.encode.av1_videos import encode_to_table
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.group_plan import GroupPlan, plan_groups
from animeflow.media.encode.plan import EncodePlan, PlannedGroup, make_plan
from animeflow.media.encode.shot_groups import (
    can_seek,
    require_group,
    shot_groups,
    with_qualities,
    worker_count,
)
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.settings.media import Av1Settings, QualitySettings
from animeflow.tables.staging import Staging
from animeflow_tests.media.numbered import number_of, write_numbered

MS = Fraction(1, 1000)
CUTS = [9, 24, 27]


def pts_of(path: Path) -> list[int]:
    with open_video(path, purpose="test") as reader:
        return [frame.pts for frame in reader]


def numbers(path: Path) -> list[int]:
    with open_video(path, purpose="test") as reader:
        return [number_of(frame.gray()) for frame in reader]


def grouped(source: Path, pts: list[int]) -> EncodePlan:
    plan = make_plan(probe(source), cuts=CUTS, pts=pts, encoder=svt("draft"), threads=1)
    return with_qualities(plan, [(0, 9), (9, 24), (24, len(pts))], [30, 40, 50.25])


def test_shots_are_merged_until_a_group_is_long_enough() -> None:
    pts = list(range(0, 4000, 40))
    assert shot_groups(pts, [10, 30, 55, 90], MS, 1.0) == ((0, 30), (30, 55), (55, 100))
    assert shot_groups(pts, [], MS, 1.0) == ((0, 100),)
    assert shot_groups(pts, [50], MS, 100.0) == ((0, 100),)


def test_the_number_of_processes_is_as_asked_or_fits_the_machine() -> None:
    assert worker_count(3, (1280, 720)) == 3
    assert 1 <= worker_count(0, (1280, 720)) <= (os.cpu_count() or 1)
    assert worker_count(0, (160_000, 90_000)) == 1, "no machine has the memory for two"


def test_where_seeking_is_not_safe_there_are_no_groups(
    plain_mkv: Path, transport_stream: Path, avi: Path, truncated_mkv: Path
) -> None:
    assert can_seek(probe(plain_mkv), pts_of(plain_mkv))
    for path in (transport_stream, avi, truncated_mkv):
        assert not can_seek(probe(path), pts_of(path))
    assert not can_seek(probe(plain_mkv), pts_of(plain_mkv)[:-1])


@pytest.mark.parametrize(("refresh", "groups"), [("1", 1), ("0", 2)])
def test_intra_refresh_is_encoded_in_one_process(tmp_path: Path, refresh: str, groups: int) -> None:
    """Its packets are flagged as key frames, and a decoder that begins at one shows pictures much later."""
    words = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-x264-params")
    path = write_numbered(
        tmp_path / "x.mkv", 60, *words, f"intra-refresh={refresh}:keyint=24:bframes=0:scenecut=0"
    )
    pts = pts_of(path)
    plan = make_plan(probe(path), cuts=[31], pts=pts, encoder=svt("draft"))
    settings = Av1Settings(parallel="on", group_s=1)
    planned = plan_groups(plan, settings, cuts=[31], pts=pts, ffmpeg=ffmpeg_path())
    assert len(planned.groups) == groups
    encode_video(planned.plan, tmp_path / "out.mkv", cuts=[31], pts=pts)
    assert numbers(tmp_path / "out.mkv") == list(range(60))


@pytest.mark.parametrize("name", ["rich_mkv", "plain_mp4", "guessed_rate_mkv", "fast_mp4"])
def test_joined_groups_are_the_frames_and_times_of_one_encode(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(name)
    pts = pts_of(source)
    plan = grouped(source, pts)
    report = encode_video(plan, tmp_path / "groups.mkv", cuts=CUTS, pts=pts, workers=2)
    assert numbers(report.path) == numbers(source)
    encode_video(replace(plan, groups=()), tmp_path / "one.mkv", cuts=CUTS, pts=pts)
    ours, theirs = read_frame_index(report.path), read_frame_index(tmp_path / "one.mkv")
    assert ours is not None
    assert theirs is not None
    assert ours.pts.tolist() == theirs.pts.tolist()
    assert ours.key[[0, *CUTS]].all()


def test_joined_groups_of_varying_times_claim_their_average_rate(
    guessed_rate_mkv: Path, tmp_path: Path
) -> None:
    pts = pts_of(guessed_rate_mkv)
    report = encode_video(grouped(guessed_rate_mkv, pts), tmp_path / "groups.mkv", cuts=CUTS, pts=pts)
    video = probe(report.path).video
    assert video.claimed_rate == video.average_rate == pytest.approx(1000 * (len(pts) - 1) / pts[-1], 0.001)


def test_one_and_two_processes_give_the_same_bytes(plain_mkv: Path, tmp_path: Path) -> None:
    pts, digests = pts_of(plain_mkv), []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.mkv"
        encode_video(grouped(plain_mkv, pts), out, cuts=CUTS, pts=pts, workers=workers)
        digests.append(hashlib.sha256(out.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_a_group_that_lacks_a_frame_or_has_one_elsewhere_is_refused(plain_mkv: Path) -> None:
    pts = pts_of(plain_mkv)
    whole = PlannedGroup(0, len(pts), svt())
    require_group(plain_mkv, whole, pts, probe(plain_mkv).video.time_base)
    with pytest.raises(EncodeError, match="48 frames, not 49"):
        require_group(plain_mkv, replace(whole, end=49), [*pts, pts[-1] + 42], MS)
    moved = [*pts[:20], pts[20] + 5, *pts[21:]]
    with pytest.raises(EncodeError, match="frame 20"):
        require_group(plain_mkv, whole, moved, MS)


def test_a_quality_is_reached_group_by_group(plain_mkv: Path, tmp_path: Path) -> None:
    settings = Av1Settings.model_validate({
        "encoder": {"kind": "svt", "profile": "draft"},
        "group_s": 0.9,
        "quality": {"metric": "ssim", "target": 0.97, "tolerance": 0.01, "max_probes": 3},
    })  # fmt: skip
    table = encode_to_table(
        plain_mkv,
        video_id="0" * 16,
        pts=pts_of(plain_mkv),
        cuts=[24],
        staging=Staging.begin("av1_videos", "shard", tmp_path / "staging"),
        settings=settings,
        threads=1,
    )
    (row,) = table.to_pylist()
    groups = json.loads(row["groups_json"])
    assert [(g["start"], g["end"]) for g in groups] == [(0, 24), (24, 48)]
    assert all(1 <= len(g["probes"]) <= 3 for g in groups)
    assert row["crf_min"] == min(g["quality"] for g in groups) <= row["crf"] <= row["crf_max"]
    assert (row["groups"], row["quality_metric"], row["quality_target"]) == (2, "ssim", 0.97)
    assert row["quality_reached"] == all(g["value"] >= 0.96 for g in groups)


def test_the_table_holds_the_target_that_the_metric_has_of_its_own(plain_mkv: Path) -> None:
    plan = make_plan(probe(plain_mkv), cuts=[], pts=pts_of(plain_mkv), encoder=svt())
    asked = QualitySettings(metric="ssim")
    assert asked.target is None
    assert GroupPlan(plan, ((0, 48),), (), asked).columns()["quality_target"] == asked.goal
