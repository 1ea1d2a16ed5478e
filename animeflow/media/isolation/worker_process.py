"""The parent's side of a decoding worker: starting it, one call at a time, watching it, ending it."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animeflow.errors import ContractError, WorkerBusy
from animeflow.media.command import MemoryWatch, check_stop, end, spawn
from animeflow.media.isolation import wire
from animeflow.media.isolation.peaks import PEAKS

_POLL_S = 0.1
_START_S = 120.0
_IDLE_S = 10.0  # a worker that nobody asked for so long is ended: it holds 0.2 GB beside an encoder
_SPARE_S = 2.0  # the same of those beside the one that was used last: two clips at once rarely decode at once
_PIPE_BYTES = 1 << 20
_MAX_MESSAGE_BYTES = 8 << 30
_GREW_BYTES = 256 << 20  # one that keeps more after a file is replaced: the next file gets its whole budget
_TAIL_BYTES = 4096
# Address space is limited: a thread's own arena would reserve 64 MB of it, and Arrow's pool 1 GB at once.
_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
}


def worker_arguments() -> Sequence[str]:
    """Arguments of the next worker; tests put theirs here."""
    return ()


class WorkerDied(Exception):
    """The worker ended without an answer."""

    def __init__(self, returncode: int, tail: str) -> None:
        self.returncode, self.tail = returncode, tail
        super().__init__(f"{self.how}\n{tail}".rstrip())

    @property
    def how(self) -> str:
        """The signal, or the exit status."""
        if self.returncode < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-self.returncode).name
        return f"exit status {self.returncode}"

    @property
    def killed(self) -> bool:
        """Whether somebody killed it: not we, who never read the status of one that we kill."""
        return self.returncode == -signal.SIGKILL


class Stalled(Exception):
    """No sign of life for too long."""


class TookTooLong(Exception):
    """Alive, but beyond its time."""


@dataclass(frozen=True)
class Answer:
    """What a call gave: its value, or the description of its error; frames decoded by purpose."""

    ok: bool
    value: Any
    decoded: Mapping[str, int]


@dataclass(frozen=True)
class Limits:
    """What one call may take, memory beyond that of an empty worker."""

    memory_bytes: int
    stall_s: float
    timeout_s: float


class WorkerProcess:
    """One worker. Start it from a thread that lives as long as the worker shall: it dies with that thread."""

    def __init__(self, modules: Sequence[str] = ()) -> None:
        """`modules` are what it imports beside the libraries before its first call."""
        loads = [word for module in modules for word in ("--load", module)]
        words = [sys.executable, "-P", "-m", "animeflow.media.isolation.worker", *loads, *worker_arguments()]
        self._process = spawn(sys.executable, words, with_stdin=True, env=_ENVIRONMENT)
        self.pid = self._process.pid
        self.idle_since = time.monotonic()
        self._pipes = _Pipes(self._process)
        self._empty: tuple[int, int] | None = None  # address space and resident bytes when it was

    def run(
        self, target: str, args: Sequence[Any], kwargs: Mapping[str, Any], limits: Limits
    ) -> Generator[Any, None, Answer]:
        """Run one call: yields the items of a generator function, returns the answer.

        After any exception (and when it is closed early) the worker has to be killed. Raises WorkerDied, Stalled,
        TookTooLong, MemoryLimit, WorkerBusy (it did not start), ContractError (it sent nonsense), Interrupted.
        """
        watch = MemoryWatch(self.pid, self._wait_until_ready()[1] + limits.memory_bytes)
        deadline = _Deadline(limits.stall_s, limits.timeout_s)
        message = wire.encode("call", (target, tuple(args), dict(kwargs), limits.memory_bytes, _here()))
        self._send(message, deadline, watch)
        while True:
            kind, value = self._receive(deadline, watch)
            if kind == "item":
                with deadline.paused():
                    yield value
            elif kind in ("done", "error"):
                return Answer(kind == "done", value[0], {str(k): int(v) for k, v in value[1].items()})
            elif kind != "alive":
                raise ContractError(f"the decoding worker sent {kind!r}")

    def grown(self) -> bool:
        """Whether it keeps much more memory, or address space, than when it was empty."""
        now = MemoryWatch(self.pid, None).held()
        return any(new - old > _GREW_BYTES for old, new in zip(self._empty or now, now, strict=True))

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it at once, with all that it may have started."""
        PEAKS.note(self.pid)
        end(self._process)
        PEAKS.forget(self.pid)
        self._pipes.close()

    def _wait_until_ready(self) -> tuple[int, int]:
        if self._empty is None:
            try:
                kind, value = self._receive(_Deadline(_START_S, _START_S), MemoryWatch(self.pid, None))
            except (Stalled, TookTooLong):
                raise WorkerBusy(
                    f"the decoding worker did not start within {_START_S:g} s",
                    hint="the machine is busy; run fewer things at a time",
                ) from None
            if kind != "ready":
                raise ContractError(f"the decoding worker began with {kind!r}")
            self._empty = int(value[0]), int(value[1])
        return self._empty

    def _receive(self, deadline: _Deadline, watch: MemoryWatch) -> tuple[str, Any]:
        head = self._read(wire.HEAD.size, deadline, watch)
        text = self._read(wire.json_length(head), deadline, watch)
        kind, body, lengths = wire.read_head(text, max_bytes=_MAX_MESSAGE_BYTES)
        parts = [self._read(length, deadline, watch) for length in lengths]
        deadline.renew()
        return kind, wire.decode(body, parts)

    def _read(self, size: int, deadline: _Deadline, watch: MemoryWatch) -> bytearray:
        data = bytearray(size)
        view, got = memoryview(data), 0
        while got < size:
            count = self._pipes.read(view[got:])
            if count is None:
                self._supervise(deadline, watch)
            elif count == 0:
                raise self._death()
            else:
                got += count
        return data

    def _send(self, buffers: Sequence[wire.Buffer], deadline: _Deadline, watch: MemoryWatch) -> None:
        for buffer in buffers:
            rest = memoryview(buffer)
            while rest:
                try:
                    count = self._pipes.write(rest)
                except BrokenPipeError:
                    raise self._death() from None
                if count is None:
                    self._supervise(deadline, watch)
                else:
                    rest = rest[count:]

    def _supervise(self, deadline: _Deadline, watch: MemoryWatch) -> None:
        check_stop()
        watch.check()
        deadline.check()

    def _death(self) -> WorkerDied:
        """Its pipe is closed: how did it end?"""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return WorkerDied(self._process.wait(10), self._pipes.tail())
        end(self._process)
        return WorkerDied(1, self._pipes.tail())


