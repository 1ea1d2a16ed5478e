"""`animeflow layers FILE… --out DIR`: separate single files into layers, without workspace or Dagster."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from animeflow.cli.each_file import begins_anew, each_file, printable, table
from animeflow.cli.exits import Exit
from animeflow.cli.options import file_settings, json_option, settings_options


@click.command(epilog="Example: animeflow layers episode.mkv --out layers --json")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where the layers are written.",
)
@settings_options
@json_option
@click.pass_context
@begins_anew
def layers(
    context: click.Context,
    files: tuple[Path, ...],
    out: Path,
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Separate every clip of each file into character, effect and background, as they are published.

    Pictures lie in DIR/<name>-<video id>/media/<clip id>/, their tables beside them as JSON lines.
    """
    from animeflow.cli.file_layers import separate_file
    from animeflow.cli.terminal import Terminal

    settings = file_settings(profile=profile, settings_file=settings_file, overrides=overrides)
    require_writable(out)
    # On stderr: what a program reads from stdout are the results alone.
    terminal = Terminal(sys.stderr, quiet=(context.obj or {}).get("quiet", False))
    raise Exit(
        each_file(files, lambda path: separate_file(path, out, settings, terminal), show, as_json=as_json)
    )


def require_writable(out: Path) -> None:
    """Make the folder, and refuse one that takes no file: it is no fault of the videos."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".separating-"):
            pass
    except OSError as error:
        raise click.UsageError(
            f"cannot write to the folder {printable(out)}: {error.strerror or error}; name another one with --out"
        ) from error


def show(result: dict[str, Any]) -> str:
    """A table for people."""
    if not result["clips"]:
        return f"{result['file']}  no clips"
    names = ("start", "end", "drawings", "verdict", "recomposition_psnr", "seen_share")
    rows = [[clip[name] for name in names] for clip in result["clips"]]
    return f"{result['file']}  {result['out']}\n{table(rows, names)}"
