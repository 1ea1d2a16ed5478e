"""The files of a shard: fetched or unpacked, hashed, probed, and stored by id. One row and one status per file."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.errors import AnimeflowError, InputError, OutOfMemory, ProbeError, StageFailed, TransientError
from animeflow.hubs.base import HubBackend
from animeflow.media.decode.counting import counting_decodes
from animeflow.media.encode.restore import restore
from animeflow.media.isolation import isolate
from animeflow.media.probe.file import Probe
from animeflow.media.probe.scan import Scan
from animeflow.settings.source import SourceSettings
from animeflow.settings.tree import Settings
from animeflow.source.candidates import GB, Candidate, Found, find_candidates
from animeflow.source.names import as_text, media_suffix
from animeflow.source.units import Unit
from animeflow.tables import ids
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging
from animeflow.tables.status import Reason, State, Status
from animeflow.tables.words import listed, plural

OnFile = Callable[[int, int, str], None]
Prober = Callable[[Path], Probe]
Scanner = Callable[[Path, Probe], Scan]


@dataclass(frozen=True)
class SourceRun:
    """What became of a unit: the table `shard_files`, one status per row, and how many other files lay there."""

    table: pa.Table
    statuses: tuple[Status, ...]
    ignored: int


def take_unit(
    unit: Unit,
    hub: HubBackend,
    staging: Staging,
    settings: SourceSettings,
    *,
    on_file: OnFile | None = None,
    prober: Prober | None = None,
    scanner: Scanner | None = None,
    ffmpeg: Path | None = None,
) -> SourceRun:
    """Bring a unit's videos into the staging folder as media/<video_id><extension>.

    A file that cannot be read, is no video, or repeats another one gives a row with the reason, and the others go on;
    the first of several equal files in order of path is kept. `on_file` is told (number, of how many, path).
    A file that crashes or stalls its decoder costs a row too: `prober` and `scanner` are by default those of a worker
    process.
    Raises StageFailed when the unit holds no video at all, and transient errors (a full disk, a hub that does not
    answer).
    """
    incoming = staging.folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    prober, scanner = prober or supervised_probe(settings), scanner or supervised_scan(settings)
    taking = Taking(staging, settings, incoming / "file", prober, scanner, ffmpeg)
    try:
        found = find_candidates(unit, hub, incoming, settings)
        for number, candidate in enumerate(found.candidates, 1):
            if on_file is not None:
                on_file(number, len(found.candidates), as_text(candidate.path))
            taking.add(candidate)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    if not found.candidates and not found.refused:
        raise StageFailed(_empty(unit, found, settings))
    for status, size in (*found.refused, *found.archives):
        taking.refuse(status, size)
    rows = sorted(taking.rows, key=lambda row: str(row["path"]))
    statuses = sorted(taking.statuses, key=lambda status: status.path)
    return SourceRun(TABLES["shard_files"].table(rows), tuple(statuses), found.ignored)


def supervised_probe(settings: SourceSettings, **options: Any) -> Prober:
    """`media.probe.file.probe` with these options, in a worker process with the limits of `settings.decode`."""

    def prober(path: Path) -> Probe:
        facts: Probe = isolate.call(
            "animeflow.media.probe.file:probe", path, limits=settings.decode, **options
        )
        return facts

    return prober


def probe_within(settings: Settings, **options: Any) -> Prober:
    """`supervised_probe` within the settings' limits of a picture and of a file."""
    decode = settings.shots.decode
    return supervised_probe(
        settings.source, max_pixels=decode.max_pixels, max_frames=decode.max_frames, **options
    )


def supervised_scan(settings: SourceSettings, **options: Any) -> Scanner:
    """`media.probe.scan.scan` in the same way."""

    def scanner(path: Path, facts: Probe) -> Scan:
        found: Scan = isolate.call(
            "animeflow.media.probe.scan:scan", path, facts, limits=settings.decode, **options
        )
        return found

    return scanner


