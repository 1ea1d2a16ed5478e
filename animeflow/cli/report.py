"""`animeflow report`: the HTML page of shards."""

from __future__ import annotations

from pathlib import Path

import click

from animeflow.cli.options import existing_workspace, out_option, resolve_settings


@click.command(epilog="Example: animeflow report --out workspace")
@out_option
@click.option("--shards", multiple=True, metavar="KEY", help="Only this shard; repeatable. Default: all.")
def report(out: Path | None, shards: tuple[str, ...]) -> None:
    """Write one self-contained HTML page per shard and print where it is."""
    from animeflow.report import build_report

    workspace = existing_workspace(out)
    known = workspace.shards()
    if unknown := [key for key in shards if key not in known]:
        raise click.UsageError(f"no shard {', '.join(unknown)} in {workspace.root}")
    settings = resolve_settings(profile=None, settings_file=None, overrides=(), workspace=workspace)
    for shard in shards or known:
        click.echo(build_report(workspace, shard, workspace.report_path(shard), settings=settings))
    if not known:
        click.echo("no shards yet", err=True)
