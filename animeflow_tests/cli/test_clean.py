"""What `clean` may remove, on workspaces that are written by hand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Status
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call

SHARD = "episodes-0a1b2c3d"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One shard with the results of two stages."""
    found = Workspace(tmp_path / "workspace")
    for name in ("clips", "flash"):
        staged = Staged(found.staging(SHARD, name), [Status("a.mkv", "0123456789abcdef")], "digest", {})
        finalise(staged, found.asset_dir(SHARD, name))
    (found.root / "settings.yaml").write_text("profile: embedded\n")
    return found


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", ["clean", "status", "report"])
def test_a_folder_that_is_no_workspace_is_refused(animeflow: Call, tmp_path: Path, command: str) -> None:
    mine = tmp_path / "notws" / "shards" / "mydata" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("x")
    called = animeflow(command, "--out", tmp_path / "notws", *(["--yes"] if command == "clean" else []))
    assert called.code == 2 and mine.is_file()
    (line,) = [line for line in called.err.splitlines() if "Error" in line]
    assert str(tmp_path / "notws") in line and "no workspace" in line and "--out" in line


def test_what_no_stage_wrote_stays_and_is_named(animeflow: Call, workspace: Workspace) -> None:
    mine = ("notes.txt", "thesis/chapter.txt", "motion/mine.mkv")
    for name in mine:
        path = workspace.shard_dir(SHARD) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    called = animeflow("clean", "--yes")
    assert called.code == 0 and files(workspace.shard_dir(SHARD)) == set(mine)
    assert all(f"{SHARD}/{name.partition('/')[0]} " in called.err for name in mine)


def test_a_whole_shard_goes_with_what_a_killed_run_left(animeflow: Call, workspace: Workspace) -> None:
    (workspace.staging(SHARD, "motion").folder / "half").write_text("x")
    (workspace.asset_dir(SHARD, "quality") / "media").mkdir(parents=True)
    assert animeflow("clean", "--yes").code == 0
    assert workspace.shards() == [] and (workspace.root / "settings.yaml").is_file()


def test_a_shard_that_a_run_is_writing_is_left(animeflow: Call, workspace: Workspace) -> None:
    before = files(workspace.shard_dir(SHARD))
    with workspace.lock(SHARD, "other-run"):
        called = animeflow("clean", "--yes")
    assert called.code == 1 and f"shard {SHARD} is being written by run other-run" in called.err
    assert files(workspace.shard_dir(SHARD)) == before


@pytest.mark.parametrize("command", ["clean", "status", "report"])
def test_a_shard_that_is_not_there_is_a_usage_error(
    animeflow: Call, workspace: Workspace, command: str
) -> None:
    called = animeflow(command, "--shards", "nosuch")
    assert called.code == 2 and "no shard 'nosuch'" in called.err and not called.out


def test_timings_and_reports_go_only_when_asked(animeflow: Call, workspace: Workspace) -> None:
    logs, page = workspace.logs_dir(SHARD), workspace.report_path(SHARD)
    for path in (logs / "clips.json", page):
        path.parent.mkdir(parents=True)
        path.write_text("[]")
    assert animeflow("clean", "--select", "clips", "--yes").code == 0
    assert logs.is_dir() and page.is_file()
    assert animeflow("clean", "--logs", "--yes").code == 0
    assert not logs.exists() and not page.exists()


def test_without_an_answer_nothing_goes_and_the_option_is_named(
    animeflow: Call, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(workspace.shard_dir(SHARD))
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    called = animeflow("clean", "--select", "clips")
    assert called.code == 2 and "--yes" in called.err and "interrupted" not in called.err
    assert "remove 1 entry of" in called.out
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert animeflow("clean").code == 1 and files(workspace.shard_dir(SHARD)) == before
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    called = animeflow("clean")
    assert called.code == 0 and "remove 2 entries of" in called.out and workspace.shards() == []
