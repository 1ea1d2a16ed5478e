"""Bringing a file of the source here: linked where it is on the same file system, else copied or downloaded."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from animeflow.errors import HubUnavailable, InputError
from animeflow.hubs.base import HubBackend, RemoteFile, hash_stream
from animeflow.hubs.folder import FolderHub

_FICLONE = 0x40049409  # <linux/fs.h>: share the blocks until one of the two files is written


def fetch(hub: HubBackend, file: RemoteFile, target: Path, *, link: bool) -> str:
    """Bring a file to `target` and return its sha256.

    A clone that shares blocks (btrfs, XFS) is tried first, because a hard link lets a later change of the source change
    our copy; then a hard link, then a copy. Raises InputError when it cannot be read, HubUnavailable when it changed
    since it was listed.
    """
    if link and isinstance(hub, FolderHub) and _share(hub.local_path(file.path), target):
        return _hash_linked(hub, file, target)
    return hub.fetch_resumable(file, target)


def _share(source: Path, target: Path) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    return _clone(source, target) or _hard_link(source, target)


def _clone(source: Path, target: Path) -> bool:
    try:
        with source.open("rb") as origin, target.open("xb") as copy:
            fcntl.ioctl(copy.fileno(), _FICLONE, origin.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True


def _hard_link(source: Path, target: Path) -> bool:
    try:
        os.link(source.resolve(), target)
    except OSError:
        return False
    return True


def _hash_linked(hub: FolderHub, file: RemoteFile, target: Path) -> str:
    try:
        with target.open("rb") as stream:
            sha256 = hash_stream(stream)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise InputError(f"cannot be read: {error.strerror}", path=file.path) from error
    if hub.changed_since(file):
        target.unlink()
        raise HubUnavailable(f"{file.path!r} changed while it was read", hint="try again")
    return sha256
