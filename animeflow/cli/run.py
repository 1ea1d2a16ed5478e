"""`animeflow run`: materialise the shards of a source on the workspace's Dagster instance."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from animeflow.cli.exits import Exit
from animeflow.cli.options import out_option, plain_path, resolve_settings, settings_options, workspace_at

_WEB = ("http://", "https://", "ftp://")


class _SourceType(click.Path):
    """A path; an address stays the text that it is, because a path would lose one of its slashes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if "://" in str(value) else super().convert(value, param, ctx)


@click.command(epilog="Example: animeflow run episodes --out workspace --dry-run")
@click.argument("source", type=_SourceType(path_type=Path))
@out_option
@settings_options
@click.option(
    "--shards", multiple=True, metavar="KEY", help="Only this shard (key or path in the source); repeatable."
)
@click.option("--limit", type=click.IntRange(min=0), help="At most so many shards.")
@click.option(
    "--select",
    "selection",
    multiple=True,
    metavar="STAGE",
    help="Only this stage or group; repeatable. What they read must stand already or be selected too.",
)
@click.option(
    "--force", multiple=True, metavar="STAGE", help="Run this stage or group although nothing changed."
)
@click.option(
    "--retry-failed", is_flag=True, help="Only shards with failures; their failed stages run again."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and what it needs.")
@click.option("--no-report", is_flag=True, help="Write no HTML report.")
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, help="Shards at the same time, each in its own process."
)
@click.option("--part", is_flag=True, hidden=True)  # a child of --jobs: its parent does the rest
@click.pass_context
def run(
    context: click.Context,
    source: Path | str,
    out: Path | None,
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    shards: tuple[str, ...],
    limit: int | None,
    selection: tuple[str, ...],
    force: tuple[str, ...],
    retry_failed: bool,
    dry_run: bool,
    no_report: bool,
    jobs: int,
    part: bool,
) -> None:
    """Run the stages on SOURCE: a folder of videos, of folders, of archives, or one video.

    Results lie under --out. What was done before and has not changed is not done again. The settings of this command
    are kept there (settings.yaml): later commands start from them; --profile or --settings start anew.
    """
    from animeflow.cli import running
    from animeflow.cli.engine import Order
    from animeflow.cli.plan import named_stages
    from animeflow.cli.terminal import Terminal

    _require_source(source)
    workspace = workspace_at(out)
    _refuse_source_as_workspace(source, workspace.root)
    settings = resolve_settings(
        profile=profile, settings_file=settings_file, overrides=overrides, workspace=workspace
    )
    settings = running.with_source(settings, source)
    names = tuple(stage.name for stage in named_stages(selection)) if selection else ()
    for word in force:
        if names and not any(stage.name in names for stage in named_stages((word,))):
            raise click.UsageError(f"--force {word}: nothing of it is in --select {' '.join(selection)}")
        named_stages((word,))
    order = Order(workspace, settings, names, force, report=not no_report, part=part)
    request = running.Request(shards, limit, retry_failed, jobs, tuple(_child_options(sys.argv)))
    terminal = Terminal(quiet=(context.obj or {}).get("quiet", False))
    raise Exit(running.dry_run(order, request) if dry_run else running.carry_out(order, request, terminal))


def _require_source(source: Path | str) -> None:
    if isinstance(source, Path):
        if not source.exists():
            raise click.UsageError(f"no such source: {plain_path(source)}")
    elif source.lower().startswith(_WEB):
        raise click.UsageError(
            f"{source!r} is an address of the web; a source is a folder or file of this machine, or a folder "
            "of an object store (s3://bucket/folder): download it and give its path"
        )


def _refuse_source_as_workspace(source: Path | str, root: Path) -> None:
    """Results among the episodes would have to be told from them by name for ever."""
    if isinstance(source, Path) and source.is_dir() and source.resolve() == root.resolve():
        raise click.UsageError(
            f"the workspace {root} is the source itself; --out names a folder of its own, "
            f"which may lie inside the source: --out {shlex.quote(str(root / 'workspace'))}"
        )


def _child_options(arguments: Sequence[str]) -> list[str]:
    """The words of this call for a child process, without those that choose shards and parallel jobs."""
    words, skip = [], False
    for word in arguments[1:]:
        if skip:
            skip = False
        elif word in ("--shards", "--limit", "--jobs"):
            skip = True
        elif not word.startswith(("--shards=", "--limit=", "--jobs=")):
            words.append(word)
    return words
