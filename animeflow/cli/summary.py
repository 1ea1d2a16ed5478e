"""The end of a run in words: what was kept and dropped and why, what failed, and where everything is."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from animeflow.cli.terminal import Terminal
from animeflow.source import remarks
from animeflow.tables import failed, failed_checks, failed_videos
from animeflow.tables.stages import STAGES
from animeflow.tables.status import Status
from animeflow.tables.words import listed, plural
from animeflow.tables.workspace import Workspace

if TYPE_CHECKING:
    from animeflow.cli.engine import Order, ShardOutcome

SHOWN = 5  # failed videos that are named
SHARD_FILES = "shard_files"


def print_summary(order: Order, outcomes: Sequence[ShardOutcome], terminal: Terminal) -> None:
    """Counts over all shards of a run. Where it is quiet, the failures go to stderr and the remarks away."""
    workspace = order.workspace
    shards = [outcome.shard for outcome in outcomes if outcome.shard != "catalog"]
    busy = {outcome.shard: outcome.busy for outcome in outcomes if outcome.busy}
    broken = [outcome.shard for outcome in outcomes if not outcome.success and not outcome.busy]
    found = {shard: failed_videos.rows(workspace, shard) for shard in shards}
    videos = sum(len(failed_videos.distinct(status for status, _ in rows)) for rows in found.values())
    out = shlex.quote(str(workspace.root))
    terminal.line("")
    if shards or broken or busy:
        checks = failed_check_names(workspace, shards, outcomes)
        terminal.result(outcome_text(len(shards), broken, videos, busy, checks))
    for shard, why in busy.items():
        terminal.error(f"busy     {shard}: {why}: nothing was done here; once it has ended, run this again")
    if (decided := clip_counts(workspace, shards)) is not None:
        dropped = ", ".join(
            f"{count} {reason}" for reason, count in sorted(decided.items()) if reason != "kept"
        )
        terminal.result(
            f"clips    {decided.get('kept', 0)} kept" + (f", dropped: {dropped}" if dropped else "")
        )
    for shard in shards:
        for word, lines in file_remarks(workspace, shard).items():
            for line in lines[:SHOWN]:
                terminal.line(f"{word:<8} {shard}: {line}")
            if len(lines) > SHOWN:
                terminal.line(f"{word:<8} {shard}: … and {len(lines) - SHOWN} more of {len(lines)}")
    for shard, rows in found.items():
        said = list(failure_lines(rows).values())
        for line in chain.from_iterable(said[:SHOWN]):
            terminal.error(f"failed   {shard}: {line}")
        if len(said) > SHOWN:
            terminal.error(f"failed   {shard}: … and {len(said) - SHOWN} more: animeflow status --out {out}")
    for shard in shards:
        for line in whole_failures(workspace, shard):
            terminal.error(f"failed   {shard}: {line}")
        for check in failed_checks.found(workspace, shard):
            waiting = failed_checks.waiting(workspace, shard, check.asset)
            terminal.error(f"failed   {shard}: {check.text(len(waiting))}")
            terminal.error(f"{'':<8} {shard}: {check.way_out}")
    terminal.result(f"results  {workspace.root}")
    for shard in shards:
        if workspace.report_path(shard).is_file():
            terminal.result(f"report   {workspace.report_path(shard)}")
    terminal.line(f"ui       animeflow ui --out {out}")


def failed_check_names(
    workspace: Workspace, shards: Sequence[str], outcomes: Iterable[ShardOutcome]
) -> list[str]:
    """Names of checks that failed in this run, and of those that failed on results that stand in its shards."""
    names = [name.rpartition(": ")[2] for outcome in outcomes for name in outcome.checks]
    names += [check.check for shard in shards for check in failed_checks.found(workspace, shard)]
    return list(dict.fromkeys(names))


def outcome_text(
    shards: int,
    broken: Sequence[str],
    videos: int,
    busy: Iterable[str] = (),
    checks: Sequence[str] = (),
) -> str:
    """`2 shards, all done`, `2 shards, done; a check failed: c`, `2 shards done, 7 videos failed`,
    `3 shards, 1 FAILED: a, 1 BUSY: b, 7 videos failed`.
    """
    of = plural(shards, "shard")
    bad = f", {plural(videos, 'video')} failed" if videos else ""
    undone = [
        f"{len(names)} {word}: {', '.join(names)}"
        for word, names in (("FAILED", list(broken)), ("BUSY", list(busy)))
        if names
    ]
    if undone:
        return f"{of}, {', '.join(undone)}{bad}"
    if bad:
        return f"{of} done{bad}"
    if checks:
        what = "a check" if len(checks) == 1 else f"{len(checks)} checks"
        return f"{of}, done; {what} failed: {listed(checks, SHOWN)}"
    return f"{of}, all done"


def clip_counts(workspace: Workspace, shards: Sequence[str]) -> Counter[str] | None:
    """How many clips were kept, and how many each rule dropped first; None where no shard has got so far."""
    found: Counter[str] = Counter()
    any_done = False
    for shard in shards:
        if workspace.manifest(shard, "kept_clips") is None:
            continue
        any_done = True
        for row in workspace.handle(shard, "kept_clips").table(columns=["keep", "reason"]).to_pylist():
            found["kept" if row["keep"] else row["reason"]] += 1
    return found if any_done else None


def file_remarks(workspace: Workspace, shard: str) -> dict[str, list[str]]:
    """Lines on the files of a shard that were restored, that should be, and that were left out."""
    if workspace.manifest(shard, SHARD_FILES) is None:
        return {}
    handle = workspace.handle(shard, SHARD_FILES)
    rows = handle.table(columns=list(remarks.COLUMNS)).to_pylist()
    return {
        "restored": remarks.restored(rows),
        "as it is": remarks.not_restored(rows),
        "skipped": remarks.left_out(handle.statuses),
    }


def failure_lines(rows: Iterable[tuple[Status, str]]) -> dict[str, list[str]]:
    """{failed file: its lines}: stages that share a decode fail for one reason and share a line."""
    found: dict[str, dict[str, list[str]]] = {}
    for status, stage in rows:
        why = f"{status.reason}: {status.message}"
        found.setdefault(status.path, {}).setdefault(why, []).append(stage)
    return {
        path: [f"{path!r} in {', '.join(stages)}: {why}" for why, stages in whys.items()]
        for path, whys in found.items()
    }


def whole_failures(workspace: Workspace, shard: str) -> list[str]:
    """A line for each reason for which stages failed as a whole: they have no rows, and the reason names the files."""
    found: dict[str, list[str]] = {}
    for failure in failed.found(workspace.logs_dir(shard)):
        found.setdefault(failure.text, []).append(failure.stage)
    return [f"{listed(stages, SHOWN)}: {why}" for why, stages in found.items()]


def videos_failed(workspace: Workspace, shard: str) -> bool:
    """Whether any video of the shard failed in any stage."""
    return bool(failed_videos.rows(workspace, shard))


def has_failed(workspace: Workspace, shard: str) -> bool:
    """Whether a video, a whole stage or a check of the shard failed, or a manifest is damaged; stages that nobody
    asked for are no failures.
    """
    if failed_checks.found(workspace, shard) or failed.found(workspace.logs_dir(shard)):
        return True
    for name, spec in STAGES.items():
        if not spec.partitioned:
            continue
        manifest = workspace.manifest(shard, name)
        if manifest is None:
            if workspace.is_damaged(shard, name):
                return True
        elif manifest.counts.get("failed") or not manifest.done:
            return True
    return False


def failed_stages(workspace: Workspace, shard: str) -> list[str]:
    """Stages with a failed video or check, or that were never finished although the shard was begun."""
    begun = workspace.shard_dir(shard).is_dir()
    refused = {check.asset for check in failed_checks.found(workspace, shard)}
    found = []
    for name, spec in STAGES.items():
        if not spec.partitioned:
            continue
        manifest = workspace.manifest(shard, name)
        if (manifest is None and begun) or (
            manifest is not None and (manifest.counts.get("failed") or not manifest.done or name in refused)
        ):
            found.append(name)
    return found
