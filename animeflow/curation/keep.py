"""Keep or drop: a pure function of stored measures and thresholds. No other place compares with a threshold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from animeflow.settings.curation import CurationSettings
from animeflow.settings.rules import UNREAD_TEXT, Rule, refuses_unread_text, rules_of
from animeflow.tables.schemas.curation import KEPT_CLIPS
from animeflow.tables.schemas.measures import UNREAD

KEPT = "kept"
MEASURE_TABLES = ("flash", "statistics", "text", "quality", "aesthetics", "motion")
Rows = Sequence[Mapping[str, Any]]


def keep_clips(clips: Rows, measures: Mapping[str, Rows], settings: CurationSettings) -> pa.Table:
    """The table `kept_clips`: one row for each row of `clips`.

    `measures` maps a table's name to its rows, joined by clip_id. A measure that is null, or a clip without a row, is
    passed and listed in `unmeasured`; the first rule that fails is the reason. Text that was to be read and was not
    fails closed, as `unread_text`.
    """
    by_table = {name: {row["clip_id"]: row for row in rows} for name, rows in measures.items()}
    rules = [rule for rule in rules_of(settings) if rule.on]
    closed = refuses_unread_text(settings)
    return KEPT_CLIPS.table(
        decide(clip, _tables_of(clip, by_table), rules, fail_unread=closed) for clip in clips
    )


def decide(
    clip: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, Any]],
    rules: Iterable[Rule],
    *,
    fail_unread: bool = False,
) -> dict[str, Any]:
    """The row of one clip. `tables` maps a table's name to the clip's row in it."""
    failed: list[str] = []
    unmeasured: list[str] = []
    unread = fail_unread and tables.get("text", {}).get("reason") in UNREAD
    for rule in rules:
        value = tables.get(rule.table, {}).get(rule.column)
        if value is None and rule.table == "text" and unread:
            failed += [] if UNREAD_TEXT in failed else [UNREAD_TEXT]
        elif value is None:
            unmeasured.append(rule.name)
        elif not rule.keeps(value):
            failed.append(rule.name)
    return {
        "clip_id": clip["clip_id"],
        "video_id": clip["video_id"],
        "shot": clip["shot"],
        "start": clip["start"],
        "end": clip["end"],
        "keep": not failed,
        "reason": failed[0] if failed else KEPT,
        "failed": failed,
        "unmeasured": unmeasured,
    }


def _tables_of(
    clip: Mapping[str, Any], by_table: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> dict[str, Mapping[str, Any]]:
    found = {name: rows[clip["clip_id"]] for name, rows in by_table.items() if clip["clip_id"] in rows}
    return {"clips": clip, **found}
