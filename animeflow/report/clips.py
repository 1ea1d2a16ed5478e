"""The clips of a shard with every measure, the decision and its reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from animeflow.report.histograms import Histogram, histogram
from animeflow.report.shard import Row, ShardData
from animeflow.settings.rules import Rule
from animeflow.tables.schema import Column
from animeflow.tables.schemas.common import F64
from animeflow.tables.schemas.measures import TABLES as MEASURE_TABLES
from animeflow.tables.specs import TABLES

MOST_CLIPS = 2000


@dataclass(frozen=True)
class Measure:
    """A column of the table of clips."""

    table: str
    column: Column

    @property
    def key(self) -> str:
        return f"{self.table}.{self.column.name}"


@dataclass(frozen=True)
class ClipLine:
    """One clip. `decision` is kept, dropped or undecided; `breaks` names the measures that broke a rule."""

    clip_id: str
    video_id: str
    video: str
    shot: int
    start: int
    end: int
    duration_s: float
    at_s: float
    decision: str
    reason: str
    failed: tuple[str, ...]
    unmeasured: tuple[str, ...]
    values: dict[str, float | None]
    reasons: dict[str, str]
    breaks: frozenset[str]
    picture: str | None


def measures() -> list[Measure]:
    """Every measure of a clip, in the order of the schemas."""
    return [
        Measure(spec.name, column) for spec in MEASURE_TABLES for column in spec.columns if column.type == F64
    ]


def measure_rows(data: ShardData) -> dict[str, dict[str, Row]]:
    """{table: {clip_id: row}} of every table of measures."""
    return {spec.name: {row["clip_id"]: row for row in data.rows(spec.name)} for spec in MEASURE_TABLES}


def clip_lines(
    data: ShardData,
    tables: Mapping[str, Mapping[str, Row]],
    rules: Sequence[Rule],
    pictures: Mapping[tuple[str, int], str | None],
) -> list[ClipLine]:
    """One line per clip by video and frame, at most `MOST_CLIPS`."""
    decisions = {row["clip_id"]: row for row in data.rows("kept_clips")}
    names = data.video_names
    order = list(names)
    clips = sorted(data.rows("clips"), key=lambda row: (_place(order, row["video_id"]), row["start"]))
    return [
        _line(
            row,
            decisions.get(row["clip_id"]),
            tables,
            rules,
            pictures,
            names.get(row["video_id"]) or "",
        )
        for row in clips[:MOST_CLIPS]
    ]


def _place(order: Sequence[str], video: str) -> int:
    return order.index(video) if video in order else len(order)


def _line(
    row: Row,
    decision: Row | None,
    tables: Mapping[str, Mapping[str, Row]],
    rules: Sequence[Rule],
    pictures: Mapping[tuple[str, int], str | None],
    video: str,
) -> ClipLine:
    clip = row["clip_id"]
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for measure in measures():
        found = tables[measure.table].get(clip, {})
        values[measure.key] = found.get(measure.column.name)
        if values[measure.key] is None:
            reasons[measure.key] = found.get("reason") or ("not measured" if not found else "null")
    base = row["time_base_num"] / row["time_base_den"]
    return ClipLine(
        clip_id=clip,
        video_id=row["video_id"],
        video=video,
        shot=row["shot"],
        start=row["start"],
        end=row["end"],
        duration_s=row["duration_s"],
        at_s=row["start_pts"] * base,
        decision="undecided" if decision is None else "kept" if decision["keep"] else "dropped",
        reason="" if decision is None else decision["reason"],
        failed=tuple(decision["failed"] or ()) if decision else (),
        unmeasured=tuple(decision["unmeasured"] or ()) if decision else (),
        values=values,
        reasons=reasons,
        breaks=_breaks(row, values, rules),
        picture=pictures.get((row["video_id"], row["shot"])),
    )


def _breaks(row: Row, values: Mapping[str, float | None], rules: Sequence[Rule]) -> frozenset[str]:
    broken = set()
    for rule in rules:
        key = f"{rule.table}.{rule.column}"
        value = row["duration_s"] if rule.table == "clips" else values.get(key)
        if value is not None and not rule.keeps(value):
            broken.add(key)
    return frozenset(broken)


def histograms(
    data: ShardData, tables: Mapping[str, Mapping[str, Row]], rules: Sequence[Rule]
) -> list[Histogram]:
    """One per measure, and the duration of the clips first."""
    kept = {row["clip_id"]: bool(row["keep"]) for row in data.rows("kept_clips")}
    clips = data.rows("clips")
    found = []
    if clips:
        duration = TABLES["clips"].column("duration_s")
        found.append(histogram("clips", duration, clips, kept=kept, rules=rules))
    for measure in measures():
        rows = list(tables[measure.table].values())
        if rows:
            found.append(histogram(measure.table, measure.column, rows, kept=kept, rules=rules))
    return found


def reason_counts(lines: Sequence[ClipLine]) -> list[tuple[str, int]]:
    """How many clips each first reason dropped, most first."""
    return Counter(line.reason for line in lines if line.decision == "dropped").most_common()
