"""What `status` says of failures, on workspaces that are written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
