"""Running a job of one shard in this process, event by event, on the workspace's instance.

The only module that uses private parts of Dagster: a run made in process has no origin unless it is given one, and
without it the UI shows the run but cannot execute it again. `animeflow_tests/defs/test_execution.py` fails when an
upgrade changes them.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.errors import DagsterAssetCheckFailedError
from dagster._core.execution.api import execute_run_iterator
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage

from animeflow.defs.declare import FAILED_VIDEOS
from animeflow.defs.instances import process_tags
from animeflow.defs.partitions import LOCATION, SHARD_TAG, SHARDS

REPOSITORY = "__repository__"
QUIET = {
    "console": {"config": {"log_level": "CRITICAL"}}
}  # the event log keeps everything; 14 KB per shard less on stderr
BETWEEN_STEPS = ("STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY", "STEP_SKIPPED")
_OUR_CLASS = re.compile(r"^animeflow\.errors\.\w+: ")  # before what an error of ours says for itself
OnEvent = Callable[[dg.DagsterEvent], None]


@dataclass(frozen=True)
class RunResult:
    """How a run ended."""

    run_id: str
    success: bool
    interrupted: bool
    failures: Mapping[str, str]  # step -> what went wrong, in one line
    failed_checks: tuple[str, ...] = ()  # `asset: check`, of those that are no mere warning
    warned_checks: tuple[str, ...] = ()  # of the others, without the counts of failed videos


def run_job(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job_name: str,
    *,
    shard: str | None,
    run_id: str | None = None,
    resources: Mapping[str, Any],
    selection: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    on_event: OnEvent = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Materialise a job's assets (or those of `selection`) for a shard; never raises for a failed stage.

    When `stopped()` turns true the run is left after the current step, whatever retry policy it has.
    """
    job = definitions.resolve_job_def(job_name).with_executor_def(dg.in_process_executor)
    if shard is not None:
        instance.add_dynamic_partitions(str(SHARDS.name), [shard])
    run = instance.create_run_for_job(
        job.get_subset(asset_selection={dg.AssetKey(name) for name in selection}) if selection else job,
        run_id=run_id,
        run_config={"resources": dict(resources), "loggers": QUIET},
        remote_job_origin=job_origin(job_name),
        asset_selection=frozenset(dg.AssetKey(name) for name in selection) if selection else None,
        tags={**job.run_tags, **partition_tags(job_name, shard), **process_tags(), **(tags or {})},
    )
    return _drive(InMemoryJob(job), run, instance, on_event, stopped)


def job_origin(job_name: str) -> RemoteJobOrigin:
    """Where the UI finds the job again: the code location by its name in workspace.yaml and pyproject.toml."""
    return RemoteJobOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), REPOSITORY), job_name
    )


def partition_tags(job_name: str, shard: str | None) -> dict[str, str]:
    """The tags by which Dagster knows a run's partition."""
    if shard is None:
        return {}
    return {
        "dagster/partition": shard,
        "dagster/partition_set": f"{job_name}_partition_set",
        SHARD_TAG: shard,
    }


def _drive(
    job: InMemoryJob,
    run: dg.DagsterRun,
    instance: dg.DagsterInstance,
    on_event: OnEvent,
    stopped: Callable[[], bool],
) -> RunResult:
    failures: dict[str, str] = {}
    checks: dict[dg.AssetCheckSeverity, list[str]] = {severity: [] for severity in dg.AssetCheckSeverity}
    events = execute_run_iterator(job, run, instance)
    held = ExitStack()
    try:
        for event in events:
            if event.event_type is dg.DagsterEventType.RUN_START:  # the run's file is there by now
                _hold_open(instance, run.run_id, held)
            if event.event_type_value == "STEP_FAILURE" and event.step_key:
                failures[event.step_key] = failure_text(event)
            elif event.event_type_value == "ASSET_CHECK_EVALUATION":
                _note_check(event, checks)
            on_event(event)
            if event.event_type_value in BETWEEN_STEPS and stopped():
                break
    finally:
        # Left early, the generator ends the run as failed; its pool slot would stay claimed.
        with _unraised():
            events.close()  # type: ignore[attr-defined]
        held.close()
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    ended = instance.get_run_by_id(run.run_id)
    success = ended is not None and ended.status is dg.DagsterRunStatus.SUCCESS
    return RunResult(run.run_id, success, stopped() and not success, failures, *_by_severity(checks))


def _hold_open(instance: dg.DagsterInstance, run_id: str, held: ExitStack) -> None:
    """Keep a connection to the files that events of a run go to, where they go to SQLite.

    Dagster opens one for each event and closes it again. When the last one closes, SQLite writes its log back, syncs
    and removes it: 1.5 ms an event instead of 0.6.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return
    for name in (run_id, INDEX_SHARD_NAME):
        path = storage.path_for_shard(name)
        connection = held.enter_context(closing(sqlite3.connect(path)))
        connection.execute(
            "SELECT name FROM sqlite_master"
        ).fetchone()  # it joins the log when it first reads


@contextmanager
def _unraised() -> Iterator[None]:
    """Say nothing of generators of Dagster that go on when they are closed: a run that was stopped is no fault."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda fault: None if isinstance(fault.exc_value, RuntimeError) else hook(fault)
    try:
        yield
    finally:
        sys.unraisablehook = hook


def _note_check(event: dg.DagsterEvent, failed: Mapping[dg.AssetCheckSeverity, list[str]]) -> None:
    check = event.asset_check_evaluation_data
    if not check.passed and check.check_name != FAILED_VIDEOS:
        failed[check.severity].append(f"{check.asset_key.to_user_string()}: {check.check_name}")


def _by_severity(
    failed: Mapping[dg.AssetCheckSeverity, list[str]],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(failed[dg.AssetCheckSeverity.ERROR]), tuple(failed[dg.AssetCheckSeverity.WARN])


def failure_text(event: dg.DagsterEvent) -> str:
    """Why a step failed: our own words where the error was ours, else Dagster's, without the stack."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is not None and error.cls_name == DagsterAssetCheckFailedError.__name__:
        return "the check failed: the stages behind it are not run"  # which and why, its own event has said
    return _OUR_CLASS.sub("", error.message.strip()) if error is not None else "failed"
