"""`animeflow probe|shots|measures FILE…`: work on single files, without workspace or Dagster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from animeflow.cli.each_file import each_file, table
from animeflow.cli.exits import Exit
from animeflow.cli.options import json_option, resolve_settings, settings_options
from animeflow.cli.terminal import size

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


@click.command(epilog="Example: animeflow probe episode.mkv --json")
@FILES
@json_option
def probe(files: tuple[Path, ...], as_json: bool) -> None:
    """What is in each file: streams, exact times, frames counted by packets, colour, HDR, fonts, chapters."""
    from animeflow.media.probe import probe as probe_file

    raise Exit(each_file(files, lambda path: _plain(probe_file(path).to_row()), show_probe, as_json=as_json))


def show_probe(result: dict[str, Any]) -> str:
    """A few lines for people."""
    rate = f", {result['rate_num'] / result['rate_den']:.3f} fps" if result.get("rate_den") else ""
    lines = [
        f"{result['file']}  {size(Path(result['file']).stat().st_size)}  {result['container']}",
        f"  video     {result['codec']} {result['width']}x{result['height']} {result['pix_fmt']}, "
        f"{result['frames']} frames{rate}{' variable' if result['variable_rate'] else ''}",
    ]
    lines += [
        f"  audio     {t['codec']} {t['sample_rate']} Hz {t.get('layout', '')} {t.get('language') or ''}".rstrip()
        for t in result["audio"]
    ]
    lines += [f"  subtitles {t['codec']} {t.get('language') or ''}".rstrip() for t in result["subtitles"]]
    lines += [
        f"  attached  {t.get('name') or ''} {t.get('mimetype') or ''}".rstrip() for t in result["attachments"]
    ]
    if result["chapters"]:
        lines.append(f"  chapters  {len(result['chapters'])}")
    return "\n".join(lines)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The probe columns with JSON columns unpacked."""
    import json

    return {
        name.removesuffix("_json"): json.loads(value)
        if name.endswith("_json") and value is not None
        else value
        for name, value in row.items()
    }


__all__ = ["Any", "probe", "resolve_settings", "settings_options", "table"]
