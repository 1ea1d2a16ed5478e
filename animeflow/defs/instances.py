"""The Dagster instance of a workspace: SQLite inside it, opened without any environment variable."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from dagster import DagsterRunStatus

from animeflow.defs.engines import share_engines
from animeflow.defs.partitions import LOCATION
from animeflow.tables.workspace import Workspace

DATABASES, MAKING = ("history", "schedules"), ".making"
PID_TAG, BOOT_TAG = "animeflow/pid", "animeflow/process"
WORKSPACE_FILE = f"""load_from:
  - python_module:
      module_name: animeflow.definitions
      location_name: {LOCATION}
"""


def prepare_home(workspace: Workspace) -> Path:
    """Make sure that the workspace has an instance folder with its dagster.yaml and workspace.yaml; returns it."""
    home = workspace.instance_dir
    home.mkdir(parents=True, exist_ok=True)
    template = (resources.files("animeflow.defs") / "instance.yaml").read_text(encoding="utf-8")
    for name, text in (("dagster.yaml", template), ("workspace.yaml", WORKSPACE_FILE)):
        path = home / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            part = path.with_name(f".{name}.{os.getpid()}")
            part.write_text(text, encoding="utf-8")
            part.replace(path)
    return home


@contextlib.contextmanager
def open_instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """The workspace's instance. Runs and pool slots that a killed process left behind are cleared first."""
    home = prepare_home(workspace)
    share_engines()
    with contextlib.ExitStack() as opened:
        with _one_at_a_time(home):
            instance = opened.enter_context(_whole_instance(home))
            clear_dead(instance)
        yield instance


@contextlib.contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Two processes that open a new instance together would both create its tables: "table runs already exists"."""
    with (home / ".opening").open("a") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def _whole_instance(home: Path) -> dg.DagsterInstance:
    """The instance of a folder; its databases are made anew where a process was killed while it made them.

    Dagster takes a database whose tables are half there for one of an old version and asks for a migration. The mark
    stands only while the first opening goes on: nothing can be in the databases yet.
    """
    mark = home / MAKING
    if mark.exists():
        for name in DATABASES:
            shutil.rmtree(home / name, ignore_errors=True)
    if not any((home / name).exists() for name in DATABASES):
        mark.touch()
    instance = dg.DagsterInstance.from_config(str(home))
    mark.unlink(missing_ok=True)
    return instance


def process_tags() -> dict[str, str]:
    """Run tags that say which process runs it: number and start time, since numbers are used again."""
    me = psutil.Process()
    return {PID_TAG: str(me.pid), BOOT_TAG: f"{me.pid}-{me.create_time():.2f}"}


def is_dead(tags: dict[str, str]) -> bool:
    """Whether the process that the tags name is gone; a run without them is not ours to judge."""
    if BOOT_TAG not in tags:
        return False
    try:
        process = psutil.Process(int(tags[PID_TAG]))
        return f"{process.pid}-{process.create_time():.2f}" != tags[BOOT_TAG] or process.status() == "zombie"
    except psutil.NoSuchProcess:
        return True


def clear_dead(instance: dg.DagsterInstance) -> list[str]:
    """Report runs of dead processes as failed and free every pool slot that a finished run still holds.

    kill -9 leaves both: without this the next run would wait for its own ghost. Returns the ids of the runs reported.
    """
    reported = []
    alive = [
        DagsterRunStatus.STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.CANCELING,
    ]
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=alive)):
        if is_dead(dict(run.tags)):
            instance.report_run_failed(run, message="its process is gone (killed): reported by the next run")
            reported.append(run.run_id)
    free_slots(instance)
    return reported


def free_slots(instance: dg.DagsterInstance) -> None:
    """Free the pool slots of runs that are finished or unknown."""
    storage: Any = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    for key in storage.get_concurrency_keys():
        info = storage.get_concurrency_info(key)
        holders = {slot.run_id for slot in info.claimed_slots} | {step.run_id for step in info.pending_steps}
        for run_id in holders:
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                storage.free_concurrency_slots_for_run(run_id)
