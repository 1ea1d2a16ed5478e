"""Writing a small file whole or not at all, so that a kill at any moment leaves nothing beside it for good."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def write_whole(path: Path, text: str, *, errors: str = "strict") -> None:
    """Replace `path` by this text (UTF-8) at once; a reader sees the old file or the new one.

    The temporary name follows from the file's own: what a killed process left there, the next one writes over and
    renames. Of two processes that write the same file one waits for the other.
    """
    part = path.with_name(f".{path.name}.part")
    descriptor = _claim(part)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors=errors) as file:
        file.truncate()
        file.write(text)
        file.flush()
        part.replace(path)


def _claim(part: Path) -> int:
    """A descriptor of the file of this name, which nobody else writes."""
    while True:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Whoever had it before us may have renamed the file that we opened: it is then the finished one.
        try:
            if os.fstat(descriptor).st_ino == part.stat().st_ino:
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)
