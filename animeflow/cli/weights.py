"""`animeflow weights list|fetch|verify`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from animeflow.cli.exits import FAILED, Exit
from animeflow.cli.options import json_option, resolve_settings, settings_options
from animeflow.cli.terminal import size

if TYPE_CHECKING:
    from pathlib import Path

    from animeflow.models.weights import WeightState, WeightStore


@click.group(epilog="Example: animeflow weights list")
def weights() -> None:
    """Model weights: where they are, whether they are what they should be, and getting them."""


@weights.command("list", epilog="Example: animeflow weights list --json")
@settings_options
@json_option
@click.argument("names", nargs=-1)
def list_(
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
    names: tuple[str, ...],
) -> None:
    """Every set of weights (or NAMES): here or not, size, licence."""
    _print(_store(profile, settings_file, overrides, names).list(names), as_json=as_json)


@weights.command(epilog="Example: animeflow weights verify --json")
@settings_options
@json_option
@click.argument("names", nargs=-1)
def verify(
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
    names: tuple[str, ...],
) -> None:
    """Hash what is here (or NAMES); the exit code is 1 when a file is damaged or a named one is missing."""
    states = _store(profile, settings_file, overrides, names).verify(names)
    _print(states, as_json=as_json)
    if any(state.problem or (names and state.path is None) for state in states):
        raise Exit(FAILED)


@weights.command(epilog="Example: animeflow weights fetch embedded")
@settings_options
@click.argument("names", nargs=-1)
def fetch(
    profile: str | None, settings_file: Path | None, overrides: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Bring weights here, by id or set (default: `embedded`), verified by sha256. What is here is only verified."""
    _store(profile, settings_file, overrides, names).fetch(names or ("embedded",), on_event=click.echo)


def _store(
    profile: str | None, settings_file: Path | None, overrides: tuple[str, ...], names: tuple[str, ...]
) -> WeightStore:
    """The store; a usage error where it has no weights or set of one of the names."""
    from animeflow.models.weights import WeightStore

    tree = resolve_settings(profile=profile, settings_file=settings_file, overrides=overrides)
    store = WeightStore(tree.models.weights)
    known = sorted({*store.table.rows, *store.table.sets})
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no weights {', '.join(map(repr, unknown))}; there are: {', '.join(known)}")
    return store


def _print(states: tuple[WeightState, ...], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {**asdict(state), "path": None if state.path is None else str(state.path)} for state in states
        ]
        click.echo(json.dumps(rows))
        return
    width = max((len(state.id) for state in states), default=0)
    for state in states:
        here = state.problem or ("here" if state.path else "absent")
        use = "" if state.commercial else "  no commercial use"
        click.echo(f"{state.id:<{width}}  {size(state.size):>9}  {here:<8}  {state.licence}{use}")
