"""A run made in this process: what the UI needs of it, what is told of a failure, and what its events cost."""

from __future__ import annotations

import dagster as dg
import pytest

from animeflow.defs.execution import REPOSITORY, run_job
from animeflow.defs.instances import open_instance
from animeflow.defs.partitions import LOCATION, SHARD_TAG, SHARDS
from animeflow.errors import SettingsError
from animeflow.tables.workspace import Workspace


@dg.asset(partitions_def=SHARDS)
def first() -> None: ...


@dg.asset(partitions_def=SHARDS, deps=[first])
def broken() -> None:
    raise ValueError("no such picture")


@dg.asset(partitions_def=SHARDS)
def ours() -> None:
    raise SettingsError("nothing is so set", hint="set it otherwise")


DEFINITIONS = dg.Definitions(
    [first, broken, ours],
    jobs=[
        dg.define_asset_job("small", selection=["first"]),
        dg.define_asset_job("failing", selection=["first", "broken"]),
        dg.define_asset_job("our_own", selection=["ours"]),
    ],
)


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def run(workspace, job, **more):
    with open_instance(workspace) as instance:
        result = run_job(DEFINITIONS, instance, job, shard="one", resources={}, **more)
        return result, instance.get_run_by_id(result.run_id)


def test_a_run_says_its_partition_and_where_the_ui_finds_its_job_again(workspace):
    result, stored = run(workspace, "small")
    assert result.success and not result.failures
    assert stored.tags["dagster/partition"] == stored.tags[SHARD_TAG] == "one"
    origin = stored.remote_job_origin
    assert origin.job_name == "small" and origin.repository_origin.repository_name == REPOSITORY
    assert origin.repository_origin.code_location_origin.location_name == LOCATION


def test_a_stage_that_fails_is_told_in_one_line_and_raises_nothing(workspace):
    result, stored = run(workspace, "failing")
    assert not result.success and not result.interrupted and stored.status is dg.DagsterRunStatus.FAILURE
    assert result.failures == {"broken": "ValueError: no such picture"}


def test_an_error_of_ours_is_told_in_our_words_alone(workspace):
    result, _ = run(workspace, "our_own")
    assert result.failures == {"ours": "nothing is so set (set it otherwise)"}


def test_a_run_that_is_stopped_ends_after_the_step_at_hand(workspace):
    result, stored = run(workspace, "failing", stopped=lambda: True)
    assert result.interrupted and not result.failures and stored.is_finished


def test_sqlite_writes_its_log_back_at_the_end_of_a_run_not_after_each_event(workspace):
    seen = []
    history = workspace.root / "instance" / "history" / "runs"

    def look(event):
        if event.event_type_value in ("STEP_START", "STEP_SUCCESS"):
            seen.append({path.stem for path in history.glob("*.db-wal")})

    result, _ = run(workspace, "small", on_event=look)
    assert seen == [{result.run_id, "index"}] * 2
    assert not list(history.glob("*.db-wal"))
