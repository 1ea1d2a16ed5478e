"""What every benchmark shares: facts of the machine, Markdown tables, alternating timings."""

from __future__ import annotations

import datetime
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def machine() -> str:
    """One line: processor, cores, memory, Python, date. Every table of results carries it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, {today}, commit {commit()[:12]}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit() -> str:
    """The commit of the checkout, or `unknown` outside one."""
    result = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return result.stdout.strip() or "unknown"


def markdown(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Rows as a Markdown table; numbers to three significant places, null as a dash."""
    names = list(columns or rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(cell(row.get(name)) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|")


@dataclass(frozen=True)
class Cost:
    """What one candidate took in each round: seconds on the clock, and of all processors (its processes with their
    children).
    """

    clocks: tuple[float, ...]
    cpus: tuple[float, ...]

    @property
    def clock_s(self) -> float:
        """The median."""
        return statistics.median(self.clocks)

    @property
    def cpu_s(self) -> float:
        """The median."""
        return statistics.median(self.cpus)

    def clock_over(self, other: Cost) -> float:
        """Median over the rounds of its time divided by the other's of the same round: the machine's speed drifts by
        more than the candidates differ.
        """
        return statistics.median(
            mine / theirs for mine, theirs in zip(self.clocks, other.clocks, strict=True)
        )

    def cpu_over(self, other: Cost) -> float:
        """As `clock_over`, of processor seconds."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.cpus, other.cpus, strict=True))


def alternate(
    candidates: Mapping[str, Callable[[], object]], *, rounds: int = 5, warm_up: int = 1
) -> dict[str, Cost]:
    """Cost of each candidate, run in turn, every second round backwards: a drift of the machine's speed meets all."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in candidates}
    for number in range(rounds + warm_up):
        for name in list(candidates)[:: -1 if number % 2 else 1]:
            clock, cpu = time.perf_counter(), cpu_s()
            candidates[name]()
            if number >= warm_up:
                taken[name].append((time.perf_counter() - clock, cpu_s() - cpu))
    return {
        name: Cost(tuple(clock for clock, _ in pairs), tuple(cpu for _, cpu in pairs))
        for name, pairs in taken.items()
    }


INSTALL_S = 900


def environment_with(folder: Path, alone: Sequence[str], needs: Sequence[str]) -> Path:
    """A fresh environment with a peer's packages, `alone` without what they ask for, and its needs; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", *alone], check=True, timeout=INSTALL_S)
    subprocess.run([*pip, *needs], check=True, timeout=INSTALL_S)
    return python


@dataclass(frozen=True)
class Watched:
    """What a command and all processes that it started cost. Memory is resident; pages that two share count twice."""

    returncode: int
    clock_s: float
    cpu_s: float
    peak_bytes: int  # of all of them at one moment, sampled
    high_water_bytes: (
        int  # of their own high-water marks (VmHWM) together: no peak between two samples is missed
    )
    output: str


def watched(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, every_s: float = 0.05
) -> Watched:
    """Run a command and look at the memory of its process tree while it runs."""
    clock, cpu = time.perf_counter(), cpu_s()
    peak = high_water = 0
    with tempfile.TemporaryFile() as output:
        process = psutil.Popen(
            [str(word) for word in command], stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        while process.poll() is None:
            resident, marks = _memory(process)
            peak, high_water = max(peak, resident), max(high_water, marks)
            time.sleep(every_s)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Watched(process.returncode, time.perf_counter() - clock, cpu_s() - cpu, peak, high_water, text)


def _memory(process: psutil.Process) -> tuple[int, int]:
    """(resident bytes, high-water marks) of a process and its descendants together."""
    resident = marks = 0
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0, 0
    for one in tree:
        try:
            lines = Path(f"/proc/{one.pid}/status").read_text().splitlines()
        except OSError:
            continue
        facts = {line.partition(":")[0]: line.partition(":")[2] for line in lines}
        resident += 1024 * int(facts.get("VmRSS", "0 kB").split()[0])
        marks += 1024 * int(facts.get("VmHWM", "0 kB").split()[0])
    return resident, marks


def cache() -> Path:
    """Where drawn material stays that takes minutes to draw."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "animeflow" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cpu_s() -> float:
    """Processor seconds of this process, of its children that ended, and of those that live on (decode workers)."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(one.ru_utime + one.ru_stime for one in used)
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def save(name: str, title: str, body: str, command: str) -> Path:
    """Write a page of results with the machine and the command that makes it anew."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text(f"# {title}\n\n`{command}`\n\n{machine()}\n\n{body}\n", encoding="utf-8")
    return path
