"""The worker process in which strangers' files are decoded: `python -m animeflow.media.isolation.worker`.

It reads calls from standard input, one at a time, and answers on what was standard output (which from then on leads to
standard error, so that no library's print can spoil a message). It ends when its input does.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import gc
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from animeflow.errors import AnimeflowError
from animeflow.media import command
from animeflow.media.decode.counting import counting_decodes
from animeflow.media.isolation import wire
from animeflow.media.isolation.wire import function_named

ALIVE_S = 0.5
MAX_CALL_BYTES = 4 << 30
# Imported before the first call, so that their address space (0.75 GB) does not count for a file.
PRELOADED = ("av", "av.video.reformatter", "cv2", "numpy", "pyarrow", "PIL.Image")
NO_MEMORY = (errno.ENOMEM, errno.EAGAIN)
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Link:
    """The two ends of the pipes to the parent. Several threads may write."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._lock = threading.Lock()
        self._last_alive = 0.0

    def send(self, kind: str, value: Any) -> None:
        """Write one message; waits while the parent does not read."""
        buffers = wire.encode(kind, value)
        with self._lock:
            for buffer in buffers:
                rest = memoryview(buffer)
                while rest:
                    rest = rest[os.write(self._writing, rest) :]

    def receive(self) -> tuple[str, Any] | None:
        """Read one message; None when the parent has closed its end."""
        head = self._read(wire.HEAD.size)
        text = None if head is None else self._read(wire.json_length(head))
        if text is None:
            return None
        kind, body, lengths = wire.read_head(text, max_bytes=MAX_CALL_BYTES)
        parts = [part for length in lengths if (part := self._read(length)) is not None]
        return (kind, wire.decode(body, parts)) if len(parts) == len(lengths) else None

    def alive(self) -> None:
        """Tell the parent now and then that work goes on: `check_stop` calls this at every packet."""
        now = time.monotonic()
        if now - self._last_alive >= ALIVE_S:
            self._last_alive = now
            self.send("alive", None)

    def _read(self, size: int) -> bytearray | None:
        data = bytearray(size)
        view, got = memoryview(data), 0
        while got < size:
            count = os.readv(self._reading, [view[got:]])
            if not count:
                return None
            got += count
        return data


def main(words: Sequence[str] | None = None) -> int:
    """Serve calls until standard input ends."""
    parser = argparse.ArgumentParser(prog="animeflow.media.isolation.worker")
    parser.add_argument("--fault", action="append", default=[], help="for tests: KIND:PURPOSE:FRAME:NAME")
    parser.add_argument("--load", action="append", default=[], help="import this module first")
    arguments = parser.parse_args(words)
    faults = [Fault.parse(text) for text in arguments.fault]
    link = Link(os.dup(0), os.dup(1))
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Ctrl-C in a terminal is the parent's to answer: it kills what it started.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _spare_pandas()
    for name in (*PRELOADED, *arguments.load):
        import_module(name)
    command.on_check = link.alive
    gc.freeze()
    space = _pages(0)
    link.send("ready", (space, _pages(1)))
    while (message := link.receive()) is not None:
        _serve(link, message[1], space, faults)
    return 0


