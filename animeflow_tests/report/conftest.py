"""A finished shard, written once; tests that change it get a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from animeflow.report.shard import ShardData
from animeflow.tables.workspace import Workspace
from animeflow_tests.report.shard_on_disk import SHARD, write_shard


@pytest.fixture(scope="session")
def finished_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Read only: one shard with one good video and one broken file, every asset finished."""
    return write_shard(tmp_path_factory.mktemp("report") / "workspace")


@pytest.fixture
def own_workspace(finished_workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy that a test may damage."""
    shutil.copytree(finished_workspace.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def data(finished_workspace: Workspace) -> ShardData:
    return ShardData(finished_workspace, SHARD)
