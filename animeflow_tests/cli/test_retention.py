"""Retention by `animeflow run`: what goes once it is published, what stands without it, what comes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from animeflow.cli import running
from animeflow.cli.running import Request
from animeflow.cli.standing import stands, to_do
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call
from animeflow_tests.defs.conftest import TINY, WHOLE, clip, whole  # noqa: F401 fixtures
from animeflow_tests.defs.test_retention import FREE, media, order_on
from animeflow_tests.fixtures.shards import tree

GONE = (
    "shard_files",
    "segmentation",
    "background_layers",
    "character_layers",
    "effect_layers",
    "clip_videos",
)


@pytest.fixture
def workspace(whole: Workspace, tmp_path: Path) -> Workspace:  # noqa: F811
    shutil.copytree(whole.root.parent, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path / "workspace")


def run(animeflow: Call, workspace: Workspace, *words: str) -> str:
    called = animeflow(
        "run", workspace.root.parent / "source", "--out", workspace.root, *TINY,
        *(part for word in words for part in ("--set", word)),
    )  # fmt: skip
    assert called.code == 0, called.out + called.err
    return called.out


def test_a_run_frees_what_is_published_and_a_freed_shard_stands(
    animeflow: Call,
    workspace: Workspace,
) -> None:
    had = media(workspace)
    bytes_of_source = tree(workspace.asset_dir(WHOLE, "shard_files") / "media")
    assert "freed" not in run(animeflow, workspace) and media(workspace) == had, "by default nothing goes"
    said = run(animeflow, workspace, *FREE)
    expected = {name for name in GONE if name in had}
    assert {"shard_files", "segmentation", "clip_videos"} <= expected
    assert had - media(workspace) == expected
    assert "freed" in said and "shard_files" in said
    order = order_on(workspace, *FREE)
    (unit,) = running.units_of(order, Request())[1]
    assert stands(order, unit) and to_do(order, unit) == []
    assert "unchanged" in run(animeflow, workspace, *FREE)
    status = animeflow("status", "--out", workspace.root, "--stale")
    assert "shard_files" not in status.out, status.out
    other = order_on(workspace, "curation.max_flashes=1")
    late = {state.stage for state in to_do(other, unit)}
    assert {"kept_clips", "shard_files"} <= late, "what a run needs is made again"
    kept = tuple(word.replace("true", "false") for word in FREE)
    run(animeflow, workspace, "measures.flash.jump_stride=2", *kept)
    assert media(workspace) == had
    assert tree(workspace.asset_dir(WHOLE, "shard_files") / "media") == bytes_of_source


def test_files_stay_while_the_target_does_not_hold_them(animeflow: Call, workspace: Workspace) -> None:
    had = media(workspace)
    next((workspace.root / "published" / "videos").rglob("*.mkv")).write_bytes(b"rot")
    said = run(animeflow, workspace, *FREE)
    assert "kept on disk" in said and "not intact in its target" in said
    assert media(workspace) == had
