"""What `status` says of failures, on workspaces that are written by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from animeflow.cli.status import null_because
from animeflow.cli.summary import failure_lines, file_remarks
from animeflow.defs.checks.recount import every_shard_is_whole
from animeflow.defs.staleness import StageState
from animeflow.report import build_report
from animeflow.report.shard import ShardData
from animeflow.report.summary import _restored
from animeflow.tables import failed_videos
from animeflow.tables.ids import shard_key
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Reason, State, Status
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call

SHARD = "episodes-0a1b2c3d"
GOOD = Status("good.mkv", "0123456789abcdef")
BROKEN = Status("broken.mkv", None, State.FAILED, Reason.NOT_MEDIA, message="no container is recognised")
CARRIED = Status("broken.mkv", None, State.SKIPPED, Reason.UPSTREAM, message="shard_files: not_media")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One shard whose source has a broken file."""
    found = Workspace(tmp_path / "workspace")
    for name, status in (("shard_files", BROKEN), ("clips", CARRIED)):
        staged = Staged(found.staging(SHARD, name), [GOOD, status], "digest", {})
        finalise(staged, found.asset_dir(SHARD, name))
    (found.root / "settings.yaml").write_text("profile: embedded\n")
    return found


def test_every_failed_video_is_named_under_its_stage(animeflow: Call, workspace: Workspace) -> None:
    lines = animeflow("status", "--shards", SHARD).out.splitlines()
    where = next(number for number, line in enumerate(lines) if line.startswith("  shard_files "))
    assert lines[where + 1].strip() == "'broken.mkv': not_media: no container is recognised"
    assert sum("broken.mkv" in line for line in lines) == 1, "what is carried as skipped did not fail there"


def test_restored_and_left_out_files_are_named_though_nothing_failed(
    animeflow: Call, workspace: Workspace
) -> None:
    copy = Status(
        "copy.mkv", GOOD.video_id, State.SKIPPED, Reason.DUPLICATE, message="has the bytes of 'good.mkv'"
    )
    bare = Status(
        "bare.h264", None, State.SKIPPED, Reason.NOT_MEDIA, message="holds H.264 without a container"
    )
    film = {"path": "good.mkv", "usable": True, "scan": "interlaced", "frames": 90, "size_bytes": 9}
    film |= {"restored": "setfield=tff,bwdif=mode=send_frame", "restored_from_frames": 90}
    staged = Staged(workspace.staging(SHARD, "shard_files"), [GOOD, copy, bare], "digest", {})
    tv = film | {"path": "tv.mkv", "scan": "telecine_hard", "restored": None, "restored_from_frames": None}
    staged.staging.write_table("shard_files", TABLES["shard_files"].table([film, tv]), provenance={})
    finalise(staged, workspace.asset_dir(SHARD, "shard_files"))
    restored = "'good.mkv' was interlaced: restored, 90 frames became 90 (bwdif)"
    as_it_is = "'tv.mkv' is telecined and was not restored (source.restore=film restores it)"
    left_out = ["'bare.h264' holds H.264 without a container", "'copy.mkv' has the bytes of 'good.mkv'"]
    lines = animeflow("status", "--shards", SHARD).out.splitlines()
    assert {f"    {restored}", f"    {as_it_is}", *(f"    {line}" for line in left_out)} <= set(lines)
    assert json.loads(animeflow("status", "--json").out)["shards"][0]["remarks"] == [
        restored,
        as_it_is,
        *left_out,
    ]
    said = {"restored": [restored], "as it is": [as_it_is], "skipped": left_out}
    assert file_remarks(workspace, SHARD) == said
    parts = [part.text for part in _restored(ShardData(workspace, SHARD))]
    assert parts == ["1 file restored:", f"{restored}.", "1 file not restored:", f"{as_it_is}."]


def test_a_stage_without_a_value_says_why(animeflow: Call, workspace: Workspace) -> None:
    staged = Staged(workspace.staging(SHARD, "quality"), [GOOD], "digest", {})
    clip = {"clip_id": "c", "video_id": GOOD.video_id}
    rows = TABLES["quality"].table([clip | {"reason": "no model is chosen"}])
    staged.staging.write_table("quality", rows, provenance={})
    finalise(staged, workspace.asset_dir(SHARD, "quality"))
    stages = json.loads(animeflow("status", "--json").out)["shards"][0]["stages"]
    assert {row["stage"]: row["null"] for row in stages}["clips"] is None
    handle = workspace.handle(SHARD, "quality")
    state = StageState("quality", "measures", "done")
    assert null_because(state, workspace, SHARD) == handle.null_because == "no model is chosen"
    assert null_because(replace(state, state="stale"), workspace, SHARD) is None


