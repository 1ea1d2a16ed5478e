"""Functions that tests run in a decoding worker."""

from __future__ import annotations

import errno
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from animeflow.errors import ProbeError
from animeflow.media import command
from animeflow.media.command import check_stop
from animeflow.media.decode.counting import count_decoded

IMPORTED_EARLY = (
    getattr(command.on_check, "__name__", "") == "_no_watcher"
)  # a worker watches from when it is ready


def same(*args: Any, **kwargs: Any) -> Any:
    """What came in."""
    return [*args, kwargs]


def facts() -> dict[str, Any]:
    """What the worker is like."""
    heavy = [name for name in ("torch", "dagster", "onnxruntime") if name in sys.modules]
    return {
        "pid": os.getpid(),
        "group": os.getpgid(0),
        "heavy": heavy,
        "cuda": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
    }


def loaded() -> bool:
    """Whether this module was imported before the worker said that it is ready."""
    return IMPORTED_EARLY


def knows_pandas_after_a_table() -> bool:
    """Whether making a table has imported pandas."""
    import pyarrow as pa

    assert pa.table({"a": [1, 2], "b": ["x", None]}).num_rows == 2
    return "pandas" in sys.modules


def is_there(path: Path) -> bool:
    """Whether there is such a file, seen from the worker."""
    return path.is_file()


def fail(kind: str) -> None:
    """Raise what is asked for."""
    if kind == "animeflow":
        raise ProbeError("is odd", reason="unreadable", path="a.mkv", hint="mend it")
    if kind == "disk":
        raise OSError(errno.ENOSPC, "No space left on device", "b.webp")
    raise ValueError("never seen")


def take(megabytes: int) -> int:
    """Hold so much memory for a moment."""
    return len(b"x" * (megabytes << 20))


def pause(seconds: float, *, alive: bool) -> str:
    """Work for so long, with or without signs of life."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)
        if alive:
            check_stop()
    return "done"


def count(frames: int, *, die_at: int | None = None, once: Path | None = None) -> Iterator[int]:
    """Numbers, each counted as a decoded frame; dies at one of them, only the first time where `once` is a file."""
    for number in range(frames):
        if number == die_at and (once is None or not once.exists()):
            if once is not None:
                once.touch()
            os.abort()
        count_decoded("test")
        yield number


def chatter() -> str:
    """Print on standard output, as libraries do."""
    print("x" * 100_000)  # noqa: T201
    os.write(1, b"y" * 100_000)
    return "said"