class _NoPandas(MetaPathFinder):
    """Hides pandas from whoever asks for it."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("hidden from Arrow", name=fullname)


def _spare_pandas() -> None:
    """Let Arrow find once that there is no pandas, which no worker needs.

    It would import it for the first list that becomes an array: 0.3 s of processor time and 50 MB in every worker.
    """
    import pyarrow as pa

    hidden = _NoPandas()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(hidden)


def _serve(link: Link, call: Any, space: int, faults: Sequence[Fault]) -> None:
    target, args, kwargs, memory_bytes, here = call
    with suppress(OSError):
        os.chdir(here or "/")
    armed = [fault.arm() for fault in faults if fault.meant_by(args, kwargs)]
    _limit_space(space + memory_bytes)
    with counting_decodes() as counted:
        try:
            function = function_named(target)
            link.send("alive", None)  # importing may take a while, and is not the file's fault
            kind, value = "done", function(*args, **kwargs)
            if isinstance(value, Iterator):
                for item in value:
                    link.send("item", item)
                value = None
        except MemoryError as error:
            kind, value = "error", {"class": "MemoryError", "message": str(error)}
        except Exception as error:  # noqa: BLE001 whatever it is, the parent decides
            kind, value = "error", _described(error)
    if kind == "error":
        gc.collect()  # a traceback's cycles hold the decoder and its threads
    _give_back()
    _limit_space(None)
    for disarm in armed:
        disarm()
    link.send(kind, (value, dict(counted)))


def _described(error: Exception) -> dict[str, Any]:
    if isinstance(error, AnimeflowError):
        return {
            "class": type(error).__name__,
            "message": error.message,
            "reason": error.reason,
            "path": error.path,
            "hint": error.hint,
        }
    if (isinstance(error, OSError) and error.errno in NO_MEMORY) or _lacks_memory(error):
        return {"class": "MemoryError", "message": str(error)}
    if type(error) is OSError and error.errno is not None:
        return {"class": "OSError", "errno": error.errno, "message": error.strerror, "path": error.filename}
    return {"class": type(error).__name__, "message": str(error)}


def _lacks_memory(error: Exception) -> bool:
    """What OpenCV and Python's threads say in place of MemoryError."""
    return "Insufficient memory" in str(error) or "can't start new thread" in str(error)


def _give_back() -> None:
    """Return what malloc keeps of a file to the system, where that is glibc's."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _limit_space(size: int | None) -> None:
    """Cap the address space of this process, in bytes; None lifts the cap."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = resource.RLIM_INFINITY if size is None else size
    if hard != resource.RLIM_INFINITY:
        wanted = hard if wanted == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _pages(field: int) -> int:
    """Bytes of this process: field 0 address space, 1 resident."""
    return int(Path("/proc/self/statm").read_bytes().split()[field]) * _PAGE


class Fault:
    """A crash on purpose, for tests: `segv:analysis:12:bad.mkv` dies at the 12th frame decoded for that purpose, in a
    call whose arguments name that file (`size=1234`: a file of so many bytes). KIND is segv, abort, kill, exit, hang
    or bomb.
    """

    def __init__(self, kind: str, purpose: str, frame: int, name: str) -> None:
        self.kind, self.purpose, self.frame, self.name = kind, purpose, frame, name

    @classmethod
    def parse(cls, text: str) -> Fault:
        kind, purpose, frame, name = text.split(":", 3)
        return cls(kind, purpose, int(frame), name)

    def meant_by(self, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        values = [*args, *kwargs.values()]
        if self.name.startswith("size="):
            size = int(self.name.removeprefix("size="))
            return any(isinstance(value, Path) and value.stat().st_size == size for value in values)
        return any(self.name in str(value) for value in values)

    def arm(self) -> Callable[[], None]:
        """Die as asked from now on; returns what takes that back."""
        from animeflow.media.decode import pictures

        counted, seen = pictures.count_decoded, 0

        def count(purpose: str, frames: int = 1) -> None:
            nonlocal seen
            counted(purpose, frames)
            seen += frames if purpose == self.purpose else 0
            if purpose == self.purpose and seen > self.frame:
                self._strike()

        pictures.count_decoded = count

        def disarm() -> None:
            pictures.count_decoded = counted

        return disarm

    def _strike(self) -> None:
        if self.kind == "exit":
            os._exit(3)
        elif self.kind == "hang":
            time.sleep(3600)
        elif self.kind == "bomb":
            held = []
            while True:
                held.append(bytearray(b"x" * (16 << 20)))
        else:
            os.kill(os.getpid(), getattr(signal, f"SIG{self.kind.upper().replace('ABORT', 'ABRT')}"))


if __name__ == "__main__":
    sys.exit(main())
