"""Running `animeflow` in its own process group, to the end or until it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.common import ROOT

TIME_LIMIT_S, POLL_S = 900.0, 0.02


@dataclass(frozen=True)
class Ended:
    """How a command ended. `code` is negative for a signal."""

    code: int
    output: str
    wall_s: float
    cpu_s: float

    @property
    def last_line(self) -> str:
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""


def animeflow(*words: str, phase: tuple[str, str] | None = None) -> list[str]:
    """The command line; with a phase, of the launcher that kills itself there."""
    if phase is None:
        return [sys.executable, "-m", "animeflow.cli.main", *words]
    return [sys.executable, "-m", "benchmarks.faults.launcher", *phase, *words]


def run(command: Sequence[str], *, kill_after_cpu_s: float | None = None, cwd: Path = ROOT) -> Ended:
    """Run in a session of its own; SIGKILL to the group when it has used so much processor time, and to what runs
    past the limit. Processor time names a moment of the work, however busy the machine is.
    """
    began, used = time.monotonic(), 0.0
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        while process.poll() is None:
            used = max(used, cpu_s(process.pid))
            late = time.monotonic() - began > TIME_LIMIT_S
            if late or (kill_after_cpu_s is not None and used >= kill_after_cpu_s):
                kill_group(process.pid)
                process.wait()
                break
            time.sleep(POLL_S)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Ended(process.returncode, text, time.monotonic() - began, used)


def cpu_s(leader: int) -> float:
    """Processor time of a process and of its children that have ended; 0 when it is gone."""
    try:
        times = psutil.Process(leader).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


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