def _here() -> Path | None:
    """The working directory, from which relative paths count; None where it was deleted."""
    with contextlib.suppress(OSError):
        return Path.cwd()
    return None


class _Deadline:
    """Two clocks: since the last sign of life, and since the start. Neither runs while the parent works for it."""

    def __init__(self, stall_s: float, timeout_s: float) -> None:
        self._stall_s, self._timeout_s = stall_s, timeout_s
        self._began = self._heard = time.monotonic()

    def renew(self) -> None:
        self._heard = time.monotonic()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._began += time.monotonic() - began
        self.renew()

    def check(self) -> None:
        now = time.monotonic()
        if now - self._began > self._timeout_s:
            raise TookTooLong
        if now - self._heard > self._stall_s:
            raise Stalled


class _Pipes:
    """The worker's three pipes, never blocking; None means nothing happened for a tenth of a second."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout and process.stderr
        self._files = (process.stdin, process.stdout, process.stderr)
        self._in, self._out, self._err = (file.fileno() for file in self._files)
        self._tail = bytearray()
        self._reading, self._writing = selectors.DefaultSelector(), selectors.DefaultSelector()
        self._reading.register(self._out, selectors.EVENT_READ)
        self._reading.register(self._err, selectors.EVENT_READ)
        self._writing.register(self._in, selectors.EVENT_WRITE)
        for number in (self._in, self._out, self._err):
            os.set_blocking(number, False)
        _widen(self._in, self._out)

    def read(self, into: memoryview) -> int | None:
        """Bytes read from the worker, 0 at its end."""
        with contextlib.suppress(BlockingIOError):
            return os.readv(self._out, [into])
        for key, _ in self._reading.select(_POLL_S):
            if key.fd == self._err:
                self._drain()
        return None

    def write(self, data: memoryview) -> int | None:
        """Bytes that the worker's pipe took."""
        with contextlib.suppress(BlockingIOError):
            return os.write(self._in, data)
        self._drain()
        self._writing.select(_POLL_S)
        return None

    def tail(self) -> str:
        """The last that it said on standard error."""
        self._drain()
        return self._tail.decode("utf-8", "replace")

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._err, 1 << 16):
                self._tail += data
                del self._tail[:-_TAIL_BYTES]
            with contextlib.suppress(KeyError):
                self._reading.unregister(self._err)

    def close(self) -> None:
        self._reading.close()
        self._writing.close()
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()


