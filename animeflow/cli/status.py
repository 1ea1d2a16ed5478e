"""`animeflow status`: what is done, failed, missing or out of date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from animeflow.cli.options import (
    chosen_shards,
    existing_workspace,
    json_option,
    out_option,
    resolve_settings,
    shards_option,
)
from animeflow.defs.judgement import STANDING
from animeflow.errors import AnimeflowError
from animeflow.tables.words import plural

if TYPE_CHECKING:
    from animeflow.defs.staleness import StageState
    from animeflow.settings.tree import Settings
    from animeflow.source.units import Unit
    from animeflow.tables.failed_checks import CheckFailure
    from animeflow.tables.status import Status
    from animeflow.tables.workspace import Workspace

SHARD_FILES = "shard_files"


@click.command(epilog="Example: animeflow status --out workspace --stale")
@out_option
@click.option(
    "--stale", is_flag=True, help="Only what would run again, each with the reason; and what was never run."
)
@shards_option
@json_option
def status(out: Path | None, stale: bool, shards: tuple[str, ...], as_json: bool) -> None:
    """Every shard of the source and of the workspace with the state of its stages."""
    workspace = existing_workspace(out)
    settings = resolve_settings(profile=None, settings_file=None, overrides=(), workspace=workspace)
    units = units_now(settings, workspace)
    keys = chosen_shards(workspace, shards, known=sorted({*tried_shards(workspace), *units}))
    report = [describe_shard(key, settings, workspace, units) for key in keys]
    if as_json:
        click.echo(
            json.dumps(
                {"workspace": str(workspace.root), "shards": [_only_stale(s) if stale else s for s in report]}
            )
        )
        return
    for entry in report:
        print_shard(entry, only_stale=stale)
    if not report:
        click.echo("no shards yet")


def tried_shards(workspace: Workspace) -> list[str]:
    """Shards with results, and those whose every stage failed: of them there are logs alone."""
    from animeflow.tables.workspace import CATALOG, LOGS

    logs = workspace.root / LOGS
    tried = {entry.name for entry in logs.iterdir() if entry.is_dir()} if logs.is_dir() else set()
    return sorted({*workspace.shards(), *tried} - {CATALOG})


def describe_shard(
    shard: str, settings: Settings, workspace: Workspace, units: dict[str, Unit]
) -> dict[str, Any]:
    """The states of a shard's stages, and what failed in them, as plain values."""
    from animeflow.cli.summary import file_remarks
    from animeflow.defs.staleness import shard_states
    from animeflow.tables import failed_checks, failed_videos

    unit = units.get(shard)
    digest = unit.digest if unit is not None else None
    states = shard_states(shard, settings=settings, workspace=workspace, unit_digest=digest)
    return {
        "shard": shard,
        "path": unit.name if unit is not None else None,
        "in_source": shard in units if units else None,
        "stages": [stage_row(state, null=null_because(state, workspace, shard)) for state in states],
        "done": sum(state.state in STANDING for state in states),
        "failed_videos": len(failed_videos.of_shard(workspace, shard)),
        "failures": [
            *(failure_row(stage, status) for status, stage in failed_videos.rows(workspace, shard)),
            *whole_failures(workspace, shard),
        ],
        "checks": [check_row(check, workspace, shard) for check in failed_checks.found(workspace, shard)],
        "remarks": [line for lines in file_remarks(workspace, shard).values() for line in lines],
    }


def null_because(state: StageState, workspace: Workspace, shard: str) -> str | None:
    """Why no row of a stage that is done has a value; None where one has, or its files cannot be read."""
    from animeflow.tables.handle import UNREADABLE

    if state.state != "done":
        return None
    try:
        return workspace.handle(shard, state.stage).null_because
    except UNREADABLE:
        return None  # checks say what is wrong with them


def stage_row(state: StageState, *, null: str | None) -> dict[str, Any]:
    """One stage as plain values; `null` says why it has no value."""
    return {
        "stage": state.stage,
        "group": state.group,
        "state": state.state,
        "why": list(state.why),
        "videos": dict(state.counts),
        "null": null,
    }


