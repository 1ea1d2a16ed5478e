"""`animeflow curate`: decide again on stored measures; a table operation, nothing is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from animeflow.cli.exits import FAILED, INTERRUPTED, OK, Exit
from animeflow.cli.options import (
    chosen_shards,
    existing_workspace,
    out_option,
    resolve_settings,
    settings_options,
    shards_option,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from animeflow.settings.curation import CurationSettings
    from animeflow.settings.tree import Settings
    from animeflow.tables.workspace import Workspace

NEEDED = ("clips", "flash", "statistics", "text", "quality", "aesthetics", "motion")


@click.command(epilog="Example: animeflow curate --out workspace --set curation.max_flashes=2 --dry-run")
@out_option
@settings_options
@shards_option
@click.option("--dry-run", is_flag=True, help="Say what would be kept; change nothing.")
@click.pass_context
def curate(
    context: click.Context,
    out: Path | None,
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    shards: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Apply thresholds (--set curation.NAME=VALUE) to the measures that are stored.

    Clip files and layers of newly kept clips are made by the next `animeflow run`, which skips what has not changed.
    The thresholds are kept in the workspace (settings.yaml): later commands start from them.
    """
    workspace = existing_workspace(out)
    settings = resolve_settings(
        profile=profile, settings_file=settings_file, overrides=overrides, workspace=workspace
    )
    require_thresholds_only(
        settings, resolve_settings(profile=None, settings_file=None, overrides=(), workspace=workspace)
    )
    ready = measured_shards(workspace, shards)
    before = {shard: decisions(workspace, shard) for shard in ready}
    if dry_run:
        after = {shard: counted(decide_again(workspace, shard, settings.curation)) for shard in ready}
    else:
        code = _run(context, workspace, settings, ready)
        after = {shard: decisions(workspace, shard) for shard in ready}
        if code != OK:
            raise Exit(code)
    for shard in ready:
        click.echo(compare(shard, before[shard], after[shard]))
    if not dry_run and before != after:
        click.echo(
            "clip files, layers and reports are still those of before: `animeflow run SOURCE` renews them"
        )


def require_thresholds_only(settings: Settings, saved: Settings) -> None:
    """Usage error where more than the section `curation` differs from what the workspace was run with."""
    other = settings.model_copy(update={"curation": saved.curation, "profile": saved.profile})
    if other != saved:
        parts = [name for name in type(saved).model_fields if getattr(other, name) != getattr(saved, name)]
        raise click.UsageError(
            f"curate changes curation.* alone; {', '.join(parts)} would differ: `animeflow run` with these settings"
        )


def measured_shards(workspace: Workspace, shards: tuple[str, ...]) -> list[str]:
    """The shards whose measures are all there; a usage error when a named one lacks some."""
    ready = [
        shard
        for shard in workspace.shards()
        if all(workspace.manifest(shard, name) is not None for name in NEEDED)
    ]
    named = chosen_shards(workspace, shards) if shards else []
    if missing := [shard for shard in named if shard not in ready]:
        raise click.UsageError(
            f"no measures of {', '.join(missing)} in {workspace.root}: `animeflow run` first"
        )
    if not ready:
        raise click.UsageError(f"no measured shard in {workspace.root}: `animeflow run` first")
    return named or ready


def decisions(workspace: Workspace, shard: str) -> Counter[str]:
    """Clips by what became of them; empty where nothing was decided yet."""
    if workspace.manifest(shard, "kept_clips") is None:
        return Counter()
    return counted(workspace.handle(shard, "kept_clips").table(columns=["keep", "reason"]))


def counted(table: pa.Table) -> Counter[str]:
    """{reason: clips}; the kept ones are `kept`."""
    return Counter(table["reason"].to_pylist())


def decide_again(workspace: Workspace, shard: str, settings: CurationSettings) -> pa.Table:
    """The table `kept_clips` of a shard under other thresholds, in memory."""
    from animeflow.curation.keep import MEASURE_TABLES, keep_clips

    measures = {name: workspace.handle(shard, name).rows() for name in MEASURE_TABLES}
    return keep_clips(workspace.handle(shard, "clips").rows(), measures, settings)


def compare(shard: str, before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """A line per shard: kept before and after, and what drops the rest."""
    dropped = ", ".join(f"{count} {reason}" for reason, count in sorted(after.items()) if reason != "kept")
    text = f"{shard}  kept {before.get('kept', 0)} -> {after.get('kept', 0)} of {sum(after.values())}"
    return f"{text}, dropped: {dropped}" if dropped else text


def _run(context: click.Context, workspace: Workspace, settings: object, shards: list[str]) -> int:
    from animeflow.cli.engine import Engine, Order
    from animeflow.cli.stopping import stoppable
    from animeflow.cli.terminal import Terminal
    from animeflow.settings.tree import Settings

    assert isinstance(settings, Settings)
    order = Order(workspace, settings, selection=("kept_clips",), job="curate", report=False)
    engine = Engine(order, Terminal(quiet=(context.obj or {}).get("quiet", False)))
    outcomes = stoppable(lambda: engine.run_shards(shards))
    if any(outcome.interrupted for outcome in outcomes):
        return INTERRUPTED
    return OK if all(outcome.success for outcome in outcomes) else FAILED
