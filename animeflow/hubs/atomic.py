"""Writing a file whole or not at all: temporary name, fsync, rename."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from animeflow.errors import HubUnavailable, PublishRejected
from animeflow.hubs.base import hash_stream
from animeflow.tables.staging import fsync

TEMPORARY = ".animeflow-"


def copy_whole(source: Path, target: Path, *, sha256: str) -> None:
    """Copy a file over `target`; PublishRejected, with the target as it was, unless its bytes have this sha256.

    The temporary name follows from the target's, so that what a killed process left is written over by the next.
    HubUnavailable when another process writes the same file now.
    """
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    temporary = target.with_name(f"{TEMPORARY}{name}")
    with _claimed(temporary) as file:
        try:
            with source.open("rb") as stream:
                found = hash_stream(stream, file)
            _require(found == sha256, source)
            _settle(file)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    fsync(target.parent)


def create_whole(target: Path, data: bytes) -> bool:
    """Create `target` with these bytes; False when it exists. Of several writers exactly one gets True."""
    temporary = target.with_name(f"{TEMPORARY}{uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            _settle(file)
        os.link(temporary, target)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    fsync(target.parent)
    return True


@contextmanager
def _claimed(path: Path) -> Iterator[BinaryIO]:
    """An empty file under this name that no other process writes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held the lock before may have renamed the file we opened: it is then somebody's result.
            mine = os.fstat(file.fileno()).st_ino == path.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            mine = False
        if not mine:
            raise HubUnavailable("another process is publishing the same file", path=path)
        file.truncate()
        yield file


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _require(intact: bool, source: Path) -> None:
    if not intact:
        raise PublishRejected(
            "the local file is not what its row says", path=source, hint="materialise its asset again"
        )
