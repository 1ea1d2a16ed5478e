"""The one way in which a stage runs: lock, compare digests, work per video or per shard, count, stage the result."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from animeflow.defs.meter import Meter
from animeflow.defs.stage import Stage, Video
from animeflow.errors import (
    AnimeflowError,
    ContractError,
    DeviceBusy,
    DiskFull,
    HubUnavailable,
    Interrupted,
    LicenceRefused,
    OutOfMemory,
    SettingsError,
    WeightsMissing,
    WorkspaceBusy,
)
from animeflow.tables.manifest import Manifest, TableFile
from animeflow.tables.staging import Staged, Staging, Unchanged, build_manifest, check_failures
from animeflow.tables.status import Reason, State, Status
from animeflow.tables.timings import Timing
from animeflow.tables.workspace import CATALOG

# A table, or the file of one that the work has written itself, row by row (`Staging.writer`).
Tables = Mapping[str, pa.Table | TableFile]
VideoWork = Callable[[Video], Tables]
JointWork = Callable[[Video, Mapping[str, Staging]], Mapping[str, Tables]]

# What is wrong with the machine or the settings is wrong for every video: the step fails at once.
SHARD_WIDE = (
    DiskFull, WorkspaceBusy, Interrupted, DeviceBusy, HubUnavailable, WeightsMissing, LicenceRefused, SettingsError,
)  # fmt: skip
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
GIGA = 1_000_000_000
log = logging.getLogger("animeflow.stages")


class SkipVideo(Exception):  # a way out, not an error
    """Raised by the work of a stage: this video has nothing for it (no audio, nothing kept)."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


@dataclass
class Outcome:
    """What a stage hands to the IO manager. It holds the shard until `release`, which the IO manager calls."""

    stage: Stage
    value: Staged | Unchanged
    manifest: Manifest
    timing: Timing
    statuses: Sequence[Status]
    held: ExitStack = field(default_factory=ExitStack, repr=False)

    @property
    def unchanged(self) -> bool:
        return isinstance(self.value, Unchanged)

    def release(self) -> None:
        """Let go of the shard."""
        self.held.close()


@dataclass
class ShardResult:
    """What the work of a whole shard gives: tables, and statuses where they differ from those of its inputs."""

    tables: Tables = field(default_factory=dict)
    statuses: Sequence[Status] | None = None
    metadata: Mapping[str, Any] = field(
        default_factory=dict
    )  # for the UI alone: what differs from run to run


def run_per_video(stage: Stage, work: VideoWork) -> Outcome:
    """Run `work` on every video that is ok in all inputs; its tables become one Parquet file per video.

    An error of one video is its status row, and the others go on: one that is not ours is `internal`, and its stack is
    logged. What concerns the machine or the settings ends the step. Raises StageFailed when too many videos failed.
    """
    with ExitStack() as held:
        held.enter_context(_shard_lock(stage))
        if (old := stage.standing()) is not None:
            return _holding(held, _unchanged(stage, old))
        session = Session(stage)
        with _whole_or_nothing([session]):
            _each_video([session], lambda video, _: {stage.spec.name: work(video)}, leader=stage)
            return _holding(held, session.outcome())


def run_jointly(stages: Sequence[Stage], work: JointWork) -> list[Outcome]:
    """Several stages of the same inputs in one pass over the videos; the status rows count its decodes for the first.

    `work` gets the staging folders of the stages that have to run, by name, and gives their tables by name. Stages
    whose old result stands are left out. What a later stage then decodes alone (a run that was killed between the
    two) stands in its timing and in no table: the same bytes come out whichever way they came about.
    """
    outcomes, sessions = [], []
    with ExitStack() as held:
        held.enter_context(_shard_lock(stages[0]))
        for stage in stages:
            if (old := stage.standing()) is not None:
                outcomes.append(_unchanged(stage, old))
            else:
                sessions.append(Session(stage))
        with _whole_or_nothing(sessions):
            if sessions:
                _each_video(sessions, work, leader=stages[0])
            outcomes += [session.outcome() for session in sessions]
        shared = held.pop_all()
    # The last output that is stored lets go of the shard.
    outcomes[-1].held.push(shared)
    return outcomes


