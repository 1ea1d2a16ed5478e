"""How two candidates are timed beside each other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.common import Cost, alternate, cpu_s
from benchmarks.speed import compare
from benchmarks.speed_cases import run

BURN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_candidates_alternate_and_the_first_round_does_not_count() -> None:
    called: list[str] = []
    costs = alternate({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=2)
    assert called == ["a", "b", "b", "a", "a", "b"]
    assert {len(cost.clocks) for cost in costs.values()} == {2}


def test_a_ratio_is_that_of_the_rounds_and_not_of_the_medians() -> None:
    slow, slower = Cost((1.0, 4.0, 2.0), (2.0, 2.0, 2.0)), Cost((2.0, 8.0, 10.0), (3.0, 3.0, 1.0))
    assert (slow.clock_s, slower.clock_s) == (2.0, 8.0)
    assert slower.clock_over(slow) == 2.0
    assert slower.cpu_over(slow) == 1.5


def test_processor_seconds_are_those_of_child_processes_too() -> None:
    row = compare(
        1, "work", "nothing", "none", run(sys.executable, "-c", BURN), run(sys.executable, "-c", "pass")
    )
    assert isinstance(row["CPU s"], float) and row["CPU s"] >= 0.3
    assert isinstance(row["CPU ratio"], float) and row["CPU ratio"] > 1


def test_a_candidate_that_fails_is_no_result() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run("false")()


def test_processor_seconds_of_a_worker_that_lives_on_count() -> None:
    child = subprocess.Popen([sys.executable, "-c", BURN + "\nprint(flush=True)\ninput()"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)  # fmt: skip
    before = cpu_s()
    try:
        assert child.stdout is not None
        child.stdout.readline()
        assert cpu_s() - before >= 0.2
    finally:
        child.communicate(b"\n")
