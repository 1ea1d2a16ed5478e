"""`animeflow clean`: remove results from a workspace, and nothing outside it."""

from __future__ import annotations

from pathlib import Path

import click

from animeflow.cli.options import existing_workspace, out_option
from animeflow.cli.terminal import size


@click.command(epilog="Example: animeflow clean --out workspace --select layers --dry-run")
@out_option
@click.option("--shards", multiple=True, metavar="KEY", help="Only this shard; repeatable. Default: all.")
@click.option(
    "--select", "selection", multiple=True, metavar="STAGE", help="Only this stage or group; repeatable."
)
@click.option("--logs", is_flag=True, help="Also remove timings and reports of these shards.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(
    out: Path | None,
    shards: tuple[str, ...],
    selection: tuple[str, ...],
    logs: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove results of stages. The Dagster history and the settings stay; published files are never touched."""
    from animeflow.cli.plan import chosen_stages

    workspace = existing_workspace(out)
    unknown = [key for key in shards if key not in workspace.shards()]
    if unknown:
        raise click.UsageError(f"no shard {', '.join(unknown)} in {workspace.root}")
    stages = [stage.name for stage in chosen_stages(selection)]
    doomed: list[Path] = []
    for shard in shards or workspace.shards():
        folder = workspace.shard_dir(shard)
        doomed += [folder / name for name in stages if (folder / name).exists()] if selection else [folder]
        doomed += [
            path
            for path in (workspace.logs_dir(shard), workspace.report_path(shard))
            if logs and path.exists()
        ]
    if not doomed:
        click.echo("nothing to remove")
        return
    for path in doomed:
        click.echo(f"{size(_bytes(path)):>9}  {path.relative_to(workspace.root)}")
    if dry_run:
        return
    if not yes:
        click.confirm(f"remove these {len(doomed)} from {workspace.root}?", abort=True)
    for path in doomed:
        workspace.remove(path)


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())
