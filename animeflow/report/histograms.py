"""A histogram per measure, with its thresholds and what they would keep, as SVG that a screen reader can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from animeflow.report.figures import nice_edges
from animeflow.report.text import number, percent, plural, words
from animeflow.settings.rules import Rule
from animeflow.tables.schema import Column

WIDTH, HEIGHT = 264, 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 1, 263, 34, 108
_BINS = 28


@dataclass(frozen=True)
class Histogram:
    """One measure of the shard's clips. `svg` is None when no clip has a value; `reasons` say why."""

    table: str
    column: str
    title: str
    description: str
    unit: str
    measured: int
    nulls: int
    reasons: tuple[tuple[str, int], ...]
    median: float | None
    retention: tuple[tuple[str, str, str], ...]
    svg: str | None


def histogram(
    table: str,
    column: Column,
    rows: Sequence[Mapping[str, object]],
    *,
    kept: Mapping[str, bool],
    rules: Sequence[Rule],
) -> Histogram:
    """The histogram of a column; bars are split into kept and dropped clips when `kept` knows them."""
    values = [(_finite(row.get(column.name)), kept.get(str(row["clip_id"]))) for row in rows]
    known = [(value, keep) for value, keep in values if value is not None]
    reasons: dict[str, int] = {}
    for row in rows:
        if _finite(row.get(column.name)) is None:
            why = str(row.get("reason") or "null")
            reasons[why] = reasons.get(why, 0) + 1
    numbers = [value for value, _ in known]
    mine = [rule for rule in rules if (rule.table, rule.column) == (table, column.name)]
    return Histogram(
        table=table,
        column=column.name,
        title=words(column.name),
        description=column.description,
        unit=column.unit or "",
        measured=len(known),
        nulls=len(values) - len(known),
        reasons=tuple(sorted(reasons.items(), key=lambda item: -item[1])),
        median=float(np.median(numbers)) if numbers else None,
        retention=tuple(_retention(rule, numbers) for rule in mine),
        svg=_svg(column, known, mine) if known else None,
    )


def _finite(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def _retention(rule: Rule, numbers: Sequence[float]) -> tuple[str, str, str]:
    passing = sum(1 for value in numbers if rule.keeps(value))
    share = percent(passing / len(numbers)) if numbers else "–"
    return rule.name, rule.text, f"{passing} of {len(numbers)} measured ({share})"


def _svg(column: Column, known: Sequence[tuple[float, bool | None]], rules: Sequence[Rule]) -> str:
    numbers = [value for value, _ in known]
    low, high = min(numbers), max(numbers)
    # A threshold far from every value is named beside the plot; drawn, it would squeeze the bars to one line.
    reach = (high - low) or abs(high) or 1.0
    drawn = [rule for rule in rules if low - 1.5 * reach <= _limit(rule) <= high + 1.5 * reach]
    span = [*numbers, *map(_limit, drawn)]
    edges = nice_edges(min(span), max(span), _BINS)
    kept = np.histogram([v for v, keep in known if keep], edges)[0]
    other = np.histogram([v for v, keep in known if not keep], edges)[0]
    parts = [_fail_zone(rule, edges) for rule in drawn]
    parts += _bars(edges, kept, other, undecided=all(keep is None for _, keep in known))
    parts.append(f'<line class="axis" x1="{_LEFT}" y1="{_BOTTOM}" x2="{_RIGHT}" y2="{_BOTTOM}"/>')
    parts += _labels(edges)
    parts += [_limit_line(rule, edges) for rule in drawn]
    alt = _alt(column, numbers, rules)
    return (
        f'<svg class="hist" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}">'
        f"{''.join(parts)}</svg>"
    )


def _limit(rule: Rule) -> float:
    """Rules that are off do not get here."""
    return math.nan if rule.limit is None else rule.limit


def _x(value: float, edges: np.ndarray) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (value - edges[0]) / (edges[-1] - edges[0])


def _bars(edges: np.ndarray, kept: np.ndarray, other: np.ndarray, *, undecided: bool) -> list[str]:
    tallest = int((kept + other).max())
    unit = (_BOTTOM - _TOP) / tallest
    parts = []
    for index, (good, bad) in enumerate(zip(kept, other, strict=True)):
        if not good and not bad:
            continue
        x0, x1 = _x(edges[index], edges) + 0.5, _x(edges[index + 1], edges) - 0.5
        label = f"{edges[index]:g} to {edges[index + 1]:g}: {plural(int(good + bad), 'clip')}"
        label += "" if undecided else f", {good} kept"
        top = _BOTTOM - good * unit
        parts.append(f"<g><title>{escape(label)}</title>")
        parts.append(_rect("undecided" if undecided else "dropped", x0, top - bad * unit, x1, top))
        parts.append(_rect("kept", x0, top, x1, _BOTTOM) + "</g>")
    peak = int(np.argmax(kept + other))
    x = _x((edges[peak] + edges[peak + 1]) / 2, edges)
    anchor = "start" if x < 20 else "end" if x > WIDTH - 20 else "middle"
    x = _LEFT if anchor == "start" else _RIGHT if anchor == "end" else x
    parts.append(f'<text class="count" x="{x:.1f}" y="{_TOP - 4}" text-anchor="{anchor}">{tallest}</text>')
    return parts


def _rect(kind: str, x0: float, y0: float, x1: float, y1: float) -> str:
    if y1 - y0 < 0.01:
        return ""
    return f'<rect class="{kind}" x="{x0:.1f}" y="{y0:.1f}" width="{max(1.0, x1 - x0):.1f}" height="{y1 - y0:.1f}"/>'


def _fail_zone(rule: Rule, edges: np.ndarray) -> str:
    x = _x(_limit(rule), edges)
    x0, x1 = (_LEFT, x) if rule.least else (x, _RIGHT)
    if x1 - x0 <= 0:
        return ""
    return f'<rect class="fail" x="{x0:.1f}" y="{_TOP}" width="{x1 - x0:.1f}" height="{_BOTTOM - _TOP}"/>'


def _limit_line(rule: Rule, edges: np.ndarray) -> str:
    x = _x(_limit(rule), edges)
    near_end = x > WIDTH * 0.7
    anchor, dx = ("end", -4) if near_end else ("start", 4)
    return (
        f'<line class="limit" x1="{x:.1f}" y1="{_TOP - 30}" x2="{x:.1f}" y2="{_BOTTOM}"/>'
        f'<text class="limit-text" x="{x + dx:.1f}" y="{_TOP - 22}" text-anchor="{anchor}">{escape(rule.text)}</text>'
    )


def _labels(edges: np.ndarray) -> list[str]:
    ends = ((edges[0], _LEFT, "start"), (edges[-1], _RIGHT, "end"))
    middle = edges[len(edges) // 2]
    spots = [*ends, (middle, _x(middle, edges), "middle")] if len(edges) > 4 else list(ends)
    return [
        f'<text class="tick" x="{x:.1f}" y="{_BOTTOM + 16}" text-anchor="{anchor}">{value:g}</text>'
        for value, x, anchor in spots
    ]


def _alt(column: Column, numbers: Sequence[float], rules: Sequence[Rule]) -> str:
    text = (
        f"Histogram of {words(column.name)}: {plural(len(numbers), 'clip')} from {number(min(numbers))} "
        f"to {number(max(numbers))}, median {number(float(np.median(numbers)))}"
    )
    if rules:
        text += "; threshold " + " and ".join(
            f"{rule.text} keeps {sum(map(rule.keeps, numbers))}" for rule in rules
        )
    return text
