"""The one way in which animeflow runs an external process."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from animeflow.errors import CommandFailed, CommandTimeout, Interrupted

STOP = threading.Event()
"""Set once for the whole process (Ctrl-C, SIGTERM, a failed sibling): long work checks it and ends early."""

STOPPED = "stopped on request"
"""What an `Interrupted` says."""

_CHUNK = 1 << 16
_POLL_S = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CHATTER = "Svt[info]"
_KEEP_STDERR_LINES = 400
_MAX_STDOUT_BYTES = 256 << 20

# A child asks the kernel to die with the thread that started it. This runs in a fresh interpreter that then
# becomes the command, because `preexec_fn` runs Python in a forked copy of a threaded process, where it may
# deadlock (and a fork of a process with gigabytes of models is slow). Costs 12 ms. A crash writes no core file: one of
# a decoder with its pictures fills a disk.
_LAUNCHER = """
import ctypes, os, resource, sys
ctypes.CDLL(None).prctl(1, 9)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if os.getppid() != int(sys.argv[1]):
    os._exit(137)
try:
    os.execv(sys.argv[2], sys.argv[3:])
except OSError as error:
    sys.stderr.write(f"{sys.argv[2]}: {error}\\n")
    os._exit(127)
"""


def request_stop() -> None:
    """Ask all long work of this process to end: running commands are killed, decoders and queues stop."""
    STOP.set()


def _no_watcher() -> None: ...


# Called by every `check_stop`: long work shows by it that it goes on. A supervised worker puts its report here.
on_check: Callable[[], None] = _no_watcher


def check_stop(*, waiting: bool = False) -> None:
    """Raise `Interrupted` when the process was asked to stop; called by long work at every packet.

    Who only waits for another thread says so: that is no sign that work goes on.
    """
    if not waiting:
        on_check()
    if STOP.is_set():
        raise Interrupted(STOPPED)


Progress = Callable[[Mapping[str, str]], None]


@dataclass(frozen=True)
class CommandResult:
    """What a finished command left: exit status, standard output (bytes) and the lines of standard error."""

    args: tuple[str, ...]
    returncode: int
    stdout: bytes = field(repr=False)
    stderr: tuple[str, ...]
    wall_s: float

    def stderr_tail(self, lines: int = 8) -> str:
        """The last lines of standard error, as error messages quote them: without what SVT-AV1 says of itself."""
        told = [line for line in self.stderr if not line.startswith(_CHATTER)]
        return "\n".join((told or list(self.stderr))[-lines:])


def run_command(
    args: Sequence[str | os.PathLike[str]],
    *,
    timeout_s: float,
    memory_bytes: int | None = None,
    on_progress: Progress | None = None,
    stdin: bytes | None = None,
    cwd: Path | None = None,
    error: type[CommandFailed] = CommandFailed,
) -> CommandResult:
    """Run an argument list to its end; no shell is involved.

    The command gets its own process group, dies with this process (PR_SET_PDEATHSIG) and is killed with its
    children whatever ends this call. With `on_progress`, standard output is read as blocks of ffmpeg's
    `-progress pipe:1` (key=value lines ended by `progress=continue|end`), each handed over as a dict;
    otherwise it is returned.

    Raises `error` (a `CommandFailed`) on a non-zero status or a missing program, with reason out_of_memory when the
    command holds more than `memory_bytes` (resident; address space is no measure: an SVT encoder reserves several
    times of what it uses), `CommandTimeout` after `timeout_s` seconds, `Interrupted` when `request_stop()` was called.
    """
    words = tuple(os.fspath(a) for a in args)
    program = shutil.which(words[0])
    if program is None:
        raise error(f"the program {words[0]!r} is not there or cannot be executed")
    check_stop()
    started = time.monotonic()
    process = spawn(program, words, with_stdin=stdin is not None, cwd=cwd)
    pump = _Pump(process, stdin=stdin, on_progress=on_progress)
    watch = MemoryWatch(process.pid, memory_bytes)
    try:
        _drive(process, pump, words, watch, deadline=started + timeout_s, timeout_s=timeout_s)
    except MemoryLimit as excess:
        raise error(f"{_short(words)} {excess} and was killed", reason="out_of_memory") from None
    finally:
        end(process)
        pump.close()
    result = CommandResult(
        words, process.returncode, bytes(pump.stdout), tuple(pump.stderr.lines()), time.monotonic() - started
    )
    if result.returncode != 0:
        failure = error(_failure_text(result))
        failure.stderr = result.stderr
        raise failure
    return result


def spawn(
    program: str,
    words: Sequence[str],
    *,
    with_stdin: bool,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program (`words[0]` is the name it sees) with pipes, in a process group of its own.

    It dies with the thread that called this. The caller ends it by `end`. `env` is added to the environment.
    """
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid())] if sys.executable else []
    return subprocess.Popen(
        [*launcher, program, *words] if launcher else list(words),
        stdin=subprocess.PIPE if with_stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=cwd,
        env=_environment() | dict(env or {}),
    )


def _environment() -> dict[str, str]:
    """The caller's environment without what changes ffmpeg's output (FFREPORT writes log files, colours
    garble stderr).
    """
    kept = {k: v for k, v in os.environ.items() if k not in {"FFREPORT", "AV_LOG_FORCE_COLOR"}}
    return kept | {"AV_LOG_FORCE_NOCOLOR": "1"}


