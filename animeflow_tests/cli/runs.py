"""What the tests of `animeflow run` share: quick settings, a run as a process, and what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg

from animeflow.defs.instances import open_instance
from animeflow.tables.ids import shard_key
from animeflow.tables.workspace import Workspace

SHARD = shard_key(".")
FAST = (
    "--set", "run.min_free_gb=0", "--set", "shots.detector={kind: content}",
    "--set", "shots.text.enabled=false", "--no-report",
)  # fmt: skip
SOME = ("--select", "source", "--select", "shots")  # two groups, six stages


def content(workspace: Path) -> dict[str, bytes]:
    """Every file of the workspace but instance and logs."""
    skip = ("instance", "logs")
    files = [path for path in workspace.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(workspace)): path.read_bytes()
        for path in files
        if path.relative_to(workspace).parts[0] not in skip
    }


def start(words: list[str], folder: Path, *, code: str | None = None) -> subprocess.Popen[str]:
    command = (
        [sys.executable, "-P", "-m", "animeflow.cli.main"] if code is None else [sys.executable, "-c", code]
    )
    return subprocess.Popen(
        [*command, *words],
        cwd=folder,
        env=os.environ | {"ANIMEFLOW_WORKSPACE": str(folder / "workspace")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def leftovers(workspace: Workspace, *, cleared: bool = True) -> tuple[list[str], int]:
    """(runs not finished, pool slots claimed) after, or before, the command clears up at its start."""
    home = str(workspace.instance_dir)
    with open_instance(workspace) if cleared else dg.DagsterInstance.from_config(home) as instance:
        unfinished = [run.run_id for run in instance.get_runs() if not run.is_finished]
        storage = instance.event_log_storage
        claimed = sum(
            len(storage.get_concurrency_info(key).claimed_slots) for key in storage.get_concurrency_keys()
        )
    return unfinished, claimed
