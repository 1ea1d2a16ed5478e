"""Running shards on the workspace's Dagster instance, one after the other in this process, or in child processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

import click

from animeflow.cli.logs import add_json_file
from animeflow.cli.terminal import Terminal, duration, size
from animeflow.defs.settled import settle, unsettle
from animeflow.errors import AnimeflowError, Interrupted, WorkspaceBusy
from animeflow.media.command import STOP, STOPPED
from animeflow.settings.load import dump, dump_changes
from animeflow.settings.tree import Settings
from animeflow.tables.manifest import MANIFEST
from animeflow.tables.stages import STAGES
from animeflow.tables.whole import write_whole
from animeflow.tables.workspace import CATALOG as CATALOG_DIR
from animeflow.tables.workspace import RESOLVED, SETTINGS, Workspace

if TYPE_CHECKING:
    import dagster as dg

    from animeflow.defs.execution import RunResult

EVERYTHING, CATALOG = "everything", "catalog"
LAST_LINES_S = 5.0


@dataclass(frozen=True)
class Order:
    """What is to be run, beside the shards."""

    workspace: Workspace
    settings: Settings
    selection: tuple[str, ...] = ()  # names of stages, of a shard and across shards; empty: all
    force: tuple[str, ...] = ()  # stages or groups
    job: str = EVERYTHING
    report: bool = True  # write the shard's HTML page
    labels: Mapping[str, str] = field(default_factory=dict)  # what people read in place of a shard's key
    part: bool = False  # a child's share of a run: the parent makes the tables across shards and sums up

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages of a shard that are wanted; none where only tables across shards are."""
        return self._wanted(partitioned=True)

    @property
    def across(self) -> tuple[str, ...]:
        """Names of the tables across shards that are wanted."""
        return () if self.part else self._wanted(partitioned=False)

    def _wanted(self, *, partitioned: bool) -> tuple[str, ...]:
        return tuple(
            spec.name
            for spec in STAGES.values()
            if spec.partitioned is partitioned and (not self.selection or spec.name in self.selection)
        )

    @property
    def run_settings(self) -> Settings:
        """What a run gets: whoever names a source by hand says that its files are there (the quiet rule is for the
        sensor).
        """
        source = self.settings.source.model_copy(update={"quiet_seconds": 0.0})
        return self.settings.model_copy(update={"source": source})


@dataclass(frozen=True)
class ShardOutcome:
    """How a shard's run ended."""

    shard: str
    success: bool
    interrupted: bool
    wall_s: float
    failures: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    checks: tuple[str, ...] = ()  # `asset: check` of those that failed, warnings too
    busy: str = ""  # who holds the shard, where another run does: then nothing was done here


