"""What-if over stored measures: their quantiles, and how many clips each threshold would keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.catalog.shards import Shard, finished
from animeflow.settings.catalog import CalibrationSettings
from animeflow.settings.curation import CurationSettings
from animeflow.settings.rules import Rule, rules_of
from animeflow.tables.schemas.catalog import MEASURE_COLUMNS
from animeflow.tables.schemas.measures import UNREAD
from animeflow.tables.specs import TABLES
from animeflow.tables.workspace import Workspace

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Row = dict[str, Any]
DURATION = "duration_s"  # the one rule that compares a column of `clips`


@dataclass(frozen=True)
class Measured:
    """All clips of a workspace: {measure: float64 [clips]}, NaN where it is null. Eight bytes a value.

    `unread`, bool [clips]: text was to be read in the clip and was not; empty where nothing is known of it.
    """

    values: Mapping[str, F64]
    clips: int
    unread: Bools = field(default_factory=lambda: np.zeros(0, bool))

    def known(self, measure: str) -> F64:
        """The values that are there."""
        values = self.values[measure]
        return values[~np.isnan(values)]


def calibrate(
    workspace: Workspace, settings: CalibrationSettings, curation: CurationSettings
) -> dict[str, pa.Table]:
    """The tables `calibration_report` (quantiles) and `threshold_retention` over every shard with finished clips.

    A clip passes a rule whose measure is null, as it does in `kept_clips`; unread text fails closed there and here.
    """
    measured = gather(workspace)
    rules = rules_of(curation)
    quantiles = [row for name in measured.values for row in quantile_rows(name, measured, settings.quantiles)]
    closed = curation.unread_text == "drop"
    retention = list(retention_rows(measured, rules, settings.steps, fail_unread=closed))
    return {
        "calibration_report": TABLES["calibration_report"].table(quantiles),
        "threshold_retention": TABLES["threshold_retention"].table(retention),
    }


def gather(workspace: Workspace) -> Measured:
    """The measures of all clips, in order of shard and clip."""
    names = (DURATION, *(column for columns in MEASURE_COLUMNS.values() for column in columns))
    parts: dict[str, list[F64]] = {name: [] for name in names}
    unread: list[Bools] = []
    for shard in finished(workspace):
        if "clips" in shard.assets:
            for name, values in _of_shard(shard).items():
                parts[name].append(values)
            unread.append(_unread(shard))
    joined = {name: np.concatenate(values) if values else np.zeros(0) for name, values in parts.items()}
    return Measured(joined, len(joined[DURATION]), np.concatenate(unread) if unread else np.zeros(0, bool))


def quantile_rows(name: str, measured: Measured, quantiles: Sequence[float]) -> Iterator[Row]:
    """One row per quantile of a measure, linearly interpolated (numpy's default); null when nothing is measured."""
    known = measured.known(name)
    for quantile in quantiles:
        yield {
            "measure": name,
            "quantile": quantile,
            "value": float(np.quantile(known, quantile)) if len(known) else None,
            "clips": measured.clips,
            "measured": len(known),
        }


def retention_rows(
    measured: Measured, rules: Sequence[Rule], steps: int, *, fail_unread: bool = False
) -> Iterator[Row]:
    """For each rule, thresholds at evenly spaced quantiles of its measure and the present one, with what they keep.

    `fail_unread`: unread text passes no rule on text, as with `curation.unread_text: drop`.
    """
    passed = {rule.name: _passed(measured, rule, rule.limit, fail_unread) for rule in rules}
    for rule in rules:
        others = np.ones(measured.clips, bool)
        for name, passing in passed.items():
            if name != rule.name:
                others &= passing
        known = measured.known(rule.column)
        tried = set(np.quantile(known, np.linspace(0, 1, steps)).tolist()) if len(known) else set()
        present = set() if rule.limit is None else {float(rule.limit)}
        for threshold in sorted(tried | present):
            passing = _passed(measured, rule, threshold, fail_unread)
            yield {
                "rule": rule.name,
                "measure": rule.column,
                "threshold": threshold,
                "current": threshold in present,
                "passing": int(_passing(rule, known, threshold).sum()),
                "kept": int((passing & others).sum()),
                "clips": measured.clips,
                "measured": len(known),
            }


def _passed(measured: Measured, rule: Rule, limit: float | None, fail_unread: bool) -> Bools:
    """bool [clips]; a null measure and a rule that is switched off pass, unread text does not."""
    values = measured.values[rule.column]
    if limit is None:
        return np.ones(len(values), bool)
    passing = np.isnan(values) | _passing(rule, values, limit)
    closed = fail_unread and rule.table == "text" and len(measured.unread) == len(values)
    return passing & ~measured.unread if closed else passing


def _passing(rule: Rule, values: F64, limit: float) -> npt.NDArray[np.bool_]:
    """`Rule.keeps` on an array: which values pass, bool of the same shape; NaN does not."""
    beyond = values > limit if rule.least else values < limit
    return beyond if rule.exclusive else beyond | (values == limit)


def _unread(shard: Shard) -> Bools:
    """bool [clips], in their order: whether text was to be read in them and was not."""
    clips = sorted(str(row["clip_id"]) for row in shard.assets["clips"].rows())
    rows = shard.assets["text"].rows() if "text" in shard.assets else []
    reasons = {str(row["clip_id"]): row.get("reason") for row in rows}
    return np.array([reasons.get(clip) in UNREAD for clip in clips], bool)


def _of_shard(shard: Shard) -> dict[str, F64]:
    clips = sorted(shard.assets["clips"].rows(), key=lambda row: str(row["clip_id"]))
    found = {DURATION: np.array([clip[DURATION] for clip in clips], np.float64)}
    for table, columns in MEASURE_COLUMNS.items():
        rows = {row["clip_id"]: row for row in shard.assets[table].rows()} if table in shard.assets else {}
        for column in columns:
            values = [rows.get(clip["clip_id"], {}).get(column) for clip in clips]
            found[column] = np.array([np.nan if value is None else value for value in values], np.float64)
    return found