def test_what_was_never_run_is_apart_from_what_is_stale(animeflow: Call, workspace: Workspace) -> None:
    lines = animeflow("status", "--shards", SHARD, "--stale").out.splitlines()
    assert lines[1].split()[:4] == ["never", "run", "frame_signals,", "text_boxes,"]
    assert {line.split()[0] for line in lines[2:] if not line.startswith("    ")} == {"shard_files", "clips"}


def test_failures_are_in_the_json(animeflow: Call, workspace: Workspace) -> None:
    (shard,) = json.loads(animeflow("status", "--json").out)["shards"]
    assert shard["failures"] == [
        {
            "stage": "shard_files",
            "file": "broken.mkv",
            "reason": "not_media",
            "message": "no container is recognised",
        }
    ]
    assert shard["failed_videos"] == 1


def test_a_video_that_failed_in_two_stages_counts_once_and_everywhere(
    animeflow: Call, workspace: Workspace, tmp_path: Path
) -> None:
    late = Status(
        GOOD.path, GOOD.video_id, State.FAILED, Reason.UNDECODABLE, message="its pictures are noise"
    )
    for name in ("frame_signals", "text_boxes"):
        staged = Staged(workspace.staging(SHARD, name), [late, CARRIED], "digest", {})
        finalise(staged, workspace.asset_dir(SHARD, name))
    (shard,) = json.loads(animeflow("status", "--json").out)["shards"]
    assert shard["failed_videos"] == 2 == every_shard_is_whole(workspace).numbers["failed_files"]
    assert ", 2 videos failed" in animeflow("status").out.splitlines()[0]
    assert "2 files failed:" in build_report(workspace, SHARD, tmp_path / "page.html").read_text()
    assert failure_lines(failed_videos.rows(workspace, SHARD)) == {
        "broken.mkv": ["'broken.mkv' in shard_files: not_media: no container is recognised"],
        "good.mkv": ["'good.mkv' in frame_signals, text_boxes: undecodable: its pictures are noise"],
    }


def test_a_stage_that_failed_as_a_whole_says_why(animeflow: Call, clip: Path, tmp_path: Path) -> None:
    """No result is kept then: neither a manifest nor a status row of the video. The next good run forgets it."""
    (tmp_path / "episodes").mkdir()
    (tmp_path / "episodes" / "broken.mkv").write_bytes(b"\x1aE\xdf\xa3 no video")
    assert animeflow("run", "episodes", "--set", "run.min_free_gb=0", "--no-report").code == 1
    (shard,) = json.loads(animeflow("status", "--json").out)["shards"]
    (failure,) = shard["failures"]
    assert (failure["stage"], failure["file"], failure["reason"]) == ("shard_files", None, "stage_failed")
    assert "broken.mkv" in failure["message"]
    lines = animeflow("status").out.splitlines()
    assert lines[0].endswith("failed at shard_files") and "broken.mkv" in lines[2]
    (tmp_path / "episodes" / "broken.mkv").write_bytes(clip.read_bytes())
    mended = animeflow(
        "run", "episodes", "--set", "run.min_free_gb=0", "--no-report", "--select", "shard_files"
    )
    assert mended.code == 0, mended.out + mended.err
    assert json.loads(animeflow("status", "--json").out)["shards"][0]["failures"] == []


@pytest.mark.parametrize("path", ["作品.tar.gz", "odd"])
def test_a_shard_is_named_by_its_path_too_though_the_source_is_gone(
    animeflow: Call, tmp_path: Path, path: str
) -> None:
    key, found = shard_key(path), Workspace(tmp_path / "workspace")
    for shard in (key, SHARD):
        finalise(Staged(found.staging(shard, "clips"), [GOOD], "digest", {}), found.asset_dir(shard, "clips"))
    (found.root / "settings.yaml").write_text("profile: embedded\n")
    (entry,) = json.loads(animeflow("status", "--shards", path, "--json").out)["shards"]
    assert entry["shard"] == key
    assert animeflow("report", "--shards", path).out == f"{found.report_path(key)}\n"
    for command in ("status", "report", "clean"):
        unknown = animeflow(command, "--shards", "nosuch")
        assert unknown.code == 2 and f"no shard 'nosuch' in {found.root}; there are: " in unknown.err
        assert key in unknown.err and SHARD in unknown.err
    assert animeflow("clean", "--shards", path, "--shards", key, "--yes").code == 0
    assert found.shards() == [SHARD]
