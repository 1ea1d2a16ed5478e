from pathlib import Path

import pytest

from animeflow.tables.failed_checks import forget, found, path_of, remember, waiting
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Status
from animeflow.tables.workspace import Workspace

SHARD = "episodes-0a1b2c3d"
CHECK = ("shots_cover_every_frame", "shots")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A shard that has its shots."""
    made = Workspace(tmp_path)
    make(made, "good.mkv")
    return made


def make(workspace: Workspace, name: str) -> None:
    staged = Staged(workspace.staging(SHARD, "shots"), [Status(name, "0123456789abcdef")], "digest", {})
    finalise(staged, workspace.asset_dir(SHARD, "shots"))


def test_the_failure_of_a_check_is_remembered_until_it_passes(workspace: Workspace) -> None:
    remember(workspace, SHARD, *CHECK, blocking=True, why="a hole")
    (failure,) = found(workspace, SHARD)
    assert failure.text(2) == ("check shots_cover_every_frame of shots failed (2 stages wait for it): a hole")
    forget(workspace, SHARD, *CHECK)
    assert not found(workspace, SHARD)


def test_a_failure_counts_for_the_result_it_was_about(workspace: Workspace) -> None:
    remember(workspace, SHARD, *CHECK, blocking=True, why="a hole")
    (workspace.asset_dir(SHARD, "shots") / "manifest.json").unlink()
    assert not found(workspace, SHARD)
    path_of(workspace.logs_dir(SHARD), "shots", "half_written").write_text("{")
    assert not found(workspace, SHARD)


def test_what_waits_is_behind_the_asset_and_has_no_result(workspace: Workspace) -> None:
    behind = waiting(workspace, SHARD, "shots")
    assert {"drawings", "clips", "kept_clips", "published_dataset"} <= set(behind)
    assert not {"shots", "shard_files", "frame_signals", "dataset_index"} & set(behind)
