"""From a unit to the files that may be videos: listed, or unpacked from its archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from animeflow.errors import ArchiveError, HubUnavailable, InputError
from animeflow.hubs.base import HubBackend, RemoteFile, hash_stream
from animeflow.hubs.folder import FolderHub
from animeflow.media.demux.heads import HEAD_BYTES, begins_as_video, other_video
from animeflow.media.extract import ExtractLimits, extract_archive
from animeflow.settings.source import SourceSettings
from animeflow.source.archives import (
    damage,
    is_archive,
    is_named_archive,
    unsupported,
)
from animeflow.source.fetch import fetch
from animeflow.source.names import as_text
from animeflow.source.units import Unit, is_ignored, is_video
from animeflow.tables.status import Reason, State, Status

GB = 1_000_000_000
# Their containers are those of videos, and they hold none.
_SOUND_AND_PICTURES = (".m4a", ".m4b", ".mka", ".mks", ".ogg", ".oga", ".opus", ".heic", ".heif", ".avif")


@dataclass(frozen=True)
class Candidate:
    """A file that may be a video. `bring(target)` puts it there and returns its sha256."""

    path: str
    size: int
    bring: Callable[[Path], str]


@dataclass
class Found:
    """What a unit holds: candidates, files refused (status, size in bytes), archives in its archive in the same
    way, and how many others are passed over.
    """

    candidates: list[Candidate] = field(default_factory=list)
    refused: list[tuple[Status, int]] = field(default_factory=list)
    archives: list[tuple[Status, int]] = field(default_factory=list)
    ignored: int = 0

    def note_other(self, path: str, size: int, read_head: Callable[[], bytes]) -> None:
        """A file that is not called a video: refused in words when it looks like one, noted when it is an archive."""
        try:
            head = read_head()
        except (InputError, OSError):
            head = b""
        if is_named_archive(path) or is_archive(path, head):
            message = "is an archive in an archive, and is not unpacked: unpack it yourself, or put it beside this one"
            self.archives.append(
                (Status(as_text(path), None, State.SKIPPED, Reason.NOT_MEDIA, message=message), size)
            )
            return
        suffix = PurePosixPath(path).suffix.lower().removeprefix(".")
        if (other := other_video(head)) is not None:
            message = ": ".join(other)
        elif _looks_like_video(path, head):
            message = (
                f"looks like a video, but is called {suffix!r}: rename it, or add that to source.extensions"
            )
        else:
            self.ignored += 1
            return
        self.refused.append(
            (Status(as_text(path), None, State.SKIPPED, Reason.NOT_MEDIA, message=message), size)
        )


def find_candidates(unit: Unit, hub: HubBackend, incoming: Path, settings: SourceSettings) -> Found:
    """The files of a unit in order of path; those of an archive are unpacked into `incoming`.

    An archive that is broken or hostile is refused whole: one status, named like the archive. Raises DiskFull, and
    HubUnavailable when the archive changed since it was listed.
    """
    if unit.kind == "archive":
        return _of_archive(unit, hub, incoming, settings)
    found = Found()
    for file in sorted(unit.files, key=lambda f: f.path):
        bring = partial(_fetch, hub, file, settings.hard_links)
        found.candidates.append(Candidate(unit.inside(file), file.size, bring))
    for other in unit.others:
        found.note_other(unit.inside(other), other.size, partial(hub.read_start, other.path, HEAD_BYTES))
    return found


def _of_archive(unit: Unit, hub: HubBackend, incoming: Path, settings: SourceSettings) -> Found:
    (file,) = unit.files
    root, found = incoming / "unpacked", Found()
    try:
        paths = _unpack(hub, file, root, settings)
    except InputError as error:
        error.path = None  # where it was unpacked is no business of a table
        status = Status.of_error(error, path=as_text(unit.inside(file)), video_id=None)
        found.refused.append((status, file.size))
        return found
    for path in sorted(paths):
        inside = path.relative_to(root).as_posix()
        if is_ignored(inside, settings.ignore):
            found.ignored += 1
        elif is_video(inside, settings):
            found.candidates.append(Candidate(inside, path.stat().st_size, partial(_move, path)))
        else:
            found.note_other(inside, path.stat().st_size, partial(_head_of, path))
    return found


def _unpack(hub: HubBackend, file: RemoteFile, target: Path, settings: SourceSettings) -> list[Path]:
    head = hub.read_start(file.path, HEAD_BYTES)
    if reason := unsupported(head):
        raise ArchiveError(reason, hint="repack it as zip or tar")
    if (damaged := damage(file.path, head)) is not None:
        raise damaged
    limits = ExtractLimits(
        max_members=settings.extraction.max_members,
        max_bytes=int(settings.extraction.max_total_gb * GB),
        max_ratio=settings.extraction.max_ratio,
    )
    if not isinstance(hub, FolderHub):
        local = target.with_name("archive")
        hub.fetch_resumable(file, local)
        return extract_archive(local, target, limits=limits)
    paths = extract_archive(hub.local_path(file.path), target, limits=limits)
    if hub.changed_since(file):
        raise HubUnavailable(f"{file.path!r} changed while it was unpacked", hint="try again")
    return paths


def _fetch(hub: HubBackend, file: RemoteFile, link: bool, target: Path) -> str:
    return fetch(hub, file, target, link=link)


def _move(path: Path, target: Path) -> str:
    path.rename(target)
    with target.open("rb") as stream:
        return hash_stream(stream)


def _looks_like_video(path: str, head: bytes) -> bool:
    if PurePosixPath(path).suffix.lower() in _SOUND_AND_PICTURES:
        return False
    return begins_as_video(head)


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
