"""Commands on single files: one result per file in the order of the arguments; a failed one does not stop the rest."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from animeflow.cli.exits import FAILED, INTERRUPTED, OK, SOME_FAILED, Exit
from animeflow.cli.terminal import one_line
from animeflow.errors import AnimeflowError, Interrupted, LicenceRefused, SettingsError, WeightsMissing

# These are not about a file: they end the command.
NOT_OF_A_FILE = (
    Interrupted, SettingsError, WeightsMissing, LicenceRefused, Exit, click.ClickException, click.exceptions.Exit,
    click.Abort,
)  # fmt: skip
Command = TypeVar("Command", bound=Callable[..., None])
log = logging.getLogger("animeflow.cli")


def each_file(
    files: Sequence[Path],
    work: Callable[[Path], dict[str, Any]],
    show: Callable[[dict[str, Any]], str],
    *,
    as_json: bool,
) -> int:
    """Run `work` on every file and print its result: with --json one object per line and nothing else on stdout.

    Returns the exit code: 0 all, 3 some files failed, 1 all failed. A failed file is `{"file", "error"}`.
    """
    failed = 0
    for path in files:
        name = printable(path)
        try:
            result = {"file": name, **work(path)}
            line = json.dumps(result) if as_json else show({**result, "file": one_line(name)})
        except NOT_OF_A_FILE:
            raise
        except Exception as error:
            log.info("%s failed", name, exc_info=True)
            failed += 1
            told = {"file": name, "error": printable(_words(error, path))}
            if as_json:
                click.echo(json.dumps(told))
            else:
                click.echo(f"{one_line(name)}: {one_line(told['error'])}", err=True)
        else:
            click.echo(line)
    return OK if not failed else FAILED if failed == len(files) else SOME_FAILED


def begins_anew(command: Command) -> Command:
    """Of a command on single files: it keeps no half work, so an interruption promises no going on."""

    @wraps(command)
    def called(*words: Any, **options: Any) -> None:
        try:
            command(*words, **options)
        except (KeyboardInterrupt, Interrupted, click.Abort):
            click.echo("interrupted; files that were answered stand, the same command begins anew", err=True)
            raise Exit(INTERRUPTED) from None

    return cast("Command", called)


def printable(text: Path | str) -> str:
    """A path, or what is said of one, as text; bytes that are no UTF-8 are escaped."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _words(error: Exception, path: Path) -> str:
    """What an error says of a file that the line has named; the type too where nobody foresaw the error."""
    if isinstance(error, AnimeflowError):
        return error.pathless if error.path == str(path) else str(error)
    if isinstance(error, OSError):
        return error.strerror if error.strerror and error.filename == str(path) else str(error)
    return f"{type(error).__name__}: {error} (-v shows where)"


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """Columns of text under a head, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[n]) for line in [list(head), *cells]) for n in range(len(head))]
    right = [all(_is_number(row[n]) for row in rows) for n in range(len(head))]
    lines = [list(head), *cells]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