class Taking:
    """Takes one candidate after the other; holds nothing but their rows."""

    def __init__(
        self,
        staging: Staging,
        settings: SourceSettings,
        place: Path,
        prober: Prober,
        scanner: Scanner,
        ffmpeg: Path | None,
    ) -> None:
        self.rows: list[dict[str, Any]] = []
        self.statuses: list[Status] = []
        self._staging, self._settings, self._place = staging, settings, place
        self._probe, self._scan, self._ffmpeg = prober, scanner, ffmpeg
        self._first_of: dict[str, str] = {}

    def add(self, candidate: Candidate) -> None:
        """One row and one status, whatever the file is."""
        row: dict[str, Any] = {"path": as_text(candidate.path), "size_bytes": candidate.size}
        with counting_decodes() as decoded:
            try:
                status = self._take(candidate, row)
            except OutOfMemory as error:  # one file's: the row is transient, and the others go on
                status = self._failed(error, row)
            except TransientError:
                raise
            except AnimeflowError as error:
                status = self._failed(error, row)
            except Exception as error:  # noqa: BLE001 a stranger's file must not take the others down
                status = self._failed(InputError(f"{type(error).__name__}: {error}", reason="internal"), row)
        self._place.unlink(missing_ok=True)
        self.statuses.append(replace(status, frames_decoded=sum(decoded.values())))
        self.rows.append(row | {"usable": status.ok, "error": None if status.ok else status.message})

    def refuse(self, status: Status, size: int) -> None:
        """A file that is not even tried."""
        self.statuses.append(status)
        self.rows.append({"path": status.path, "size_bytes": size, "usable": False, "error": status.message})

    def _failed(self, error: AnimeflowError, row: dict[str, Any]) -> Status:
        error.path = None  # it lies in a staging folder now, and tables hold no such path
        frames = row.get("frames")
        status = Status.of_error(error, path=row["path"], video_id=row.get("video_id"), source_frames=frames)
        return replace(status, message=_clean(status.message).replace(str(self._place), "the file"))

    def _take(self, candidate: Candidate, row: dict[str, Any]) -> Status:
        _require_size(candidate.size, self._settings)
        row["sha256"] = sha256 = candidate.bring(self._place)
        row["video_id"] = video = ids.video_id(sha256)
        first = self._first_of.setdefault(sha256, row["path"])
        if first != row["path"]:
            message = f"has the bytes of {first!r}"
            return Status(row["path"], video, State.SKIPPED, Reason.DUPLICATE, message=message)
        facts = self._probe(self._place)
        row |= {name: _clean(value) for name, value in facts.to_row().items()}
        _require_film(facts, self._settings)
        fields = self._scan(self._place, facts)
        row |= fields.to_row()
        if (
            self._settings.restore == "film"
            and (film := self._restored(video, facts, fields, row)) is not None
        ):
            return Status(row["path"], video, source_frames=film.video.frames)
        target = self._staging.path(f"{video}{media_suffix(candidate.path)}")
        self._place.rename(target)
        row["media_path"] = self._staging.add(target, sha256=sha256).path
        return Status(row["path"], video, source_frames=facts.video.frames)

    def _restored(self, video: str, facts: Probe, fields: Scan, row: dict[str, Any]) -> Probe | None:
        """Store the film of a telecined or interlaced file in its place; None where it is film already."""
        target = self._staging.path(f"{video}.mkv")
        mixed = self._settings.restore_mixed
        done = restore(self._place, facts, fields, target, mixed=mixed, ffmpeg=self._ffmpeg)
        if done is None:
            return None
        film = self._probe(target)
        row |= {name: _clean(value) for name, value in film.to_row().items()}
        row |= {"restored": done.filters, "restored_from_frames": done.from_frames}
        row["media_path"] = self._staging.add(target).path
        return film


def scan_counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many usable videos are of which kind of scan, as {telecine_hard: 2, …}, for people."""
    return dict(sorted(Counter(str(row["scan"]) for row in rows if row["usable"] and row["scan"]).items()))


def _require_size(size: int, settings: SourceSettings) -> None:
    if size > settings.max_file_gb * GB:
        raise InputError(
            f"has {size / GB:.1f} GB, more than source.max_file_gb={settings.max_file_gb:g}",
            reason="too_large",
        )


def _require_film(facts: Probe, settings: SourceSettings) -> None:
    if facts.truncated and not settings.truncated:
        raise ProbeError(
            "its pictures end before its header says: it is cut off",
            reason="truncated",
            hint="fetch it again, or set source.truncated=true",
        )
    if facts.video.frames < settings.min_frames:
        raise ProbeError(
            f"has {plural(facts.video.frames, 'frame')}, fewer than source.min_frames={settings.min_frames}",
            reason="too_short",
        )


def _clean(value: Any) -> Any:
    """Text of a container that is not UTF-8 cannot go into a table."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _empty(unit: Unit, found: Found, settings: SourceSettings) -> str:
    if found.archives:
        names = sorted(repr(status.path) for status, _ in found.archives)
        return (
            f"{unit.name!r} ({unit.kind}) holds no video, but {listed(names, 3)}: an archive in an archive "
            f"is not unpacked (unpack {unit.name!r} and give the folder)"
        )
    return (
        f"{unit.name!r} ({unit.kind}) holds no video: {plural(found.ignored, 'other file')}; "
        f"names of videos end in {', '.join(settings.extensions)}"
    )
