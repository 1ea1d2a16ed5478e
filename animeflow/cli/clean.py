"""`animeflow clean`: remove results from a workspace, and nothing outside it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from animeflow.cli.exits import FAILED, Exit
from animeflow.cli.options import chosen_shards, existing_workspace, out_option, shards_option
from animeflow.cli.stopping import seen
from animeflow.cli.terminal import size
from animeflow.tables import failed, failed_checks, timings
from animeflow.tables.manifest import MANIFEST
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import MEDIA, STATUS_FILE, TABLE_DIR, TRASH
from animeflow.tables.words import plural
from animeflow.tables.workspace import STAGING, Workspace

PARTS = {MEDIA, TABLE_DIR, STATUS_FILE, TRASH}  # what a killed run can leave of a result, beside its manifest


@click.command(epilog="Example: animeflow clean --out workspace --select layers --dry-run")
@out_option
@shards_option
@click.option(
    "--select", "selection", multiple=True, metavar="STAGE", help="Only this stage or group; repeatable."
)
@click.option("--logs", is_flag=True, help="Also remove timings, last failures and reports of these shards.")
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
    keys = chosen_shards(workspace, shards)
    names = [stage.name for stage in chosen_stages(selection)]
    with ExitStack() as held:
        if not dry_run:
            # What a run writes is not ours to remove: the lock says whose it is, and keeps the next one waiting.
            for shard in keys:
                held.enter_context(workspace.lock(shard, str(uuid.uuid4())))
        found = [_results(workspace, shard, names) for shard in keys]
        doomed = [path for results in found for path in results]
        doomed += [path for shard in keys if logs for path in _records(workspace, shard)]
        for path in doomed:
            click.echo(f"{size(_bytes(path)):>9}  {path.relative_to(workspace.root)}")
        if not selection:
            _name_what_stays(workspace, keys, doomed)
        if not doomed:
            click.echo("nothing to remove")
        elif not dry_run:
            if not yes and not _agreed(
                f"remove {plural(len(doomed), 'entry', 'entries')} of {workspace.root}?"
            ):
                click.echo("nothing removed")
                raise Exit(FAILED)
            for path in doomed:
                workspace.remove(path)
            for shard in keys:
                _remove_empty(workspace.shard_dir(shard))


def _agreed(question: str) -> bool:
    """The answer; a usage error where there is nobody to give one."""
    try:
        return click.confirm(question)
    except click.Abort:
        if seen:  # it was no end of the input but a signal
            raise
        click.echo(err=True)
        raise click.UsageError(
            "there was no answer, nothing was removed; --yes removes without asking"
        ) from None


def _results(workspace: Workspace, shard: str, names: Sequence[str]) -> list[Path]:
    """The results of these stages in a shard, and what a killed run of them has left."""
    folder = workspace.shard_dir(shard)
    results = [folder / name for name in names if _is_result(folder / name)]
    return results + [folder / STAGING / name for name in names if (folder / STAGING / name).is_dir()]


def _is_result(folder: Path) -> bool:
    """Whether a stage has written this: it has a manifest, or nothing but what a killed finalisation leaves."""
    if not folder.is_dir():
        return False
    return (folder / MANIFEST).is_file() or {entry.name for entry in folder.iterdir()} <= PARTS


def _records(workspace: Workspace, shard: str) -> list[Path]:
    """The timings, the remembered failures of stages and checks, and the report of a shard."""
    logs, page = workspace.logs_dir(shard), workspace.report_path(shard)
    records = [path for name in STAGES for path in (timings.path_of(logs, name), failed.path_of(logs, name))]
    found = [path for path in records if path.is_file()] + sorted(logs.glob(f"*{failed_checks.SUFFIX}"))
    whole = bool(found) and set(found) == set(logs.iterdir())
    return ([logs] if whole else found) + ([page] if page.is_file() else [])


def _name_what_stays(workspace: Workspace, shards: Sequence[str], doomed: Sequence[Path]) -> None:
    for shard in shards:
        folder = workspace.shard_dir(shard)
        inside = [entry for entry in folder.iterdir() if entry.name != STAGING]
        if (folder / STAGING).is_dir():
            inside += (folder / STAGING).iterdir()
        for path in sorted(set(inside) - set(doomed)):
            click.echo(
                f"   stays  {path.relative_to(workspace.root)} (no stage of animeflow wrote it)", err=True
            )


def _remove_empty(folder: Path) -> None:
    """The folder of a shard in which nothing is left."""
    for path in (folder / STAGING, folder):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())
