"""`animeflow report`: the HTML page of shards."""

from __future__ import annotations

from pathlib import Path

import click

from animeflow.cli.options import (
    chosen_shards,
    existing_workspace,
    out_option,
    resolve_settings,
    shards_option,
)


@click.command(epilog="Example: animeflow report --out workspace")
@out_option
@shards_option
def report(out: Path | None, shards: tuple[str, ...]) -> None:
    """Write one self-contained HTML page per shard and print where it is."""
    from animeflow.report import build_report

    workspace = existing_workspace(out)
    keys = chosen_shards(workspace, shards)
    settings = resolve_settings(profile=None, settings_file=None, overrides=(), workspace=workspace)
    for shard in keys:
        click.echo(build_report(workspace, shard, workspace.report_path(shard), settings=settings))
    if not keys:
        click.echo("no shards yet", err=True)
