from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pytest

from animeflow.errors import (
    ContractError,
    DecodeError,
    InputError,
    Interrupted,
    OutOfMemory,
    ProbeError,
    WorkerBusy,
)
from animeflow.media import command
from animeflow.media.decode.counting import counting_decodes
from animeflow.media.isolation import isolate, worker_process
from animeflow.media.probe.file import probe
from animeflow.settings.isolation import IsolationSettings
from animeflow_tests.media.test_command import wait_until_gone

HERE = "animeflow_tests.media.isolated:"
PROBE = "animeflow.media.probe.file:probe"
LIMITS = IsolationSettings()

pytestmark = pytest.mark.usefixtures("importable")


def call(name: str, *args: Any, limits: IsolationSettings = LIMITS, **kwargs: Any) -> Any:
    return isolate.call(HERE + name, *args, limits=limits, **kwargs)


def limited(**values: Any) -> IsolationSettings:
    return IsolationSettings.model_validate(values)


def pid() -> int:
    return int(call("facts")["pid"])


def test_values_go_there_and_come_back() -> None:
    table = pa.table({"a": [1, None, 3], "b": ["x", "日本", None]})
    found = call(
        "same", 1.5, None, "\udce9.mkv", (1, (2,)), Path("a/b"), b"\0\xff", table, key={3: [True]}, of=LIMITS
    )
    assert found[:6] == [1.5, None, "\udce9.mkv", (1, (2,)), Path("a/b"), b"\0\xff"]
    assert found[6].equals(table)
    assert found[7] == {"key": {3: [True]}, "of": LIMITS}


def test_tables_are_made_without_pandas() -> None:
    assert call("knows_pandas_after_a_table") is False


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, ::2],
        np.zeros((0, 4), np.float32),
        np.array(3.5),
        np.array([True, False]),
        np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), dtype=np.uint8),
    ],
    ids=["strided", "empty", "scalar", "bool", "picture"],
)
def test_arrays_keep_type_shape_and_values(array: np.ndarray) -> None:
    found = call("same", array)[0]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert np.array_equal(found, array)


def test_nothing_is_pickled_and_no_foreign_class_is_built() -> None:
    for value in (object(), np.array([object()]), threading.Lock()):
        with pytest.raises(ContractError):
            call("same", value)


def test_the_probe_there_is_the_probe_here(rich_mkv: Path) -> None:
    with counting_decodes() as there:
        found = isolate.call(PROBE, rich_mkv, limits=LIMITS)
    with counting_decodes() as here:
        expected = probe(rich_mkv)
    assert found == expected
    assert dict(there) == dict(here)


def test_a_worker_serves_many_calls_and_has_neither_torch_nor_gpu_nor_core_file() -> None:
    first, second = call("facts"), call("facts")
    assert first == second
    assert first["group"] == first["pid"] != os.getpid()
    assert (first["heavy"], first["cuda"], first["core"]) == ([], "", 0)


def test_a_worker_that_was_prepared_is_the_one_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[worker_process.WorkerProcess] = []
    start = worker_process.WorkerProcess

    def counted(modules: Sequence[str] = ()) -> worker_process.WorkerProcess:
        started.append(start(modules))
        return started[-1]

    worker_process.POOL.close()
    monkeypatch.setattr(worker_process, "WorkerProcess", counted)
    isolate.prepare(HERE + "loaded")
    isolate.prepare(HERE + "loaded")
    loaded = call("loaded")
    assert [worker.pid for worker in started] == [pid()]
    assert loaded
    isolate.prepare(HERE + "loaded")  # one is idle: nothing is started
    assert pid() == started[0].pid
    assert len(started) == 1


