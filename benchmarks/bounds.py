"""Bounds that must hold and goals that should, as data."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[tuple[str, str, str], Sequence[float]]


@dataclass(frozen=True)
class Bound:
    """`measure` of `method` on each of `kinds` must be at least or at most `limit`.

    over: `median` of the seeds or the `worst` of them. A goal that is missed is red with its reason and does not fail.
    `not_below` names methods: the value must reach the best of them less `limit` (a margin) instead of a fixed limit.
    """

    measure: str
    method: str
    kinds: tuple[str, ...]
    least: bool
    limit: float
    over: str = "median"
    goal: bool = False
    reason: str = ""
    not_below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A bound on one kind, with what was measured."""

    bound: Bound
    kind: str
    value: float | None
    limit: float | None

    @property
    def holds(self) -> bool:
        if self.value is None or self.limit is None:
            return False
        return self.value >= self.limit if self.bound.least else self.value <= self.limit

    @property
    def missed(self) -> bool:
        """Whether this fails the campaign: a bound that does not hold, or was not measured at all."""
        return not self.holds and not self.bound.goal

    def row(self) -> dict[str, Any]:
        sign = "≥" if self.bound.least else "≤"
        state = "holds" if self.holds else ("red (goal)" if self.bound.goal else "MISSED")
        return {
            "kind": self.kind,
            "measure": self.bound.measure,
            "method": self.bound.method,
            "over seeds": self.bound.over,
            "value": self.value,
            "must be": None if self.limit is None else f"{sign} {self.limit:.4g}",
            "state": state,
            "reason": self.bound.reason if not self.holds else "",
        }


def judge(values: Values, bounds: Sequence[Bound]) -> list[Verdict]:
    """Every bound on every of its kinds. What was not measured does not hold."""
    return [_verdict(values, bound, kind) for bound in bounds for kind in bound.kinds]


def _verdict(values: Values, bound: Bound, kind: str) -> Verdict:
    found = values.get((kind, bound.method, bound.measure))
    value = _over(found, bound) if found else None
    if not bound.not_below:
        return Verdict(bound, kind, value, bound.limit)
    others = [values.get((kind, method, bound.measure)) for method in bound.not_below]
    best = [_over(other, bound) for other in others if other]
    if not best:
        return Verdict(bound, kind, value, None)
    limit = max(best) - bound.limit if bound.least else min(best) + bound.limit
    return Verdict(bound, kind, value, limit)


def _over(found: Sequence[float], bound: Bound) -> float:
    if bound.over == "worst":
        return min(found) if bound.least else max(found)
    return statistics.median(found)