def failure_row(stage: str, status: Status) -> dict[str, Any]:
    """A video that failed in a stage, as plain values."""
    return {"stage": stage, "file": status.path, "reason": status.reason.value, "message": status.message}


def check_row(check: CheckFailure, workspace: Workspace, shard: str) -> dict[str, Any]:
    """A check that failed on a result of a stage, as plain values, with the stages that it keeps waiting."""
    from animeflow.tables.failed_checks import waiting

    behind = waiting(workspace, shard, check.asset)
    return {
        "check": check.check,
        "stage": check.asset,
        "blocking": check.blocking,
        "message": check.message,
        "waiting": behind if check.blocking else [],
        "text": f"{check.text(len(behind))} ({check.way_out})",
    }


def whole_failures(workspace: Workspace, shard: str) -> list[dict[str, Any]]:
    """The stages whose last run failed as a whole, in the same form; no file is named."""
    from animeflow.tables import failed

    return [
        {"stage": last.stage, "file": None, "reason": last.reason, "message": last.message}
        for last in failed.found(workspace.logs_dir(shard))
    ]


def units_now(settings: Settings, workspace: Workspace) -> dict[str, Unit]:
    """{shard: its unit} as the source is now; empty where the source does not answer."""
    from animeflow.defs.units import open_units

    try:
        return {unit.key: unit for unit in open_units(settings, workspace).units}
    except AnimeflowError as error:
        click.echo(f"the source was not asked: {error}", err=True)
        return {}


def print_shard(entry: dict[str, Any], *, only_stale: bool) -> None:
    """A line for the shard, one per stage (or per stage that is not done), and one per video that failed there."""
    stages, path = entry["stages"], entry["path"]
    name = entry["shard"] if path is None or path.isascii() else f"{entry['shard']} {path!r}"
    if not entry["failures"] and all(row["state"] == "missing" for row in stages):
        click.echo(f"{name}  0/{len(stages)} stages done: no stage has ended here yet")
        return
    failed = f", {plural(entry['failed_videos'], 'video')} failed" if entry["failed_videos"] else ""
    if whole := [failure["stage"] for failure in entry["failures"] if failure["file"] is None]:
        failed += f", failed at {', '.join(whole)}"
    if names := [check["check"] for check in entry["checks"]]:
        failed += f", check failed: {', '.join(names)}"
    gone = ", no longer in the source" if entry["in_source"] is False else ""
    click.echo(f"{name}  {entry['done']}/{len(stages)} stages done{failed}{gone}")
    failed_whole = {failure["stage"] for failure in entry["failures"]}
    never = [row["stage"] for row in stages if row["state"] == "missing" and row["stage"] not in failed_whole]
    if only_stale and never:
        click.echo(f"  {'never run':<22} {', '.join(never)}")
    for row in stages:
        checks = [check["text"] for check in entry["checks"] if check["stage"] == row["stage"]]
        if only_stale and not checks and (row["state"] in STANDING or row["stage"] in never):
            continue
        videos = " ".join(f"{count} {state}" for state, count in row["videos"].items() if count)
        why = (
            f"  ({'; '.join(row['why'])})" if row["why"] else f"  null: {row['null']}" if row["null"] else ""
        )
        click.echo(f"  {row['stage']:<22} {row['state']:<10} {videos}{why}".rstrip())
        if row["stage"] == SHARD_FILES:
            for remark in entry["remarks"]:
                click.echo(f"    {remark}")
        for text in checks:
            click.echo(f"    {text}")
        for failure in entry["failures"]:
            if failure["stage"] == row["stage"]:
                what = "its last run failed" if failure["file"] is None else repr(failure["file"])
                click.echo(f"    {what}: {failure['reason']}: {failure['message']}")


def _only_stale(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "stages": [row for row in entry["stages"] if row["state"] not in STANDING]}