def run_per_shard(stage: Stage, work: Callable[[Stage, Staging], ShardResult]) -> Outcome:
    """Run `work` once for the shard; its tables become one Parquet file each, its errors fail the step.

    Without own statuses, a video that is ok in all inputs is ok here, and the others are carried as skipped.
    """
    with ExitStack() as held:
        held.enter_context(_shard_lock(stage))
        if (old := stage.standing()) is not None:
            return _holding(held, _unchanged(stage, old))
        session = Session(stage)
        with _whole_or_nothing([session]):
            with session.meter.decoding(), room(stage.spec.name):
                result = work(stage, session.staging)
                for name, table in result.tables.items():
                    if not isinstance(table, TableFile):
                        session.staging.write_table(name, table, provenance=stage.provenance)
            carried = list(carried_statuses(stage)) if result.statuses is None else list(result.statuses)
            session.statuses = carried
            session.metadata = dict(result.metadata)
            return _holding(held, session.outcome())


@contextmanager
def _whole_or_nothing(sessions: Sequence[Session]) -> Iterator[None]:
    """What stages have written goes when one of them fails or is interrupted."""
    try:
        yield
    except BaseException:
        for session in sessions:
            session.staging.discard()
        raise


class Session:
    """The running of one stage: its staging folder, its statuses, its meter."""

    def __init__(self, stage: Stage) -> None:
        stage.workspace.require_free(0, keep=int(stage.settings.run.min_free_gb * GIGA))
        self.stage = stage
        self.meter = Meter()
        self.staging = stage.workspace.staging(stage.shard, stage.spec.name)
        self.statuses: list[Status] = []
        self.metadata: dict[str, Any] = {}

    def accept(self, status: Status, tables: Tables, frames_decoded: int) -> None:
        """Write the tables of a video and note that it is ok."""
        for name, table in tables.items():
            if not isinstance(table, TableFile):
                self.staging.write_table(
                    name, table, stem=str(status.video_id), provenance=self.stage.provenance
                )
        self.statuses.append(_counted(status, frames_decoded))

    def refuse(self, status: Status, frames_decoded: int) -> None:
        """Drop what a video has written and note why."""
        self.staging.forget(str(status.video_id))
        self.statuses.append(_counted(status, frames_decoded))

    def outcome(self) -> Outcome:
        """The prepared materialisation; StageFailed when too many videos failed."""
        check_failures(self.statuses, max_failed_share=self.stage.settings.run.max_failed_share)
        staged = Staged(
            self.staging, self.statuses, self.stage.input_digest, self.stage.provenance, self.metadata
        )
        manifest = build_manifest(staged)
        timing = self.meter.timing(self.stage, self.statuses, unchanged=False)
        return Outcome(self.stage, staged, manifest, timing, self.statuses)


def carried_statuses(stage: Stage, *names: str) -> list[Status]:
    """One status per file of the shard: ok where every input finished it, else skipped with the first reason.

    `names` are the inputs that are asked; none: all.
    """
    found: dict[str, Status] = {}
    for name, handle in stage.inputs.items():
        if names and name not in names:
            continue
        for status in handle.statuses:
            old = found.get(status.path)
            if old is not None and not old.ok:
                continue
            found[status.path] = _carried(name, status, known=old)
    return [found[path] for path in sorted(found)]


def _carried(name: str, status: Status, *, known: Status | None) -> Status:
    frames = status.source_frames
    if frames is None and known is not None:
        frames = known.source_frames
    if status.ok:
        return Status(status.path, status.video_id, source_frames=frames)
    upstream = status.reason is Reason.UPSTREAM
    return Status(
        status.path,
        status.video_id,
        State.SKIPPED,
        Reason.UPSTREAM,
        message=status.message if upstream else f"{name}: {status.reason}: {status.message}".rstrip(": "),
        source_frames=frames,
    )


