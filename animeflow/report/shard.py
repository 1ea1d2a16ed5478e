"""What a shard has, read so that a missing, damaged or newer asset is a sentence on the page and never a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
from PIL import Image, UnidentifiedImageError

from animeflow.errors import ContractError
from animeflow.report.pictures import open_picture
from animeflow.settings.shots import DecodeSettings
from animeflow.tables import failed, failed_checks, failed_videos, timings
from animeflow.tables.failed import StageFailure
from animeflow.tables.failed_checks import CheckFailure
from animeflow.tables.handle import UNREADABLE, Handle
from animeflow.tables.parquet import read_provenance
from animeflow.tables.stages import STAGES, StageSpec
from animeflow.tables.status import Status
from animeflow.tables.timings import Timing
from animeflow.tables.workspace import Workspace

Row = dict[str, Any]


@dataclass(frozen=True)
class AssetView:
    """One asset of the shard as the page sees it.

    `state` is done, null (done, but no row has a value: no model), partial (some videos failed), retry (a transient
    error: it does not count as done), missing or damaged; `reason` says why in words when it is not done.
    """

    spec: StageSpec
    state: str
    reason: str = ""
    handle: Handle | None = None
    timing: Timing | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def readable(self) -> bool:
        return self.handle is not None


@dataclass
class ShardData:
    """Lazy access to the finished assets of one shard; problems met on the way are collected in `problems`.

    `decode` is what a decode of the source may take.
    """

    workspace: Workspace
    shard: str
    problems: dict[str, str] = field(default_factory=dict)
    decode: DecodeSettings = field(default_factory=DecodeSettings)

    @cached_property
    def assets(self) -> dict[str, AssetView]:
        """Every partitioned asset of the graph, in its order."""
        return {name: self._asset(spec) for name, spec in STAGES.items() if spec.partitioned}

    @cached_property
    def video_names(self) -> dict[str, str]:
        """{video_id: name without its folder and extension} of the usable videos, in the order of the files."""
        rows = [row for row in self.rows("shard_files") if row["usable"] and row["video_id"]]
        return {row["video_id"]: PurePosixPath(row["path"]).stem for row in rows}

    def rows(self, asset: str, table: str | None = None, columns: Sequence[str] | None = None) -> list[Row]:
        """Rows of a table; empty when the asset is not there or cannot be read."""
        found = self.table(asset, table, columns)
        return found.to_pylist() if found is not None else []

    def table(
        self,
        asset: str,
        table: str | None = None,
        columns: Sequence[str] | None = None,
        video: str | None = None,
    ) -> pa.Table | None:
        """A table of an asset, of one video or all; None when it is not there or cannot be read."""
        handle = self.assets[asset].handle
        if handle is None:
            return None
        try:
            return handle.table(table, columns=columns, video_id=video)
        except UNREADABLE as error:
            self.problems[asset] = f"cannot be read: {_short(error)}"
            return None

    def statuses(self, asset: str) -> list[Status]:
        """Status rows of an asset; empty when there are none to read."""
        handle = self.assets[asset].handle
        if handle is None:
            return []
        try:
            return handle.statuses
        except (*UNREADABLE, ValueError) as error:
            self.problems[asset] = f"its status rows cannot be read: {_short(error)}"
            return []

    def provenance(self, asset: str) -> Row:
        """What made an asset: from its manifest, else from the Parquet metadata of its first table."""
        handle = self.assets[asset].handle
        if handle is None:
            return {}
        if handle.manifest.provenance:
            return dict(handle.manifest.provenance)
        files = [file for files in handle.manifest.tables.values() for file in files]
        try:
            return read_provenance(handle.folder / files[0].path) if files else {}
        except (*UNREADABLE, ValueError):
            return {}

    def picture(self, asset: str, media_path: str | None) -> Image.Image | None:
        """A picture that a table names; None when it is not there or no picture."""
        handle = self.assets[asset].handle
        if handle is None or not media_path:
            return None
        try:
            return open_picture(handle.media(media_path))
        except (ContractError, OSError, UnidentifiedImageError, ValueError) as error:
            self.problems.setdefault(asset, f"a picture cannot be opened: {_short(error)}")
            return None

    def _asset(self, spec: StageSpec) -> AssetView:
        timing = self._timing(spec.name)
        try:
            handle = self.workspace.handle(self.shard, spec.name)
        except ContractError as error:
            if (self.workspace.asset_dir(self.shard, spec.name) / "manifest.json").exists():
                return AssetView(spec, "damaged", _short(error), timing=timing)
            return AssetView(spec, "missing", self._why_missing(spec), timing=timing)
        except (OSError, TypeError) as error:
            return AssetView(spec, "damaged", _short(error), timing=timing)
        state, reason = _verdict(handle)
        reason = reason or self._refused(spec) or self._failed_last(spec)
        return AssetView(spec, state, reason, handle=handle, timing=timing)

    @cached_property
    def failed_videos(self) -> list[str]:
        """Paths of the files that failed in any stage."""
        return failed_videos.distinct(status for name in self.assets for status in self.statuses(name))

    @cached_property
    def failed_stages(self) -> list[StageFailure]:
        """The stages whose last run failed as a whole."""
        return failed.found(self.workspace.logs_dir(self.shard))

    @cached_property
    def failed_checks(self) -> list[CheckFailure]:
        """The checks that failed on results that are here."""
        return failed_checks.found(self.workspace, self.shard)

    def waiting(self, check: CheckFailure) -> list[str]:
        """The stages without a result behind the asset of a failed check."""
        return failed_checks.waiting(self.workspace, self.shard, check.asset)

    def _refused(self, spec: StageSpec) -> str:
        return "; ".join(
            check.text(len(self.waiting(check))) for check in self.failed_checks if check.asset == spec.name
        )

    def _failed_last(self, spec: StageSpec) -> str:
        whys = [last.text for last in self.failed_stages if last.stage == spec.name]
        return f"its last run failed: {whys[0]}" if whys else ""

    def _timing(self, asset: str) -> Timing | None:
        """The last materialisation that computed something; None for a log that cannot be read."""
        try:
            return timings.latest(self.workspace.logs_dir(self.shard), asset)
        except (OSError, TypeError, AttributeError):
            return None

    def _why_missing(self, spec: StageSpec) -> str:
        """Names the stages that could run now and on which this one waits, however far upstream."""
        roots = self._waiting_for(spec)
        if held := [one for one in self.failed_checks if one.blocking and spec.name in self.waiting(one)]:
            return f"not materialised; {held[0].check} of {held[0].asset} failed"
        if why := self._failed_last(spec):
            return f"not materialised; {why}"
        return f"not materialised; it waits for {', '.join(roots)}" if roots else "not materialised"

    def _waiting_for(self, spec: StageSpec) -> list[str]:
        missing = [STAGES[name] for name in spec.inputs if not self._has_manifest(name)]
        roots = [root for stage in missing for root in (self._waiting_for(stage) or [stage.name])]
        return list(dict.fromkeys(roots))

    def _has_manifest(self, asset: str) -> bool:
        return (self.workspace.asset_dir(self.shard, asset) / "manifest.json").is_file()


def _verdict(handle: Handle) -> tuple[str, str]:
    manifest = handle.manifest
    if faults := manifest.verify(handle.folder):
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        return "damaged", f"{faults[0]}{more}"
    if manifest.transient_errors:
        return "retry", f"{manifest.transient_errors} transient errors: the next run tries again"
    failed = manifest.counts.get("failed", 0)
    if failed:
        return "partial", f"{failed} of {sum(manifest.counts.values())} files failed"
    try:
        reason = handle.null_because
    except UNREADABLE as error:
        return "damaged", _short(error)
    if reason:
        return "null", reason
    return "done", "its files were deleted after publishing" if manifest.freed else ""


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 240 else text[:239] + "…"
