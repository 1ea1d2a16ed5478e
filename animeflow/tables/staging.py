"""A stage writes here first; only `finalise` makes it visible, in an order that survives kill -9.

Order: everything staged and fsynced → the old manifest goes (the asset counts as not done) → media → tables → status
→ manifest. A kill at any point leaves either the old result, or no manifest: the stage then runs again and gives the
same bytes. Old files are moved aside, not deleted, until the new manifest stands.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from animeflow.errors import ContractError, DiskFull, StageFailed
from animeflow.tables import parquet
from animeflow.tables.digests import content_digest
from animeflow.tables.ids import file_sha256
from animeflow.tables.manifest import MANIFEST, FileRef, Manifest, TableFile
from animeflow.tables.specs import TABLES
from animeflow.tables.status import STATUS, Status, counts, status_table

MEDIA, TABLE_DIR, STATUS_FILE = "media", "tables", "status.parquet"
TRASH = ".old"
MIN_FAILURES = 5  # fewer are never too many, as long as one video is good
NAMED = 10  # failed files that an error names

PHASES = (
    "staged",
    "before_fsync",
    "before_media",
    "before_tables",
    "before_status",
    "before_manifest",
    "finished",
)


# The fault campaign replaces this to kill the process at a named phase of writing: (phase, asset).
def _no_phase(_phase: str, _asset: str) -> None: ...


on_phase: Callable[[str, str], None] = _no_phase


@dataclass
class Staging:
    """The folder in which one materialisation is prepared."""

    asset: str
    shard: str
    folder: Path
    tables: dict[str, list[TableFile]] = field(default_factory=dict)
    files: dict[str, FileRef] = field(default_factory=dict)

    @classmethod
    def begin(cls, asset: str, shard: str, folder: Path) -> Staging:
        """A fresh, empty staging folder; what an interrupted run left there is removed."""
        shutil.rmtree(folder, ignore_errors=True)
        (folder / MEDIA).mkdir(parents=True)
        return cls(asset, shard, folder)

    def path(self, relative: str) -> Path:
        """Where to write the media file that tables will name `media/<relative>`."""
        parts = PurePosixPath(relative)
        if parts.is_absolute() or ".." in parts.parts:
            raise ContractError(f"media path leaves the staging folder: {relative!r}")
        target = self.folder / MEDIA / parts
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def add(self, path: Path, *, sha256: str | None = None) -> FileRef:
        """Register a media file written under `path()`; returns the reference for its row."""
        relative = path.relative_to(self.folder).as_posix()
        ref = FileRef(relative, path.stat().st_size, sha256 or file_sha256(path))
        self.files[relative] = ref
        return ref

    def write_table(
        self, name: str, table: pa.Table, *, stem: str = "all", provenance: Mapping[str, Any] | None = None
    ) -> TableFile:
        """Write one Parquet file of a table: of one video (`stem` = its id) or of the whole shard."""
        spec, path = TABLES[name], self._table_path(name, stem)
        parquet.write(table, path, spec=spec, provenance=provenance or {})
        return self._enter(name, path, table.num_rows, parquet.content_sha256(table, spec=spec))

    @contextmanager
    def writer(
        self, name: str, *, stem: str = "all", provenance: Mapping[str, Any] | None = None
    ) -> Iterator[TableRows]:
        """The same row by row, for a table that would not fit into memory: its rows in ascending order of their key.

        When the block ends well the table is registered, and `entry` is what `write_table` gives; else nothing is left.
        """
        path = self._table_path(name, stem)
        rows = parquet.RowWriter(path, spec=TABLES[name], provenance=provenance or {})
        table = TableRows(rows)
        try:
            yield table
        except BaseException:
            rows.abandon()
            path.unlink(missing_ok=True)
            raise
        content = rows.close()
        table.entry = self._enter(name, path, rows.rows, content)

    def _table_path(self, name: str, stem: str) -> Path:
        path = self.folder / TABLE_DIR / name / f"{stem}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _enter(self, name: str, path: Path, rows: int, content: str) -> TableFile:
        entry = TableFile(
            path.relative_to(self.folder).as_posix(),
            path.stat().st_size,
            file_sha256(path),
            rows=rows,
            content=content,
        )
        self.tables.setdefault(name, []).append(entry)
        return entry

    def forget(self, stem: str) -> None:
        """Drop what a failed video has written so far: its tables and its media (named by its id)."""
        for entries in self.tables.values():
            for entry in [e for e in entries if Path(e.path).stem == stem]:
                entries.remove(entry)
                (self.folder / entry.path).unlink(missing_ok=True)
        for relative in [r for r in self.files if Path(r).name.startswith(stem) or f"/{stem}/" in r]:
            del self.files[relative]
            (self.folder / relative).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the folder with what was written: on a full disk nobody else gives the room of a failed stage back."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class TableRows:
    """Where the rows of a table go that is written as they come."""

    _rows: parquet.RowWriter
    entry: TableFile | None = None

    def write(self, rows: pa.Table) -> None:
        """The next rows. Raises ContractError where they are not as declared or out of order."""
        self._rows.write(rows)

    @property
    def written(self) -> TableFile:
        """The registered file, once the block has ended."""
        if self.entry is None:
            raise ContractError("the table is not finished: its block has not ended")
        return self.entry


@dataclass(frozen=True)
class Staged:
    """A prepared materialisation: what a stage returns and the IO manager makes visible."""

    staging: Staging
    statuses: Sequence[Status]
    input_digest: str
    provenance: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unchanged:
    """A stage whose inputs equal those of its manifest: the old result stands."""

    manifest: Manifest
    metadata: Mapping[str, Any] = field(default_factory=dict)


def check_failures(statuses: Sequence[Status], *, max_failed_share: float) -> None:
    """Raise StageFailed when every video that was tried failed, or more than the allowed share of them.

    The share is asked from the fifth failure on: one bad file of a small folder says nothing about the others.
    """
    failed = [status for status in statuses if not status.ok and status.state.value == "failed"]
    tried = sum(1 for status in statuses if status.ok) + len(failed)
    if not failed:
        return
    if len(failed) == tried:
        # Whoever shows it has named the stage; a lone file may be an archive that was refused whole.
        which = f"all {tried} videos failed: " if tried > 1 else ""
        raise StageFailed(which + _named(failed))
    if len(failed) >= MIN_FAILURES and len(failed) / tried > max_failed_share:
        raise StageFailed(
            f"{len(failed)} of {tried} videos failed, more than run.max_failed_share={max_failed_share}"
            f" (--set run.max_failed_share={_share_that_bears(len(failed), tried)} goes on with the others):"
            f" {_named(failed)}"
        )


def _named(failed: Sequence[Status]) -> str:
    """The failed files with their reasons; of many, the first."""
    texts = [f"{one.path!r}: {one.message or one.reason}" for one in failed[:NAMED]]
    more = len(failed) - len(texts)
    return "; ".join(texts) + (f"; and {more} more" if more > 0 else "")


def _share_that_bears(failed: int, tried: int) -> float:
    """The least share, in hundredths, that lets so many failures pass."""
    return math.ceil(100 * failed / tried) / 100


def build_manifest(staged: Staged) -> Manifest:
    """The manifest of what lies in the staging folder. Status messages are no part of the content digest."""
    staging = staged.staging
    for entries in staging.tables.values():
        entries.sort(key=lambda entry: entry.path)
    media = sorted(staging.files.values(), key=lambda ref: ref.path)
    parts = {entry.path: entry.content for entries in staging.tables.values() for entry in entries}
    parts |= {ref.path: ref.sha256 for ref in media}
    parts |= {f"status/{s.path}": f"{s.state}:{s.reason}" for s in staged.statuses}
    return Manifest(
        asset=staging.asset,
        shard=staging.shard,
        input_digest=staged.input_digest,
        content_digest=content_digest(parts),
        tables=dict(sorted(staging.tables.items())),
        media=media,
        schema_versions={name: TABLES[name].version for name in sorted(staging.tables)},
        counts=counts(staged.statuses),
        transient_errors=sum(1 for status in staged.statuses if status.transient),
        missing=[
            {"path": s.path, "state": s.state.value, "reason": s.reason.value}
            for s in sorted(staged.statuses, key=lambda s: s.path)
            if not s.ok
        ],
        provenance=dict(staged.provenance),
    )


def finalise(staged: Staged, target: Path) -> Manifest:
    """Make a staged materialisation the asset in `target` and return its manifest."""
    staging = staged.staging
    on_phase("staged", staging.asset)
    parquet.write(
        status_table(staged.statuses), staging.folder / STATUS_FILE, spec=STATUS, provenance=staged.provenance
    )
    manifest = build_manifest(staged)
    (staging.folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    on_phase("before_fsync", staging.asset)
    try:
        _fsync_tree(staging.folder)
        target.mkdir(parents=True, exist_ok=True)
        _retire(target)
        for name, phase in (
            (MEDIA, "before_media"),
            (TABLE_DIR, "before_tables"),
            (STATUS_FILE, "before_status"),
            (MANIFEST, "before_manifest"),
        ):
            on_phase(phase, staging.asset)
            if (staging.folder / name).exists():
                (staging.folder / name).rename(target / name)
        fsync(target)
    except OSError as error:
        raise DiskFull(f"{staging.asset}: cannot write the result: {error}", path=target) from error
    on_phase("finished", staging.asset)
    sweep(target)
    staging.discard()
    return manifest


def sweep(target: Path) -> None:
    """Remove what an interrupted finalisation left beside a manifest that stands."""
    shutil.rmtree(target / TRASH, ignore_errors=True)


def _retire(target: Path) -> None:
    """Take the old result out of the way: its manifest first, so that nobody believes it."""
    trash = target / TRASH
    (target / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(trash, ignore_errors=True)
    old = [entry for entry in target.iterdir() if entry.name != TRASH]
    if old:
        trash.mkdir()
        for entry in old:
            entry.rename(trash / entry.name)


def fsync(path: Path) -> None:
    """Make a file's bytes, or the renames in a folder, outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fsync_tree(folder: Path) -> None:
    for root, _, names in os.walk(folder):
        for name in names:
            fsync(Path(root) / name)
        fsync(Path(root))