def _each_video(sessions: Sequence[Session], work: JointWork, *, leader: Stage) -> None:
    first = sessions[0].stage
    plan = carried_statuses(first)
    todo = [status for status in plan if status.ok]
    first.watch.videos = len(todo)
    for session in sessions:
        session.statuses += [status for status in plan if not status.ok]
    for number, status in enumerate(todo, 1):
        first.watch.begin(number, status.path)
        _one_video(sessions, status, work, leader)


def _one_video(sessions: Sequence[Session], status: Status, work: JointWork, leader: Stage) -> None:
    first = sessions[0]
    video = Video(str(status.video_id), status.path, status.source_frames, first.stage, first.staging)
    failed: Status | None = None
    tables: Mapping[str, Tables] = {}
    with first.meter.decoding() as counter:
        try:
            with room(first.stage.spec.name):
                tables = work(video, {session.stage.spec.name: session.staging for session in sessions})
                for session in sessions:
                    _check_tables(session.stage, tables)
        except SHARD_WIDE:
            raise
        except AnimeflowError as error:
            failed = Status.of_error(
                error, path=status.path, video_id=status.video_id, source_frames=status.source_frames
            )
        except SkipVideo as skip:
            failed = Status(
                status.path,
                status.video_id,
                State.SKIPPED,
                skip.reason,
                False,
                skip.message,
                status.source_frames,
            )
        except Exception as error:  # noqa: BLE001 a bug that one video brings out must not cost the others
            failed = _unforeseen(error, first.stage.spec.name, status)
    for session in sessions:
        decoded = sum(counter.values()) if session.stage is leader else 0
        if failed is not None:
            session.refuse(failed, decoded)
        else:
            with room(session.stage.spec.name):
                session.accept(status, tables[session.stage.spec.name], decoded)


def _unforeseen(error: Exception, stage: str, status: Status) -> Status:
    """The row of an error that is not ours; one of the system (a disk that fails, a file too many) may pass."""
    log.info("%s: %s: unexpected error", stage, status.path, exc_info=error)
    return Status(
        status.path,
        status.video_id,
        State.FAILED,
        Reason.INTERNAL,
        isinstance(error, OSError),
        f"{type(error).__name__}: {error}",
        status.source_frames,
    )


def _check_tables(stage: Stage, tables: Mapping[str, Tables]) -> None:
    given = set(tables.get(stage.spec.name, {}))
    if given != set(stage.spec.tables):
        raise ContractError(
            f"{stage.spec.name} gave tables {sorted(given)}, declared are {sorted(stage.spec.tables)}"
        )


@contextmanager
def room(stage: str) -> Iterator[None]:
    """Inside the block, a full disk is DiskFull and too little memory OutOfMemory: both may go through later."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DiskFull(
            f"{stage}: {error}", path=error.filename, hint="free some room and run again"
        ) from error
    except MemoryError as error:
        raise OutOfMemory(f"{stage}: out of memory: {error}") from error


def _unchanged(stage: Stage, manifest: Manifest) -> Outcome:
    statuses = stage.workspace.handle(stage.shard, stage.spec.name).statuses
    timing = Meter().timing(stage, statuses, unchanged=True)
    return Outcome(stage, Unchanged(manifest), manifest, timing, statuses)


def _holding(held: ExitStack, outcome: Outcome) -> Outcome:
    """The outcome with the lock, which leaves its block only here: a stage that fails before lets go of the shard."""
    outcome.held = held.pop_all()
    return outcome


def _shard_lock(stage: Stage) -> AbstractContextManager[None]:
    return stage.workspace.lock(stage.shard or CATALOG, stage.run_id)


def _counted(status: Status, frames_decoded: int) -> Status:
    return replace(status, frames_decoded=frames_decoded)


__all__ = ["Outcome", "ShardResult", "SkipVideo", "run_jointly", "run_per_shard", "run_per_video"]
