"""One property of a stream before and after an encode, and why it changed where it had to."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from animeflow.media.encode.plan import STATISTICS_TAG
from animeflow.media.probe.file import Probe
from animeflow.media.probe.stream_facts import StreamFacts

# Matroska keeps whole milliseconds: each side rounds by at most half of one.
MS = 0.001 + 1e-6
_CAPITALS = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
# ISO 639-2 has two codes for these languages: of terminology, and of libraries.
_BIBLIOGRAPHIC = {
    "BOD": "TIB", "CES": "CZE", "CYM": "WEL", "DEU": "GER", "ELL": "GRE", "EUS": "BAQ", "FAS": "PER", "FRA": "FRE",
    "HYE": "ARM", "ISL": "ICE", "KAT": "GEO", "MKD": "MAC", "MRI": "MAO", "MSA": "MAY", "MYA": "BUR", "NLD": "DUT",
    "RON": "RUM", "SLK": "SLO", "SQI": "ALB", "ZHO": "CHI",
}  # fmt: skip
_OWN_ROWS = ("LANGUAGE", "TITLE", "FILENAME", "MIMETYPE")
# Tags that describe the old file, not the film.
_CONTAINER_TAGS = {
    "ENCODER": "it names the program that wrote the file",
    "MAJOR_BRAND": "it describes an MP4 file",
    "MINOR_VERSION": "it describes an MP4 file",
    "COMPATIBLE_BRANDS": "it describes an MP4 file",
    "CREATION_TIME": "a bit-exact file has no clock time",
    "VENDOR_ID": "it names the program that wrote the file",
}


@dataclass(frozen=True)
class FidelityRow:
    """One property of one stream. `why` explains a difference; one without it is a fault."""

    stream: str
    property: str
    before: Any
    after: Any
    same: bool
    why: str | None = None

    def columns(self) -> dict[str, Any]:
        """As the table shows it: stream, property, in, out, same, why."""
        return {
            "stream": self.stream,
            "property": self.property,
            "in": _shown(self.before),
            "out": _shown(self.after),
            "same": self.same,
            "why": self.why,
        }


@dataclass(frozen=True)
class Side:
    """One of the two files, and when its first picture is shown, in seconds of its own clock."""

    probe: Probe
    facts: StreamFacts
    first_s: float

    @classmethod
    def of(cls, probe: Probe, facts: StreamFacts, pts: Sequence[int] | None = None) -> Side:
        """The first of `pts`, where they are known: a recording begins with packets that give no picture."""
        video = probe.video
        first = video.times.first_pts if pts is None else int(pts[0])
        return cls(probe, facts, float(first * video.time_base))


def unexplained(rows: Sequence[FidelityRow]) -> list[FidelityRow]:
    """The rows that differ without a reason."""
    return [row for row in rows if not row.same and row.why is None]


def fidelity_json(rows: Sequence[FidelityRow]) -> str:
    """The rows as a JSON list, for the table `av1_videos`."""
    listed = [
        {
            "stream": row.stream,
            "property": row.property,
            "in": _plain(row.before),
            "out": _plain(row.after),
            "same": row.same,
            "why": row.why,
        }
        for row in rows
    ]
    return json.dumps(listed, sort_keys=True, ensure_ascii=False)


def compared(
    stream: str,
    name: str,
    before: Any,
    after: Any,
    *,
    close: Callable[[Any, Any], bool] | None = None,
    why: str | None = None,
    expected: bool = True,
) -> FidelityRow:
    """`why` counts only where the values differ and the new one is the `expected` one."""
    same = before == after or (close is not None and None not in (before, after) and close(before, after))
    return FidelityRow(stream, name, before, after, same, why if not same and expected else None)


def within(tolerance: float) -> Callable[[Any, Any], bool]:
    return lambda a, b: abs(a - b) <= tolerance


def tag_rows(stream: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FidelityRow]:
    """Tags of the source that are more than statistics, by the names that FFmpeg gives them in Matroska."""
    new = {matroska_name(key): value for key, value in after.items()}
    for key, value in sorted(before.items()):
        upper = matroska_name(key)
        if STATISTICS_TAG.match(upper) or (stream != "file" and upper in _OWN_ROWS):
            continue
        why = _CONTAINER_TAGS.get(upper) or (None if value else "an empty tag")
        yield compared(stream, f"tag {upper}", value, new.get(upper), why=why)


def matroska_name(name: str) -> str:
    """A tag's name as FFmpeg's Matroska muxer writes it: ASCII letters in capitals, and `_` for blanks. A language at
    its end is written beside it, by its bibliographic code.
    """
    base, dash, language = name.replace(" ", "_").translate(_CAPITALS).rpartition("-")
    if language == "UND" and base:
        return base
    return f"{base}{dash}{_BIBLIOGRAPHIC.get(language, language) if base else language}"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value)) or None
    if isinstance(value, Fraction):
        return f"{value.numerator}:{value.denominator}"
    return value


def _shown(value: Any) -> Any:
    plain = _plain(value)
    return plain[:32].replace("\n", " ") if isinstance(plain, str) else plain
