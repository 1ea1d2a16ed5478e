"""Subtitle files from segments: SRT and WebVTT, and intervals of speech as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]


def to_srt(rows: Sequence[Row], *, zero_s: Fraction, line_chars: int) -> str:
    """SubRip: times count from the video's first frame, as players do."""
    return "\n".join(
        f"{number}\n{_clock(row['start_s'], zero_s, ',')} --> {_clock(row['end_s'], zero_s, ',')}\n{lines}\n"
        for number, (row, lines) in enumerate(_spoken(rows, line_chars), 1)
    )


def to_vtt(rows: Sequence[Row], *, zero_s: Fraction, line_chars: int) -> str:
    """WebVTT. `&`, `<` and `>` begin markup there and are escaped."""
    cues = [
        f"{_clock(row['start_s'], zero_s, '.')} --> {_clock(row['end_s'], zero_s, '.')}\n{_escaped(lines)}\n"
        for row, lines in _spoken(rows, line_chars)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def to_json(rows: Sequence[Row], *, video_id: str, sample_rate: int) -> str:
    """Segments with their sample numbers and, where it is known, their text."""
    names = ("start_sample", "end_sample", "start_s", "end_s", "clip_ids", "text", "language", "confidence")
    value = {
        "video_id": video_id,
        "sample_rate": sample_rate,
        "segments": [{name: row[name] for name in names} for row in rows],
    }
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _spoken(rows: Sequence[Row], line_chars: int) -> list[tuple[Row, str]]:
    return [(row, _lines(row["text"], line_chars)) for row in rows if row["text"]]


def _lines(text: str, line_chars: int) -> str:
    """No empty line: it would end the cue. A word that is too long (Japanese has no spaces) is cut."""
    return "\n".join(textwrap.wrap(" ".join(text.split()), line_chars)).replace("-->", "→")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, zero_s: Fraction, point: str) -> str:
    ms = max(0, round((seconds - float(zero_s)) * 1000))
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{point}{ms % 1000:03d}"
