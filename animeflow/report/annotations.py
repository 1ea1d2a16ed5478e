"""What is said about kept clips: labels as words with their evidence, palettes as colours."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from animeflow.report.shard import Row, ShardData
from animeflow.report.text import number, percent, plural, words

MOST_CLIPS = 120
_SWATCH_PX = 132
_HEX = re.compile(r"^#?[0-9a-fA-F]{6}$")


@dataclass(frozen=True)
class Swatch:
    """One colour of a palette, its width on the page in px."""

    css: str
    label: str
    width: float


@dataclass(frozen=True)
class Cell:
    """A label in words with its evidence, or a palette; `why` says why there is neither."""

    text: str = ""
    evidence: str = ""
    colours: tuple[Swatch, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class AnnotationLine:
    """One kept clip."""

    shot: int
    frames: str
    picture: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class AnnotationView:
    """Columns, a line per kept clip, and sentences about what is not there."""

    columns: Sequence[str] = ()
    lines: Sequence[AnnotationLine] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def annotation_view(data: ShardData, pictures: Mapping[tuple[str, int], str | None]) -> AnnotationView:
    """The table of labels; empty when `annotations` is not there."""
    rows = data.rows("annotations")
    spans = {row["clip_id"]: f"{row['start']}–{row['end'] - 1}" for row in data.rows("clips")}
    lines = [
        AnnotationLine(
            row["shot"],
            spans.get(row["clip_id"], ""),
            pictures.get((row["video_id"], row["shot"])),
            tuple(_cells(row)),
        )
        for row in sorted(rows, key=lambda row: row["clip_id"])[:MOST_CLIPS]
    ]
    columns = ["shot scale", "camera", "motion", "holds", "text", "palette", "characters"]
    notes = [f"{len(rows) - MOST_CLIPS} more clips are in the table."] if len(rows) > MOST_CLIPS else []
    notes += [
        note
        for note in (_null_note(data, "captions", "caption"), _null_note(data, "embeddings", "vector"))
        if note
    ]
    return AnnotationView(columns, lines, notes)


def _cells(row: Row) -> list[Cell]:
    why = _derivations(row)
    share, height = row["character_share"], row["character_height"]
    figure = f"{percent(share)} of the frame" if share is not None else ""
    figure += f", {percent(height)} high" if height is not None else ""
    return [
        Cell(words(row["shot_scale"] or ""), figure, why=why.get("shot_scale", "")),
        Cell(words(row["camera_move"] or ""), _travel(row), why=why.get("camera_move", "")),
        Cell(row["motion_class"] or "", why=why.get("motion_class", "")),
        Cell(row["hold_pattern"], plural(row["drawings"], "drawing")),
        _text_cell(row, why),
        Cell(colours=_swatches(row["palette"])),
        Cell(
            colours=_swatches(row["character_palette"]),
            why=why.get("character_palette", "no character is visible"),
        ),
    ]


def _text_cell(row: Row, why: Mapping[str, str]) -> Cell:
    if row["has_text"] is None and row["has_subtitle"] is None:
        return Cell(why=why.get("has_text", "text was not measured"))
    found = [word for word, there in (("subtitles", row["has_subtitle"]), ("text", row["has_text"])) if there]
    return Cell(", ".join(found) or "none")


def _travel(row: Row) -> str:
    x, y, zoom = row["camera_x"], row["camera_y"], row["camera_zoom"]
    parts = []
    if x is not None and abs(x) >= 0.01:
        parts.append(f"{abs(x):.2f} widths {'right' if x > 0 else 'left'}")
    if y is not None and abs(y) >= 0.01:
        parts.append(f"{abs(y):.2f} heights {'down' if y > 0 else 'up'}")
    if zoom is not None and abs(zoom - 1) >= 0.01:
        parts.append(f"×{zoom:.2f}")
    return ", ".join(parts)


def _swatches(palette: Sequence[Mapping[str, Any]] | None) -> tuple[Swatch, ...]:
    found = []
    for colour in palette or ():
        code = str(colour["hex"])
        if not _HEX.match(code):
            continue
        share = float(colour["share"] or 0)
        css = code if code.startswith("#") else f"#{code}"
        found.append(Swatch(css, f"{css} {percent(share)}", round(max(6.0, share * _SWATCH_PX), 1)))
    return tuple(found)


def _derivations(row: Row) -> dict[str, str]:
    try:
        found = json.loads(row["derivation_json"])
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _null_note(data: ShardData, asset: str, column: str) -> str:
    """How many rows of an asset have a value, and why the others have none."""
    rows = data.rows(asset, columns=[column, "reason"])
    if not rows:
        return ""
    missing = Counter(row["reason"] or "null" for row in rows if row[column] is None)
    have = len(rows) - sum(missing.values())
    text = f"{words(asset)}: {number(have)} of {number(len(rows))}"
    return text + (
        "; " + "; ".join(f"{count} null: {why}" for why, count in missing.most_common(3)) if missing else ""
    )