def test_what_was_prepared_and_not_asked_for_is_ended() -> None:
    worker_process.POOL.close()
    before = children()
    isolate.prepare(HERE + "facts")
    deadline = time.monotonic() + 10
    while not (there := children() - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert there
    worker_process.POOL.close()
    assert all(wait_until_gone(child) for child in there)


def test_preparing_what_is_not_there_fails_when_it_is_called() -> None:
    worker_process.POOL.close()
    isolate.prepare("animeflow.no_such_module:function")
    assert pid()  # the worker that died of it was replaced


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_without_isolation_the_function_runs_here() -> None:
    assert call("facts", limits=limited(isolate=False))["pid"] == os.getpid()


def test_errors_arrive_as_what_they_are() -> None:
    with pytest.raises(ProbeError) as error:
        call("fail", "animeflow")
    assert (error.value.message, error.value.reason, error.value.path, error.value.hint) == (
        "is odd", "unreadable", "a.mkv", "mend it",
    )  # fmt: skip
    with pytest.raises(OSError, match="No space left") as full:
        call("fail", "disk")
    assert full.value.errno == 28
    with pytest.raises(InputError, match="ValueError: never seen") as other:
        call("fail", "bug")
    assert other.value.reason == "internal"
    assert pid()


def test_relative_paths_count_from_where_the_caller_is(
    plain_mkv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = pid()
    for folder, found in ((plain_mkv.parent, True), (tmp_path, False), (plain_mkv.parent, True)):
        monkeypatch.chdir(folder)
        assert call("is_there", Path("plain.mkv")) is found
    assert pid() == worker


def test_what_libraries_print_spoils_no_message() -> None:
    assert call("chatter") == "said"
    assert call("same", 1) == [1, {}]


@pytest.mark.parametrize(
    ("kind", "how"), [("segv", "SIGSEGV"), ("abort", "SIGABRT"), ("exit", "exit status 3")]
)
def test_a_crash_is_tried_twice_and_then_a_permanent_error(
    kind: str, how: str, plain_mkv: Path, faults: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults(f"{kind}:probe:0:plain.mkv")
    started = list[int]()
    begin = worker_process.WorkerProcess.__init__

    def counted(worker: worker_process.WorkerProcess, modules: Sequence[str]) -> None:
        begin(worker, modules)
        started.append(worker.pid)

    monkeypatch.setattr(worker_process.WorkerProcess, "__init__", counted)
    with (
        counting_decodes() as decoded,
        pytest.raises(DecodeError, match=f"crashed on it twice .{how}") as error,
    ):
        isolate.call(PROBE, plain_mkv, limits=LIMITS)
    assert (error.value.reason, error.value.transient, dict(decoded)) == ("decoder_crashed", False, {})
    assert len(started) == 2
    assert all(wait_until_gone(one) for one in started)


def test_a_crash_once_goes_unseen(tmp_path: Path) -> None:
    with counting_decodes() as decoded:
        items = isolate.stream(HERE + "count", 9, die_at=5, once=tmp_path / "died", limits=LIMITS)
        assert list(items) == list(range(9))
    assert (tmp_path / "died").exists()
    assert dict(decoded) == {"test": 9}


def test_a_crash_in_a_stream_comes_after_what_came_before_it() -> None:
    got = []
    with pytest.raises(DecodeError, match="SIGABRT"):
        for number in isolate.stream(HERE + "count", 9, die_at=5, limits=LIMITS):
            got.append(number)  # noqa: PERF402 what came before the error counts
    assert got == list(range(5))


def test_a_kill_that_is_not_ours_is_a_machine_without_memory(
    plain_mkv: Path, faults: Callable[..., None]
) -> None:
    faults("kill:probe:0:plain.mkv")
    with pytest.raises(OutOfMemory) as error:
        isolate.call(PROBE, plain_mkv, limits=LIMITS)
    assert error.value.transient


def test_the_next_file_gets_a_new_worker(
    plain_mkv: Path, plain_mp4: Path, faults: Callable[..., None]
) -> None:
    faults("segv:probe:0:plain.mkv")
    assert isolate.call(PROBE, plain_mp4, limits=LIMITS).video.frames == 48
    with pytest.raises(DecodeError):
        isolate.call(PROBE, plain_mkv, limits=LIMITS)
    assert isolate.call(PROBE, plain_mp4, limits=LIMITS).video.frames == 48


def test_memory_has_a_limit_that_holds_per_file() -> None:
    assert call("take", 100, limits=limited(memory_mb=256)) == 100 << 20
    with pytest.raises(DecodeError, match="needs more than 256 MB") as error:
        call("take", 400, limits=limited(memory_mb=256))
    assert (error.value.reason, error.value.transient) == ("out_of_memory", False)
    assert call("take", 200, limits=limited(memory_mb=256)) == 200 << 20


def test_standing_still_is_stopped_and_slow_work_is_not() -> None:
    worker = pid()
    with pytest.raises(DecodeError, match=r"stood still for 0\.5 s") as error:
        call("pause", 60, alive=False, limits=limited(stall_s=0.5))
    assert error.value.reason == "timeout"
    assert wait_until_gone(worker)
    assert call("pause", 2, alive=True, limits=limited(stall_s=1.5)) == "done"


def test_a_worker_that_does_not_start_is_the_machine_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    worker_process.POOL.close()
    monkeypatch.setattr(worker_process, "_START_S", 0.001)
    with pytest.raises(WorkerBusy, match=r"did not start within 0\.001 s") as error:
        pid()
    assert (error.value.transient, error.value.reason) == (True, "timeout")


def test_work_without_end_is_stopped() -> None:
    with pytest.raises(DecodeError, match="took longer than 1 s") as error:
        call("pause", 60, alive=True, limits=limited(timeout_s=1))
    assert error.value.reason == "timeout"


def test_a_slow_consumer_is_no_stall() -> None:
    got = []
    for number in isolate.stream(HERE + "count", 3, limits=limited(stall_s=2.0, timeout_s=2.0)):
        time.sleep(2.2)
        got.append(number)
    assert got == [0, 1, 2]


def test_a_stop_ends_the_worker() -> None:
    worker = pid()
    timer = threading.Timer(0.3, command.request_stop)
    timer.start()
    with pytest.raises(Interrupted):
        call("pause", 60, alive=True)
    assert wait_until_gone(worker)


def test_a_stream_that_is_left_ends_its_worker() -> None:
    worker = pid()
    items = isolate.stream(HERE + "count", 1_000_000, limits=LIMITS)
    assert next(items) == 0
    items.close()
    assert wait_until_gone(worker)


def test_a_thread_that_ends_takes_no_worker_with_it() -> None:
    worker_process.POOL.close()
    found = list[int]()
    thread = threading.Thread(target=lambda: found.append(pid()))
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert [pid()] == found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None], ids=["kill", "term", "end"])
def test_no_worker_outlives_its_parent(how: int | None) -> None:
    script = textwrap.dedent(f"""
        import sys
        from animeflow.media.isolation import isolate
        from animeflow.settings.isolation import IsolationSettings
        limits = IsolationSettings()
        print(isolate.call("{HERE}facts", limits=limits)["pid"], flush=True)
        if {how is not None}:
            isolate.call("{HERE}pause", 60, alive=True, limits=limits)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        if how is not None:
            time.sleep(0.2)
            parent.send_signal(how)
        parent.wait(30)
    assert wait_until_gone(worker)


def test_of_two_idle_workers_the_one_used_last_stays_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = worker_process.POOL
    pool.close()
    first, second = pool.take(), pool.take()
    pool.give(second)
    pool.give(first)
    monkeypatch.setattr(worker_process, "_SPARE_S", 0.0)
    pool._end_idle()
    assert wait_until_gone(second.pid)
    assert pid() == first.pid


def test_an_idle_worker_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = pid()
    monkeypatch.setattr(worker_process, "_IDLE_S", 0.0)
    worker_process.POOL._end_idle()
    assert wait_until_gone(worker)
    assert pid() != worker
