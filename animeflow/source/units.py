"""What a shard of a source is, found by listing alone.

archive   an archive file
folder    a folder that directly holds videos (sub-folders are units of their own)
loose     the videos that lie in the root beside folders and archives
file      the source is one video
"""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

from animeflow.errors import InputError
from animeflow.hubs.base import HubBackend, RemoteFile, listing_digest
from animeflow.media.demux.heads import HEAD_BYTES, begins_as_video
from animeflow.settings.source import SourceSettings
from animeflow.source.archives import is_archive, is_named_archive
from animeflow.source.names import as_text
from animeflow.tables.ids import shard_key
from animeflow.tables.words import plural

Kind = Literal["archive", "folder", "loose", "file"]
ROOT = "."


@dataclass(frozen=True)
class Unit:
    """A shard before it is fetched: its path in the source, the files that are taken, and those beside them."""

    path: str
    kind: Kind
    files: tuple[RemoteFile, ...]
    others: tuple[RemoteFile, ...] = ()

    @cached_property
    def key(self) -> str:
        """The partition key."""
        return shard_key(self.path)

    @property
    def bytes(self) -> int:
        """Size of the files that are taken, in bytes."""
        return sum(file.size for file in self.files)

    @cached_property
    def digest(self) -> str:
        """sha256 over path, size and etag of the files that are taken: another digest, another content."""
        return listing_digest(self.files)

    @property
    def newest_change(self) -> float | None:
        """The latest change of a file in it, in seconds since 1970; None where the hub does not say."""
        found = [file.changed for file in (*self.files, *self.others) if file.changed is not None]
        return max(found, default=None)

    @property
    def name(self) -> str:
        """The path as tables show it."""
        return as_text(self.path)

    @property
    def label(self) -> str:
        """The key for people: with the path beside it where the key cannot hold its letters."""
        return self.key if self.name.isascii() else f"{self.key} {self.name!r}"

    def inside(self, file: RemoteFile) -> str:
        """The path of a file inside the unit."""
        return PurePosixPath(file.path).name


def list_units(hub: HubBackend, settings: SourceSettings) -> list[Unit]:
    """All units of a source, sorted by path. Only names, sizes and the first bytes of other files are looked at.

    Raises InputError when the source holds neither a video nor an archive.
    """
    files = [file for file in hub.list() if not is_ignored(file.path, settings.ignore)]
    if hub.single:
        return [_only(hub, file) for file in hub.list()]
    units: list[Unit] = []
    for folder, group in itertools.groupby(
        sorted(files, key=lambda f: (_parent(f.path), f.path)), _folder_of
    ):
        units += _units_of(hub, folder, list(group), settings)
    if not units:
        raise InputError(
            _nothing(len(files), settings),
            path=settings.hub.location,
            hint="does the source point to the right folder?",
        )
    return sorted(units, key=lambda unit: unit.path)


def find_unit(units: Iterable[Unit], key: str) -> Unit:
    """The unit of a partition; InputError when the source has it no more."""
    known = {unit.key: unit for unit in units}
    if key not in known:
        raise InputError(
            f"the source has no unit with the key {key!r}",
            hint="it was moved or deleted; present: " + ", ".join(sorted(known)[:5]),
        )
    return known[key]


def is_video(path: str, settings: SourceSettings) -> bool:
    """Whether a file is taken for a video, by its name."""
    return PurePosixPath(path).suffix.lower().removeprefix(".") in settings.extensions


def is_ignored(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file or one of its folders does not exist for us."""
    return any(
        fnmatch.fnmatchcase(part, pattern) for part in PurePosixPath(path).parts for pattern in patterns
    )


def _only(hub: HubBackend, file: RemoteFile) -> Unit:
    """The unit of a source that is one file: whoever names it means it, whatever it is called."""
    archive = _is_archive(hub, file) and not begins_as_video(_head(hub, file))
    return Unit(file.path, "archive" if archive else "file", (file,))


def _is_archive(hub: HubBackend, file: RemoteFile) -> bool:
    """By its bytes; one that is only called an archive is a unit too, which fails and says why."""
    return is_named_archive(file.path) or is_archive(file.path, _head(hub, file))


def _head(hub: HubBackend, file: RemoteFile) -> bytes:
    try:
        return hub.read_start(file.path, HEAD_BYTES)
    except InputError:
        return b""  # it cannot be read: no reason to fail the others


def _units_of(hub: HubBackend, folder: str, files: list[RemoteFile], settings: SourceSettings) -> list[Unit]:
    videos = tuple(file for file in files if is_video(file.path, settings))
    others = [file for file in files if not is_video(file.path, settings)]
    archives = [file for file in others if _is_archive(hub, file)]
    units = [Unit(file.path, "archive", (file,)) for file in archives]
    if videos:
        rest = tuple(file for file in others if file not in archives)
        units.append(Unit(folder, "loose" if folder == ROOT else "folder", videos, rest))
    return units


def _parent(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()


def _folder_of(file: RemoteFile) -> str:
    return _parent(file.path)


def _nothing(files: int, settings: SourceSettings) -> str:
    return (
        f"holds no unit: {plural(files, 'file')}, none of them an archive or a video "
        f"(names that end in {', '.join(settings.extensions)})"
    )
