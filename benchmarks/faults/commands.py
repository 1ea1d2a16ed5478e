"""Running `animeflow` in its own process group, to the end or until it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.common import ROOT

TIME_LIMIT_S = 900.0


@dataclass(frozen=True)
class Ended:
    """How a command ended. `code` is negative for a signal."""

    code: int
    output: str
    wall_s: float

    @property
    def last_line(self) -> str:
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""


def animeflow(*words: str, phase: tuple[str, str] | None = None) -> list[str]:
    """The command line; with a phase, of the launcher that kills itself there."""
    if phase is None:
        return [sys.executable, "-m", "animeflow.cli.main", *words]
    return [sys.executable, "-m", "benchmarks.faults.launcher", *phase, *words]


def run(command: Sequence[str], *, kill_after_s: float | None = None, cwd: Path = ROOT) -> Ended:
    """Run in a session of its own; SIGKILL to the group after `kill_after_s`, and to what is left of it at the end."""
    began = time.monotonic()
    with subprocess.Popen(
        list(command),
        cwd=cwd,
        env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            out, _ = process.communicate(timeout=kill_after_s or TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
            out, _ = process.communicate()
    return Ended(process.returncode, out.decode("utf-8", "replace"), time.monotonic() - began)


def kill_group(leader: int) -> None:
    """kill -9 for the whole process group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def strays(workspace: Path) -> list[str]:
    """Processes that still work in the workspace: children of a killed run must have died with it."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = process.info["cmdline"] or []
        if any(str(workspace) in word for word in words) and process.pid != os.getpid():
            found.append(f"{process.pid} {' '.join(words)[:80]}")
    return found