class Engine:
    """Opens the instance and the definitions once and runs jobs on them."""

    def __init__(self, order: Order, terminal: Terminal) -> None:
        self.order, self.terminal = order, terminal
        os.environ["ANIMEFLOW_WORKSPACE"] = str(order.workspace.root)
        try:
            order.workspace.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.UsageError(
                f"no workspace can be made at {order.workspace.root}: {error.strerror} (--out DIR names another place)"
            ) from error
        if order.settings.log.json_file is not None:
            add_json_file(order.settings.log.json_file, level=order.settings.log.level)

    def save_settings(self) -> None:
        """Keep what was set next to the results (the base of what the UI runs here), and the whole resolved tree.

        Called where a run has its shard and begins, and where none is needed: a run that was refused changes no
        setting.
        """
        settings, root = self.order.settings, self.order.workspace.root
        for name, text in ((SETTINGS, dump_changes(settings)), (RESOLVED, dump(settings))):
            write_whole(root / name, text)

    def run_shards(
        self, shards: Sequence[str], *, before: int = 0, of: int | None = None
    ) -> list[ShardOutcome]:
        """Run the order's job on each shard; one that fails or is busy does not stop the others, Ctrl-C does.

        `before` of all the `of` shards of the command were run before these.
        """
        from animeflow.defs import progress
        from animeflow.defs.instances import open_instance

        progress.listeners.append(self.terminal.progress)
        try:
            with open_instance(self.order.workspace) as instance:
                return self._each(instance, shards, before, len(shards) if of is None else of)
        finally:
            progress.listeners.remove(self.terminal.progress)

    def _each(
        self, instance: dg.DagsterInstance, shards: Sequence[str], before: int, of: int
    ) -> list[ShardOutcome]:
        outcomes = []
        for number, shard in enumerate(shards, before + 1):
            # A child knows of its own shard alone: its parent runs several at a time.
            place = "" if self.order.part else f" ({number} of {of})"
            self.terminal.line(f"shard {self.order.labels.get(shard, shard)}{place}")
            try:
                outcomes.append(self._one(instance, shard))
            except WorkspaceBusy as error:
                outcomes.append(self.pass_by(shard, error))
            if STOP.is_set():
                break
        return outcomes

    def _one(self, instance: dg.DagsterInstance, shard: str) -> ShardOutcome:
        started = time.monotonic()
        run_id = str(uuid.uuid4())
        with self.order.workspace.lock(shard, run_id), self._settling(shard, self.order.stages) as ended:
            self.save_settings()
            selection = self.order.stages if self.order.selection else ()
            result = self._job(instance, self.order.job, shard, selection, run_id)
            ended.append(result)
        outcome = ShardOutcome(
            shard,
            result.success,
            result.interrupted,
            time.monotonic() - started,
            result.failures,
            result.run_id,
            (*result.failed_checks, *result.warned_checks),
        )
        self._say(outcome)
        if self.order.report and not outcome.interrupted:
            self._report(shard)
        if outcome.success:
            self._make_room(shard, run_id)
        return outcome

    def pass_by(self, shard: str, error: WorkspaceBusy) -> ShardOutcome:
        """Say that another run holds the shard: it is no reason to leave the others undone."""
        self.terminal.error(f"  BUSY {error}")
        return ShardOutcome(shard, False, False, 0.0, busy=error.message)

    def leave(self, shard: str) -> ShardOutcome:
        """Say that a shard needs no run; its page is written where it is not there."""
        self.terminal.line(f"shard {self.order.labels.get(shard, shard)}  unchanged")
        if self.order.report and not self._has_report(shard):
            self._report(shard)
        self._make_room(shard, str(uuid.uuid4()))
        return ShardOutcome(shard, True, False, 0.0)

    @contextmanager
    def _settling(self, place: str, stages: Sequence[str]) -> Iterator[list[RunResult]]:
        """A run of the stages: they count as settled only when it has ended well and no check failed."""
        results: list[RunResult] = []
        unsettle(self.order.workspace, place, stages)
        yield results
        if all(result.success and not result.failed_checks for result in results):
            settle(self.order.workspace, place, stages)

    def _has_report(self, shard: str) -> bool:
        """Whether the page is there and no result is newer."""
        page = self.order.workspace.report_path(shard)
        if not page.is_file():
            return False
        manifests = self.order.workspace.shard_dir(shard).glob(f"*/{MANIFEST}")
        return all(path.stat().st_mtime <= page.stat().st_mtime for path in manifests)

    def _report(self, shard: str) -> None:
        from animeflow.report import build_report

        workspace = self.order.workspace
        path = build_report(workspace, shard, workspace.report_path(shard), settings=self.order.settings)
        self.terminal.line(f"  report {path}")

    def _make_room(self, shard: str, run_id: str) -> None:
        """Delete what the settings let go, after the page, which shows it; whatever is against it is said."""
        from animeflow.defs.retention import free_shard

        try:
            freed = free_shard(self.order.workspace, shard, self.order.settings, run_id)
        except AnimeflowError as error:
            self.terminal.line(f"  kept on disk: {error}")
            return
        if freed.assets:
            self.terminal.line(f"  freed {size(freed.bytes)} of {', '.join(freed.assets)}")

    def run_catalog(self) -> RunResult:
        """The tables across shards that are wanted."""
        from animeflow.defs.instances import open_instance

        run_id = str(uuid.uuid4())
        workspace = self.order.workspace
        names = self.order.across
        with (
            open_instance(workspace) as instance,
            workspace.lock(CATALOG_DIR, run_id),
            self._settling(CATALOG_DIR, names) as ended,
        ):
            self.save_settings()
            ended.append(self._job(instance, CATALOG, None, names if self.order.selection else (), run_id))
        return ended[0]

    def _job(
        self, instance: dg.DagsterInstance, job: str, shard: str | None, selection: Sequence[str], run_id: str
    ) -> RunResult:
        from animeflow.definitions import defs
        from animeflow.defs.execution import run_job

        return run_job(
            defs,
            instance,
            job,
            shard=shard,
            run_id=run_id,
            resources=run_resources(self.order),
            selection=selection,
            on_event=self.terminal.event,
            stopped=STOP.is_set,
        )

    def _say(self, outcome: ShardOutcome) -> None:
        if outcome.success:
            self.terminal.line(f"  done in {duration(outcome.wall_s)}")
        elif outcome.interrupted:
            self.terminal.line("  interrupted")
        for step, text in outcome.failures.items():
            if outcome.interrupted and STOPPED in text:
                continue  # it was stopped, as the line above says; what failed before that is still named
            self.terminal.error(f"  FAILED {text if text.startswith(step) else f'{step}: {text}'}")


