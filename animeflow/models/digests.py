"""sha256 of files, remembered for this process by path, size and time of change."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import IO

CHUNK_BYTES = 1 << 20

_known: dict[tuple[str, int, int, int], str] = {}
_lock = threading.Lock()


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file. A file that did not change (size, mtime, inode) is read once per process."""
    state = path.stat()
    key = (str(path), state.st_size, state.st_mtime_ns, state.st_ino)
    with _lock:
        if key in _known:
            return _known[key]
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with _lock:
        _known[key] = digest
    return digest


def copy_stream(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy in chunks of 1 MiB."""
    while chunk := source.read(CHUNK_BYTES):
        target.write(chunk)
