"""The job and the schedule of retention, in a workspace in which the whole graph has run."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from animeflow.cli import running
from animeflow.cli.engine import Order
from animeflow.definitions import defs
from animeflow.defs.automation.retention import retention
from animeflow.defs.automation.schedules import retention_every_hour
from animeflow.settings.load import load
from animeflow.tables.workspace import Workspace
from animeflow_tests.defs.conftest import TINY, WHOLE, clip, whole  # noqa: F401 fixtures

FREE = ("delivery.retention.source_files=true", "delivery.retention.intermediates=true")
OVERRIDES = tuple(word for word in TINY if "=" in word)


@pytest.fixture
def workspace(whole: Workspace, tmp_path: Path) -> Workspace:  # noqa: F811
    shutil.copytree(whole.root.parent, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path / "workspace")


def order_on(workspace: Workspace, *overrides: str) -> Order:
    settings = load(environment={}, overrides=(*OVERRIDES, *overrides))
    source = workspace.root.parent / "source"
    return Order(workspace, running.with_source(settings, source), report=False)


def media(workspace: Workspace) -> set[str]:
    """Assets of the shard that hold media files."""
    return {path.parent.parent.name for path in workspace.shard_dir(WHOLE).glob("*/media/*")}


def test_the_job_frees_and_leaves_a_shard_alone_that_is_being_written(workspace: Workspace) -> None:
    had = media(workspace)
    settings = order_on(workspace, *FREE).settings
    resources = {"settings": settings, "workspace": workspace}
    with workspace.lock(WHOLE, "another-run"):
        assert retention.execute_in_process(resources=resources).success
    assert media(workspace) == had
    assert retention.execute_in_process(resources=resources).success
    assert had - media(workspace) >= {"shard_files", "clip_videos"}


@pytest.mark.parametrize(("overrides", "kind"), [((), dg.SkipReason), (FREE, dg.RunRequest)])
def test_the_schedule_asks_for_a_run_only_where_something_may_go(
    workspace: Workspace, overrides: tuple[str, ...], kind: type
) -> None:
    settings = order_on(workspace, *overrides).settings
    with dg.build_schedule_context(resources={"settings": settings}) as context:
        assert isinstance(retention_every_hour(context), kind)
    assert defs.get_schedule_def("retention_every_hour").job_name == "retention"