def _drive(
    process: subprocess.Popen[bytes],
    pump: _Pump,
    words: tuple[str, ...],
    watch: MemoryWatch,
    *,
    deadline: float,
    timeout_s: float,
) -> None:
    while pump.step(_POLL_S):
        check_stop()
        watch.check()
        if time.monotonic() > deadline:
            raise _timeout(words, pump, timeout_s)
    # Output is closed, yet the process may linger: it gets the rest of its time.
    while process.poll() is None:
        check_stop()
        watch.check()
        if time.monotonic() > deadline:
            raise _timeout(words, pump, timeout_s)
        time.sleep(0.005)


class MemoryLimit(Exception):
    """A watched process holds more memory than it may."""


class MemoryWatch:
    """Looks at the resident memory of a process ten times a second at most."""

    def __init__(self, pid: int, limit: int | None) -> None:
        self._path, self.limit, self._next = Path(f"/proc/{pid}/statm"), limit, 0.0

    def held(self) -> tuple[int, int]:
        """Bytes of address space and of memory, 0 once the process has ended (or where there is no /proc)."""
        try:
            space, resident = self._path.read_bytes().split()[:2]
            return int(space) * _PAGE, int(resident) * _PAGE
        except (OSError, ValueError):
            return 0, 0

    def check(self) -> None:
        """Raise `MemoryLimit` when the process holds more than its limit."""
        now = time.monotonic()
        if self.limit is None or now < self._next:
            return
        self._next = now + _POLL_S
        if self.held()[1] > self.limit:
            raise MemoryLimit(f"took more than {self.limit >> 20} MB of memory")


def _timeout(words: tuple[str, ...], pump: _Pump, timeout_s: float) -> CommandTimeout:
    tail = "\n".join(pump.stderr.lines()[-8:])
    return CommandTimeout(f"{_short(words)} ran longer than {timeout_s:g} s and was killed\n{tail}".rstrip())


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group if anything of it is left, and reap the child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _short(words: tuple[str, ...]) -> str:
    text = " ".join([Path(words[0]).name, *words[1:]])
    return text if len(text) <= 300 else f"{text[:200]} … {text[-90:]}"


def _failure_text(result: CommandResult) -> str:
    code = result.returncode
    how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
    return f"{_short(result.args)} {how}\n{result.stderr_tail()}".rstrip()


class _Lines:
    """Lines of a text stream, keeping the first and the last `keep` when there are more."""

    def __init__(self, keep: int = _KEEP_STDERR_LINES) -> None:
        self._keep, self._first, self._last, self._rest = keep, list[str](), list[str](), b""

    def feed(self, data: bytes) -> Iterator[str]:
        *whole, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > _CHUNK:
            whole, self._rest = [*whole, self._rest], b""
        for raw in whole:
            if raw:
                yield self._add(raw)

    def _add(self, raw: bytes) -> str:
        line = raw.decode("utf-8", "replace")
        if len(self._first) < self._keep:
            self._first.append(line)
        else:
            self._last.append(line)
            del self._last[: -self._keep]
        return line

    def lines(self) -> list[str]:
        rest = [self._rest.decode("utf-8", "replace")] if self._rest else []
        return [*self._first, *self._last, *rest]


class _Pump:
    """Moves bytes between this process and a command's three pipes without a thread."""

    def __init__(
        self, process: subprocess.Popen[bytes], *, stdin: bytes | None, on_progress: Progress | None
    ) -> None:
        self.stdout, self.stderr = bytearray(), _Lines()
        self._progress_lines, self._block = _Lines(keep=1), dict[str, str]()
        self._on_progress = on_progress
        self._to_write = memoryview(stdin or b"")
        self._pipes = [p for p in (process.stdin, process.stdout, process.stderr) if p is not None]
        self._selector = selectors.DefaultSelector()
        for pipe, events, action in (
            (process.stdin, selectors.EVENT_WRITE, self._write),
            (process.stdout, selectors.EVENT_READ, self._read_stdout),
            (process.stderr, selectors.EVENT_READ, self._read_stderr),
        ):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._selector.register(pipe, events, action)

    def step(self, wait_s: float) -> bool:
        """Move what is ready; False when all pipes are closed."""
        for key, _ in self._selector.select(wait_s):
            if not key.data(key.fd):
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
        return bool(self._selector.get_map())

    def _write(self, fd: int) -> bool:
        try:
            self._to_write = self._to_write[os.write(fd, self._to_write[:_CHUNK]) :]
        except BrokenPipeError:  # the command closed its input: its exit status tells whether that was right
            return False
        return len(self._to_write) > 0

    def _read_stdout(self, fd: int) -> bool:
        data = os.read(fd, _CHUNK)
        if self._on_progress is not None:
            for line in self._progress_lines.feed(data):
                self._take_progress(line)
        else:
            self.stdout += data
            if len(self.stdout) > _MAX_STDOUT_BYTES:
                raise CommandFailed(
                    f"the command wrote more than {_MAX_STDOUT_BYTES} bytes to standard output"
                )
        return bool(data)

    def _take_progress(self, line: str) -> None:
        key, equals, value = line.partition("=")
        if equals:
            self._block[key.strip()] = value.strip()
        if key == "progress" and self._on_progress is not None:
            block, self._block = self._block, {}
            self._on_progress(block)

    def _read_stderr(self, fd: int) -> bool:
        data = os.read(fd, _CHUNK)
        for _ in self.stderr.feed(data):
            pass
        return bool(data)

    def close(self) -> None:
        self._selector.close()
        for pipe in self._pipes:
            pipe.close()
