"""When a unit may be worked on: a folder arrives file by file."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from animeflow.hubs.base import HubBackend, RemoteFile
from animeflow.settings.source import SourceSettings
from animeflow.source.units import Unit

By = Literal["archive", "marker", "checksums", "quiet"]
_LINE = re.compile(r"^([0-9a-fA-F]{64}) [ *](.+)$")
_LIST_BYTES = 1 << 24


@dataclass(frozen=True)
class Completeness:
    """Whether a unit is complete, by which rule, or what it waits for."""

    ready: bool
    by: By | None = None
    waits_for: str = ""


def completeness(
    unit: Unit,
    hub: HubBackend,
    settings: SourceSettings,
    *,
    now: float,
    first_seen: float | None = None,
    digests: MutableMapping[tuple[str, str], str] | None = None,
) -> Completeness:
    """Whether a unit may be worked on, at the time `now` (seconds since 1970).

    An archive of a hub whose files appear whole is complete; so is a folder with a marker, or whose checksum list is
    satisfied. All else is complete when nothing in it has changed for `quiet_seconds`; `first_seen` is when this digest
    was first seen, for hubs that do not say when a file changed and for clocks that run ahead. `digests` remembers
    {(path, etag): sha256} between calls, so that a checksum list costs one reading of each file.
    """
    if unit.kind == "archive" and hub.atomic_files:
        return Completeness(True, "archive")
    names = {PurePosixPath(file.path).name: file for file in (*unit.files, *unit.others)}
    if unit.kind in ("folder", "loose"):
        if any(marker in names for marker in settings.markers):
            return Completeness(True, "marker")
        if settings.checksums in names:
            return _by_checksums(hub, names, settings.checksums, {} if digests is None else digests)
    return _by_quiet(unit, settings.quiet_seconds, now, first_seen)


def parse_checksums(text: str) -> dict[str, str]:
    """{name: sha256} from lines as `sha256sum` writes them; other lines are passed over."""
    matches = (_LINE.match(line.strip()) for line in text.splitlines())
    return {match[2].removeprefix("./"): match[1].lower() for match in matches if match}


def _by_checksums(
    hub: HubBackend, names: dict[str, RemoteFile], listing: str, digests: MutableMapping[tuple[str, str], str]
) -> Completeness:
    text = hub.read_start(names[listing].path, _LIST_BYTES).decode("utf-8", "surrogateescape")
    # Names with a slash lie in sub-folders, which are units of their own.
    wanted = {name: sha256 for name, sha256 in parse_checksums(text).items() if "/" not in name}
    if not wanted:
        return Completeness(False, waits_for=f"{listing} names no file of this folder")
    if missing := sorted(set(wanted) - set(names)):
        return Completeness(False, waits_for=f"{missing[0]!r}, which {listing} names, is not there")
    for name, sha256 in sorted(wanted.items()):
        if _sha256(hub, names[name], digests) != sha256:
            return Completeness(False, waits_for=f"{name!r} is not yet what {listing} says")
    return Completeness(True, "checksums")


def _sha256(hub: HubBackend, file: RemoteFile, digests: MutableMapping[tuple[str, str], str]) -> str:
    key = (file.path, file.etag)
    if key not in digests:
        digests[key] = file.sha256 or hub.sha256(file.path)
    return digests[key]


def _by_quiet(unit: Unit, quiet: float, now: float, first_seen: float | None) -> Completeness:
    # A time in the future says nothing about how long ago the change was.
    known = [when for when in (unit.newest_change, first_seen) if when is not None and when <= now]
    waited = now - max(known) if known else 0.0
    if waited >= quiet:
        return Completeness(True, "quiet")
    return Completeness(False, waits_for=f"{quiet - waited:.0f} s without a change")


def catalog_row(unit: Unit, state: Completeness) -> dict[str, object]:
    """The row of a unit in `source_catalog`."""
    return {
        "shard": unit.key,
        "path": unit.name,
        "kind": unit.kind,
        "files": len(unit.files),
        "ignored": len(unit.others),
        "size_bytes": unit.bytes,
        "digest": unit.digest,
        "complete": state.ready,
        "complete_by": state.by,
    }