def _widen(*pipes: int) -> None:
    """A megabyte of room in a pipe, where the system allows it: frames travel in fewer steps."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        for pipe in pipes:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


_Started = queue.Queue[WorkerProcess | Exception]


class _Pool:
    """The idle workers of this process. They are started by a thread that ends with the process, so that a thread of
    the caller's that ends takes no worker with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._prepared: _Started | None = None
        self._wanted: queue.Queue[tuple[Sequence[str], _Started]] = queue.Queue()
        self._keeper: threading.Thread | None = None
        self._pid = os.getpid()
        atexit.register(self.close)

    def prepare(self, modules: Sequence[str]) -> None:
        """Begin to start the worker that the next `take` gives; nothing where one is there."""
        with self._lock:
            self._after_fork()
            if not self._idle and self._prepared is None:
                self._prepared = self._ask(modules)

    def take(self) -> WorkerProcess:
        """An idle worker, or a new one (which imports while its first call is written)."""
        with self._lock:
            self._after_fork()
            while self._idle:
                worker = self._idle.pop()
                if not worker.ended():
                    return worker
                worker.kill()
            answer, self._prepared = self._prepared or self._ask(()), None
        started = answer.get()
        if isinstance(started, Exception):
            raise started
        return started

    def give(self, worker: WorkerProcess) -> None:
        """Take a worker back after an answer."""
        PEAKS.note(worker.pid)
        if worker.grown():
            worker.kill()
            return
        worker.idle_since = time.monotonic()
        with self._lock:
            self._idle.append(worker)

    def close(self) -> None:
        """End all idle workers, and the one that was prepared."""
        with self._lock:
            self._after_fork()
            for worker in self._idle:
                worker.kill()
            self._idle.clear()
            prepared, self._prepared = self._prepared, None
        if prepared is not None:  # waited for without the lock, which the keeper may need before it answers
            with contextlib.suppress(queue.Empty):
                started = prepared.get(timeout=_IDLE_S)
                if isinstance(started, WorkerProcess):
                    started.kill()

    def _ask(self, modules: Sequence[str]) -> _Started:
        if self._keeper is None or not self._keeper.is_alive():
            self._keeper = threading.Thread(target=self._keep, name="animeflow-workers", daemon=True)
            self._keeper.start()
        answer: _Started = queue.Queue()
        self._wanted.put((modules, answer))
        return answer

    def _after_fork(self) -> None:
        """The workers of a parent are not ours."""
        if self._pid != os.getpid():
            self._pid, self._idle, self._prepared = os.getpid(), [], None
            self._keeper, self._wanted = None, queue.Queue()

    def _keep(self) -> None:
        while True:
            try:
                modules, answer = self._wanted.get(timeout=_SPARE_S / 2)
            except queue.Empty:
                self._end_idle()
                continue
            try:
                answer.put(WorkerProcess(modules))
            except Exception as error:  # noqa: BLE001 who asked for it raises it
                answer.put(error)

    def _end_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            last = self._idle[-1:]  # `take` gives it first
            old = [w for w in self._idle if now - w.idle_since > (_IDLE_S if w in last else _SPARE_S)]
            self._idle = [worker for worker in self._idle if worker not in old]
        for worker in old:
            worker.kill()


POOL = _Pool()
