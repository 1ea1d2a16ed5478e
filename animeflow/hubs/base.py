"""What every dataset repository can do, and the values that pass through."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, Self, runtime_checkable

from animeflow.errors import ContractError

BLOCK = 1 << 20  # bytes read at once: memory does not depend on the size of a file


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository.

    `path` is POSIX and relative to the repository; `etag` changes whenever the content does; `sha256` is there where
    the hub knows it without reading; `changed` is the last change in seconds since 1970, where the hub says.
    """

    path: str
    size: int
    etag: str
    sha256: str | None = None
    changed: float | None = None

    def __post_init__(self) -> None:
        require_relative(self.path)
        if self.size < 0:
            raise ContractError(f"{self.path!r}: a size of {self.size} bytes")


@dataclass(frozen=True)
class LocalFile:
    """A file that is to be published under `path`, with the size and sha256 that the remote must then have."""

    path: str
    local: Path
    size: int
    sha256: str

    def __post_init__(self) -> None:
        require_relative(self.path)


@dataclass(frozen=True)
class Fault:
    """A file that the remote lacks, or has otherwise than wanted, and in which way."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


@runtime_checkable
class HubBackend(Protocol):
    """A dataset repository: a folder, an object store, Hugging Face, ModelScope.

    All calls raise HubUnavailable (transient) where trying again may help, PublishRejected or InputError where not.
    Hubs without history cannot be pinned to a revision: they refuse a file whose etag changed since it was listed.
    """

    atomic_files: bool
    """Whether a file appears whole or not at all (object stores, commits); a copy into a folder grows."""

    single: bool
    """Whether the repository is one file that somebody named."""

    def head(self) -> str:
        """A digest or commit id that changes when anything in the repository changes."""

    def at(self, revision: str) -> Self:
        """The repository as it was at a revision that `head` returned; reads are pinned to it."""

    def list(self, prefix: str = "") -> Iterator[RemoteFile]:
        """All files under a folder, sorted by path; nothing when there is no such folder."""

    def read_start(self, path: str, size: int) -> bytes:
        """The first bytes of a file, fewer when it is shorter."""

    def sha256(self, path: str) -> str:
        """sha256 of a file: asked for, or read where the hub does not know it."""

    def fetch_resumable(self, file: RemoteFile, target: Path) -> str:
        """Download to `target` and return the sha256. What an interrupted call left in `part_of` is used."""

    def publish(self, files: Sequence[LocalFile]) -> None:
        """Upload these files, each whole or not at all; in one commit where the hub has commits."""

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Create a small file; False when somebody else has."""

    def remove(self, paths: Sequence[str]) -> None:
        """Delete files; those already gone are no error."""

    def verify(self, files: Sequence[LocalFile]) -> Sequence[Fault]:
        """Look at the remote: the files that are missing there or differ in size or sha256."""


def require_relative(path: str) -> None:
    """ContractError unless a path is POSIX, relative, normalised and stays inside the repository."""
    parts = PurePosixPath(path).parts
    if not path or "\0" in path or path.startswith("/") or ".." in parts or "/".join(parts) != path:
        raise ContractError(f"not a path inside a repository: {path!r}")


def hash_stream(stream: BinaryIO, sink: BinaryIO | None = None) -> str:
    """Hex sha256 of what is left in a stream; a sink gets a copy."""
    digest = hashlib.sha256()
    while block := stream.read(BLOCK):
        digest.update(block)
        if sink is not None:
            sink.write(block)
    return digest.hexdigest()


def part_of(target: Path, file: RemoteFile) -> Path:
    """Where an unfinished download lies: the etag is in the name, so that an older version is never continued."""
    etag = hashlib.sha256(file.etag.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return target.with_name(f".{etag}.part")


def resume(stream: BinaryIO, part: Path) -> str:
    """Append what is missing to `part` from a seekable stream, fsync, and return the sha256 of the whole."""
    have = part.stat().st_size if part.exists() else 0
    digest = hashlib.sha256()
    with part.open("r+b" if have else "wb") as sink:
        while block := sink.read(BLOCK) if have else b"":
            digest.update(block)
        stream.seek(have)
        while block := stream.read(BLOCK):
            digest.update(block)
            sink.write(block)
        sink.flush()
        os.fsync(sink.fileno())
    return digest.hexdigest()


def listing_digest(files: Iterator[RemoteFile] | Sequence[RemoteFile]) -> str:
    """Hex sha256 over (path, size, etag) in order of path."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda f: f.path):
        line = f"{file.path}\0{file.size}\0{file.etag}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
