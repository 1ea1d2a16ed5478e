"""The demo on a fresh workspace: clock, processor time, peak memory of the process tree, and each stage: `make
bench-demo`.

Then the same again, which must compute nothing anew.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.common import Watched, markdown, save, watched

CLOCK_S, MEMORY_BYTES = 180.0, 2_000_000_000  # on two cores
MEGA = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=2)
    parser.add_argument("--no-save", action="store_true", help="print only")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="animeflow-bench-") as name:
        workspace = Path(name) / "workspace"
        command = [Path(sys.executable).parent / "animeflow", "demo", "--out", workspace]
        command += ["--episodes", str(arguments.episodes)]
        first, stages = once(command), stage_rows(workspace)
        again = once(command)
    runs = [row("fresh workspace", first), row("again", again)]
    holds = first.clock_s <= CLOCK_S and first.peak_bytes <= MEMORY_BYTES
    body = (
        f"{arguments.episodes} episodes, drawn and carried through every stage. Bounds on two cores: {CLOCK_S:g} s and "
        f"{MEMORY_BYTES / MEGA:g} MB: {'held' if holds else 'MISSED'}. Load of the machine at the start: {load:.1f}. "
        "Peak memory is sampled: the sum of the resident memory of all processes of the run, shared pages counted in "
        f"each.\n\n{markdown(runs)}\n\n"
        "Seconds of each stage, all shards together; its peak is that of the stage's own process so far.\n\n"
        f"{markdown(stages)}"
    )
    print(body)
    if not arguments.no_save:
        save("demo", "What the demo costs", body, "make bench-demo")
    return 0 if holds else 1


def once(command: list[str | Path]) -> Watched:
    """Run it; it must succeed."""
    cost = watched(command, environment={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"})
    if cost.returncode:
        raise SystemExit(f"animeflow demo failed ({cost.returncode}):\n{cost.output[-4000:]}")
    return cost


def row(what: str, cost: Watched) -> dict[str, object]:
    """One run."""
    return {
        "run": what,
        "clock s": cost.clock_s,
        "CPU s": cost.cpu_s,
        "peak MB of all processes": cost.peak_bytes / MEGA,
    }


def stage_rows(workspace: Path) -> list[dict[str, object]]:
    """Clock and processor seconds per stage from the workspace's own logs, the dearest first."""
    clock: dict[str, float] = defaultdict(float)
    cpu: dict[str, float] = defaultdict(float)
    peak: dict[str, int] = defaultdict(int)
    for path in (workspace / "logs").glob("*/*.json"):
        for timing in json.loads(path.read_text(encoding="utf-8")):
            clock[timing["asset"]] += timing["wall_s"]
            cpu[timing["asset"]] += timing["cpu_s"]
            peak[timing["asset"]] = max(peak[timing["asset"]], timing["peak_rss_bytes"])
    return [
        {"stage": name, "clock s": clock[name], "CPU s": cpu[name], "peak MB": peak[name] / MEGA}
        for name in sorted(clock, key=lambda one: -clock[one])
    ]


if __name__ == "__main__":
    sys.exit(main())
