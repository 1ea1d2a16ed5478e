"""Commands on single files: one result per file in the order of the arguments; a failed one does not stop the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from animeflow.cli.exits import FAILED, OK, SOME_FAILED
from animeflow.errors import AnimeflowError, Interrupted, LicenceRefused, SettingsError, WeightsMissing

# These are not about a file: they end the command.
NOT_OF_A_FILE = (Interrupted, SettingsError, WeightsMissing, LicenceRefused)


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
        try:
            result = {"file": printable(path), **work(path)}
        except NOT_OF_A_FILE:
            raise
        except (AnimeflowError, OSError) as error:
            failed += 1
            result = {"file": printable(path), "error": str(error)}
        if as_json:
            click.echo(json.dumps(result))
        elif "error" in result:
            click.echo(f"{result['file']}: {result['error']}", err=True)
        else:
            click.echo(show(result))
    return OK if not failed else FAILED if failed == len(files) else SOME_FAILED


def printable(path: Path) -> str:
    """The path as text; bytes that are no UTF-8 are escaped."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


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