def run_resources(order: Order) -> dict[str, Any]:
    """The run configuration of the resources: the whole resolved tree, so that the UI shows what a run ran with."""
    from animeflow.defs.resources.schema import to_config

    return {
        "settings": {"config": to_config(order.run_settings)},
        "stages": {"config": {"force": list(order.force)}},
    }


def run_in_children(
    shards: Sequence[str], *, jobs: int, command: Sequence[str], terminal: Terminal
) -> dict[str, int]:
    """Run each shard in a child process, at most `jobs` at a time; returns {shard: exit code}.

    Runs in threads of one process deadlock inside Dagster's logging, so parallel shards are processes. Each of their
    lines comes through behind the name of its shard. A stop request is passed on.
    """
    waiting, running, codes = list(shards), dict[str, Child](), dict[str, int]()
    while waiting or running:
        while waiting and len(running) < jobs and not STOP.is_set():
            shard = waiting.pop(0)
            running[shard] = Child(shard, command, terminal)
        for shard, child in list(running.items()):
            if child.process.poll() is not None:
                codes[shard] = running.pop(shard).end()
        if STOP.is_set():
            for child in running.values():
                child.process.send_signal(signal.SIGTERM)
            for child in running.values():
                child.end()
            raise Interrupted("stopped on request")
        time.sleep(0.1)
    return codes


class Child:
    """A process that runs one shard; what it writes is handed on line by line."""

    def __init__(self, shard: str, command: Sequence[str], terminal: Terminal) -> None:
        self.process = subprocess.Popen(
            # -P: nothing of the folder that we happen to be in is imported.
            [sys.executable, "-P", "-m", "animeflow.cli.main", *command, "--part", "--shards", shard],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # The child must write what we read, whatever the locale says.
            env=os.environ | {"PYTHONIOENCODING": "utf-8:backslashreplace"},
        )
        streams = ((self.process.stdout, None), (self.process.stderr, sys.stderr))
        self.readers = [
            threading.Thread(target=_relay, args=(source, f"[{shard}] ", terminal, into), daemon=True)
            for source, into in streams
        ]
        for reader in self.readers:
            reader.start()

    def end(self) -> int:
        """Wait for the process and for its last lines; returns its exit code."""
        code = self.process.wait()
        for reader in self.readers:
            reader.join(LAST_LINES_S)  # a grandchild that outlived it may keep the pipe open
        return code


def _relay(source: TextIO, prefix: str, terminal: Terminal, into: TextIO | None) -> None:
    with source:
        for line in source:
            if line.strip():
                terminal.relay(prefix + line.rstrip(), into)
