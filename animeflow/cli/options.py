"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from animeflow.settings.tree import Settings
    from animeflow.tables.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])
JSON_HELP = "Print JSON and nothing else."
LISTED = 8  # keys of shards in an error


def out_option(function: F) -> F:
    """--out DIR: the workspace."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help="The workspace (results, history, reports). Default: $ANIMEFLOW_WORKSPACE, else ./workspace.",
    )(function)


def settings_options(function: F) -> F:
    """--profile, --settings FILE and --set key=value."""
    for option in (
        click.option(
            "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one setting; repeatable."
        ),
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(path_type=Path, dir_okay=False),
            help="A YAML file of settings.",
        ),
        click.option("--profile", help="Start from this profile (embedded, studio, modern)."),
    ):
        function = option(function)
    return function


def json_option(function: F) -> F:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help=JSON_HELP)(function)


def shards_option(function: F) -> F:
    """--shards KEY, of the commands on a workspace."""
    return click.option(
        "--shards",
        multiple=True,
        metavar="KEY",
        help="Only this shard (key or path in the source); repeatable. Default: all.",
    )(function)


def workspace_at(out: Path | None) -> Workspace:
    """The workspace of --out."""
    import os

    from animeflow.tables.workspace import Workspace

    return Workspace(plain_path(Path(out or os.environ.get("ANIMEFLOW_WORKSPACE") or "workspace")))


def plain_path(path: Path) -> Path:
    """The absolute path without `..`; links stay as they are named where there is none to take out."""
    return path.resolve() if ".." in path.parts else path.absolute()


def existing_workspace(out: Path | None) -> Workspace:
    """The same; a usage error when nothing was ever run there."""
    workspace = workspace_at(out)
    if not workspace.begun:
        reason = (
            "no settings.yaml and no history in it"
            if workspace.root.is_dir()
            else "nothing was run there yet"
        )
        raise click.UsageError(f"{workspace.root} is no workspace: {reason} (--out DIR names another)")
    return workspace


def chosen_shards(
    workspace: Workspace, names: Sequence[str], *, known: Sequence[str] | None = None
) -> list[str]:
    """The shards of --shards, or all that are known (default: those with results); a usage error names the others.

    A shard is named by its key or by its path in the source.
    """
    from animeflow.tables.ids import shard_key

    known = workspace.shards() if known is None else list(known)
    # The key is made of the path, so a path needs no source that answers. A key is no path of another shard.
    keys = {name: name if name in known else shard_key(name) for name in names}
    if unknown := [name for name, key in keys.items() if key not in known]:
        there = f"there are: {', '.join(known[:LISTED])}" if known else "there is none yet"
        raise click.UsageError(f"no shard {', '.join(map(repr, unknown))} in {workspace.root}; {there}")
    return list(dict.fromkeys(keys.values())) or known


def file_settings(*, profile: str | None, settings_file: Path | None, overrides: tuple[str, ...]) -> Settings:
    """The tree of a command on single files; a usage error where it asks for what such a command does not do."""
    settings = resolve_settings(profile=profile, settings_file=settings_file, overrides=overrides)
    if settings.source.restore != "never":
        raise click.UsageError(
            f"source.restore is {settings.source.restore}, but commands on single files look at the file as it is; "
            "`animeflow run` restores (here: --set source.restore=never)"
        )
    return settings


def resolve_settings(
    *,
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    workspace: Workspace | None = None,
) -> Settings:
    """The settings tree; a workspace's saved settings.yaml is the base unless a profile or a file is named."""
    from animeflow.settings.load import load

    if settings_file is not None and not settings_file.is_file():
        raise click.UsageError(f"no such settings file: {settings_file}")
    saved = workspace.root / "settings.yaml" if workspace is not None else None
    if settings_file is None and profile is None and saved is not None and saved.is_file():
        settings_file = saved
    return load(profile=profile, file=settings_file, overrides=overrides)
