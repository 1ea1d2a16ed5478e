"""A folder of this machine as a dataset repository."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from animeflow.errors import DiskFull, HubUnavailable, InputError, PublishRejected
from animeflow.hubs.atomic import TEMPORARY, copy_whole, create_whole
from animeflow.hubs.base import (
    Fault,
    LocalFile,
    RemoteFile,
    hash_stream,
    listing_digest,
    part_of,
    require_relative,
    resume,
)
from animeflow.tables.staging import fsync

_FULL = (28, 122)  # ENOSPC, EDQUOT


Hidden = Callable[[Path], bool]


def _nothing_hidden(folder: Path) -> bool:  # noqa: ARG001 the signature of `hidden`
    return False


class FolderHub:
    """Files under `root`, or the single file `only` of it. Folders that are `hidden` are not gone into.

    Symbolic links are followed, but those to folders of the repository itself (they may loop, and what is there is
    listed anyway); sockets, pipes and devices do not exist for us. A write goes to a temporary name, is fsynced and
    renamed: a reader never sees half a file.
    """

    atomic_files = False

    def __init__(
        self, root: Path, *, only: str | None = None, hidden: Callable[[Path], bool] = _nothing_hidden
    ) -> None:
        self.root = root.absolute()
        self.hidden = hidden
        self.only = only
        self.single = only is not None

    def head(self) -> str:
        return listing_digest(self.list())

    def at(self, revision: str) -> Self:  # noqa: ARG002 part of the protocol
        return self  # no history: a file that changed since it was listed is refused when it is fetched

    def list(self, prefix: str = "") -> Iterator[RemoteFile]:
        if self.only is not None:
            found = self._file(self.root / self.only)
            yield from [found] if found else []
            return
        start = self.root / prefix if prefix else self.root
        yield from sorted(self._walk(start), key=lambda file: file.path)

    def read_start(self, path: str, size: int) -> bytes:
        try:
            with self.local_path(path).open("rb") as file:
                return file.read(size)
        except OSError as error:
            raise self._unreadable(error, path) from error

    def sha256(self, path: str) -> str:
        try:
            with self.local_path(path).open("rb") as stream:
                return hash_stream(stream)
        except OSError as error:
            raise self._unreadable(error, path) from error

    def local_path(self, path: str) -> Path:
        """Where a file lies: lets the caller link instead of copying."""
        require_relative(path)
        return self.root / path

    def changed_since(self, file: RemoteFile) -> bool:
        """Whether a file is no longer what was listed."""
        now = self._file(self.local_path(file.path))
        return now is None or now.etag != file.etag

    def fetch_resumable(self, file: RemoteFile, target: Path) -> str:
        """Copy to `target`. HubUnavailable when the source changed since it was listed."""
        part = part_of(target, file)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.local_path(file.path).open("rb") as stream:
                sha256 = resume(stream, part)
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFull(f"no room for {file.path!r}", path=target) from error
            raise self._unreadable(error, file.path) from error
        if self.changed_since(file) or part.stat().st_size != file.size:
            part.unlink()
            raise HubUnavailable(f"{file.path!r} changed while it was read", hint="try again")
        part.replace(target)
        return sha256

    def publish(self, files: Sequence[LocalFile]) -> None:
        for file in files:
            self._put(file)

    def put_if_absent(self, path: str, data: bytes) -> bool:
        target = self.local_path(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            return create_whole(target, data)
        except OSError as error:
            raise _unwritable(error, path) from error

    def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            target = self.local_path(path)
            try:
                target.unlink(missing_ok=True)
            except OSError as error:
                raise _unwritable(error, path) from error
            self._prune(target.parent)

    def verify(self, files: Sequence[LocalFile]) -> Sequence[Fault]:
        return [fault for file in files if (fault := self._fault(file))]

    def _walk(self, start: Path) -> Iterator[RemoteFile]:
        home, seen = self.root.resolve(), set[Path]()
        for folder, folders, names in os.walk(start, followlinks=True):
            here = Path(folder)
            folders[:] = sorted(
                name
                for name in folders
                if not self.hidden(here / name) and _leads_on(here / name, home, seen)
            )
            for name in names:
                if not name.startswith(TEMPORARY) and (found := self._entry(here / name)):
                    yield found

    def _entry(self, path: Path) -> RemoteFile | None:
        """The file; a link that leads nowhere too, so that its name is not lost without a word."""
        if path.is_symlink() and not path.exists():
            return RemoteFile(path.relative_to(self.root).as_posix(), size=0, etag="leads nowhere")
        return self._file(path)

    def _file(self, path: Path) -> RemoteFile | None:
        """The file, or None when it is none, leads nowhere, or went away."""
        try:
            status = path.stat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return RemoteFile(
            path=path.relative_to(self.root).as_posix(),
            size=status.st_size,
            etag=f"{status.st_size}-{status.st_mtime_ns}",
            # A file that was moved or copied in with its old times has a young ctime.
            changed=max(status.st_mtime, status.st_ctime),
        )

    def _put(self, file: LocalFile) -> None:
        target = self.local_path(file.path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_whole(file.local, target, sha256=file.sha256)
        except OSError as error:
            raise _unwritable(error, file.path) from error

    def _fault(self, file: LocalFile) -> Fault | None:
        target = self.local_path(file.path)
        if self._file(target) is None:
            return Fault(file.path, "missing")
        size = target.stat().st_size
        if size != file.size:
            return Fault(file.path, f"{size} bytes, {file.size} wanted")
        found = self.sha256(file.path)
        return None if found == file.sha256 else Fault(file.path, f"sha256 {found}, {file.sha256} wanted")

    def _unreadable(self, error: OSError, path: str) -> InputError:
        place = self.local_path(path)
        if place.is_symlink() and not place.exists():
            return InputError(
                f"is a link to {str(place.readlink())!r}, which is not there",
                path=path,
                hint="is its disk mounted?",
            )
        return InputError(f"cannot be read: {error.strerror}", path=path)

    def _prune(self, folder: Path) -> None:
        """Remove folders that a deletion left empty, up to the root."""
        while folder != self.root and folder.is_relative_to(self.root):
            try:
                folder.rmdir()
            except OSError:
                return
            fsync(folder.parent)
            folder = folder.parent


def _leads_on(folder: Path, home: Path, seen: set[Path]) -> bool:
    """Whether to go into a folder: a link only when it leads out of the repository, and not there a second time."""
    if not folder.is_symlink():
        return True
    place = folder.resolve()
    if place.is_relative_to(home) or home.is_relative_to(place) or place in seen:
        return False
    seen.add(place)
    return True


def _unwritable(error: OSError, path: str) -> DiskFull | PublishRejected:
    if error.errno in _FULL:
        return DiskFull(
            f"the target has no room for {path!r}", hint="free some room there; what is there stays"
        )
    return PublishRejected(
        f"the target does not take {path!r}: {error.strerror}", hint="is it writable for this user?"
    )
