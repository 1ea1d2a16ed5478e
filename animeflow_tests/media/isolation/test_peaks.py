"""The memory of a decode worker is known to the process that it works for, even of one that was ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import animeflow_tests
from animeflow.defs.meter import Meter
from animeflow.errors import DecodeError
from animeflow.media.isolation import isolate, worker_process
from animeflow.media.isolation.peaks import PEAKS
from animeflow.settings.isolation import IsolationSettings

HERE = "animeflow_tests.media.isolated:"
ROOT = str(Path(animeflow_tests.__file__).parents[1])
MB = 1 << 20


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")]))
    worker_process.POOL.close()
    monkeypatch.setattr(PEAKS, "_highest", 0)
    yield
    worker_process.POOL.close()


def test_the_peak_of_a_worker_counts_after_it_gave_its_memory_back() -> None:
    isolate.call(HERE + "facts", limits=IsolationSettings())
    empty = PEAKS.highest()
    isolate.call(HERE + "take", 300, limits=IsolationSettings())
    assert 20 * MB < empty < PEAKS.highest() - 250 * MB


def test_a_worker_that_is_ended_counts_and_one_that_follows_does_not_add_to_it() -> None:
    with pytest.raises(DecodeError, match="stood still"):
        isolate.call(HERE + "pause", 30.0, alive=False, limits=IsolationSettings(stall_s=1.0))
    one = PEAKS.highest()
    assert one > 20 * MB
    isolate.call(HERE + "facts", limits=IsolationSettings())
    assert PEAKS.highest() < 1.5 * one


def test_no_such_process_has_no_peak() -> None:
    PEAKS.note(2**22 + 1)
    PEAKS.forget(2**22 + 1)
    assert PEAKS.highest() == 0


def test_the_timing_of_a_stage_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PEAKS, "_highest", 10**13)

    class Named:
        name = "frame_signals"

    class Stage:
        spec, shard, run_id = Named(), "s", "r"

    timing = Meter().timing(Stage(), [], unchanged=False)  # type: ignore[arg-type]
    assert 10**13 < timing.peak_rss_bytes < 10**13 + 10**11
