"""`animeflow probe|shots|measures FILE…`: work on single files, without workspace or Dagster."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from animeflow.cli.each_file import begins_anew, each_file, table
from animeflow.cli.exits import Exit
from animeflow.cli.options import file_settings, json_option, resolve_settings, settings_options
from animeflow.cli.terminal import size
from animeflow.media.isolation.isolate import prepare
from animeflow.tables.words import plural

if TYPE_CHECKING:
    from animeflow.settings.tree import Settings

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
PROBE, ANALYSE = (
    "animeflow.media.probe.file:probe",
    "animeflow.shots.signals:passes",
)  # what a worker does first
OnFiles = Callable[[tuple[Path, ...], "Settings", bool], None]


def on_files(settings_of: Callable[..., Settings], first: str) -> Callable[[OnFiles], Callable[..., None]]:
    """Of a command on FILES with --profile, --settings, --set and --json: it gets the files, the settings tree that
    `settings_of` makes of the options, and whether to print JSON. A worker that is to do `first` starts meanwhile.
    """

    def made(command: OnFiles) -> Callable[..., None]:
        @FILES
        @settings_options
        @json_option
        @begins_anew
        @wraps(command)
        def called(files: tuple[Path, ...], as_json: bool, **options: Any) -> None:
            prepare(first)
            command(files, settings_of(**options), as_json)

        return called

    return made


@click.command(epilog="Example: animeflow probe episode.mkv --json")
@on_files(resolve_settings, PROBE)
def probe(files: tuple[Path, ...], settings: Settings, as_json: bool) -> None:
    """What is in each file: streams, exact times, frames counted by packets, colour, HDR, fonts, chapters."""
    from animeflow.source.shard import probe_within

    probe_file = probe_within(settings)

    def row(path: Path) -> dict[str, Any]:
        found = probe_file(path)
        return {"size_bytes": found.size_bytes, "truncated": found.truncated, **_plain(found.to_row())}

    raise Exit(each_file(files, row, show_probe, as_json=as_json))


PRIMARIES = {1: "BT.709", 5: "BT.601 (625 lines)", 6: "BT.601 (525 lines)", 9: "BT.2020", 12: "Display P3"}
TRANSFERS = {1: "BT.709", 6: "BT.601", 13: "sRGB", 14: "BT.2020", 15: "BT.2020", 16: "PQ", 18: "HLG"}
RANGES = {1: "limited range", 2: "full range"}


def colour_words(result: dict[str, Any]) -> str:
    """Primaries, transfer (code points of ITU-T H.273), range and HDR metadata; "" where the file tags none."""
    words = []
    for key, names in (("color_primaries", PRIMARIES), ("color_transfer", TRANSFERS)):
        code = result[key]
        if code not in (None, 0, 2):  # reserved, unspecified
            words.append(f"{key.removeprefix('color_')} {names.get(code, f'code {code}')}")
    words += [RANGES[result["color_range"]]] if result["color_range"] in RANGES else []
    words += ["HDR metadata"] if result.get("hdr") else []
    return ", ".join(words)


def shown_words(result: dict[str, Any]) -> str:
    """What a player does before the stored pictures are right; "" where it does nothing."""
    words = []
    if result["interlaced"]:
        order = result.get("field_order") or "unknown"
        words.append("interlaced" + (f" ({order})" if order not in ("unknown", "progressive") else ""))
    sar = result["sar_num"], result["sar_den"]
    if all(sar) and sar[0] != sar[1]:
        words.append(f"pixels {sar[0]}:{sar[1]}")
    if result["rotation"]:
        words.append(f"rotated by {result['rotation']:g} degrees")
    if result["mirrored"]:
        words.append("mirrored")
    return ", ".join(words)


def show_probe(result: dict[str, Any]) -> str:
    """A few lines for people."""
    rate = f", {result['rate_num'] / result['rate_den']:.3f} fps" if result.get("rate_den") else ""
    lines = [
        f"{result['file']}  {size(result['size_bytes'])}  {result['container']}",
        f"  video     {result['codec']} {result['width']}x{result['height']} {result['pix_fmt']}, "
        f"{plural(result['frames'], 'frame')}{rate}{' variable' if result['variable_rate'] else ''}",
    ]
    colour = colour_words(result)
    if colour:
        lines.append(f"  colour    {colour}")
    shown = shown_words(result)
    if shown:
        lines.append(f"  shown     {shown}")
    if result["truncated"]:
        lines.append(f"  TRUNCATED the header says {result['duration_s']:.1f} s, the packets end before")
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


@click.command(epilog="Example: animeflow shots episode.mkv --json")
@on_files(file_settings, ANALYSE)
def shots(files: tuple[Path, ...], settings: Settings, as_json: bool) -> None:
    """Find the shots of each file: hard cuts, transitions, and the shots between them."""
    from animeflow.cli.file_work import FileWork, shots_of

    raise Exit(each_file(files, lambda path: shots_of(FileWork(path, settings)), show_shots, as_json=as_json))


EDGES = {"fade_in": "begins with a fade", "fade_out": "ends with a fade"}


def show_shots(result: dict[str, Any]) -> str:
    """A table for people."""

    rate = f", {result['fps']:.3f} fps" if result["fps"] else ""
    rows = [
        [n, shot["start"], shot["end"], shot["end"] - shot["start"]] for n, shot in enumerate(result["shots"])
    ]
    lines = [
        f"{result['file']}  {plural(result['frames'], 'frame')}{rate}, {plural(len(result['shots']), 'shot')}"
    ]
    lines.append(table(rows, ["shot", "start", "end", "frames"]))
    for part in result["transitions"]:
        words = EDGES.get(part["kind"], part["kind"])
        lines.append(f"{words} in frames {part['start']} to {part['end']}")
    return "\n".join(lines)


@click.command(epilog="Example: animeflow measures episode.mkv --json")
@on_files(file_settings, ANALYSE)
def measures(files: tuple[Path, ...], settings: Settings, as_json: bool) -> None:
    """Measure the clips of each file: flashes, text, statistics, motion. What has no model is null, with the reason."""
    from animeflow.cli.file_work import FileWork, measures_of

    raise Exit(
        each_file(
            files,
            lambda path: measures_of(FileWork(path, settings, with_text=True)),
            show_measures,
            as_json=as_json,
        )
    )


def show_measures(result: dict[str, Any]) -> str:
    """A table for people: one row per measure, one column per clip, and why something is null."""
    clips = result["clips"]
    if not clips:
        return f"{result['file']}  no clips"
    names = list(clips[0]["measures"])
    head = ["measure", *(f"{clip['start']}-{clip['end']}" for clip in clips)]
    lines = [f"{result['file']}  {plural(len(clips), 'clip')}"]
    lines.append(table([[name, *(clip["measures"][name] for clip in clips)] for name in names], head))
    why = {name: text for clip in clips for name, text in clip["reasons"].items()}
    lines += [f"{name}: {text}" for name, text in why.items()]
    return "\n".join(lines)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The probe columns with JSON columns unpacked."""
    return {
        name.removesuffix("_json"): json.loads(value)
        if name.endswith("_json") and value is not None
        else value
        for name, value in row.items()
    }
