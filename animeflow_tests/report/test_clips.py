from __future__ import annotations

from animeflow.report.clips import clip_lines, histograms, measure_rows, measures, reason_counts
from animeflow.report.shard import ShardData
from animeflow.settings.curation import CurationSettings
from animeflow.settings.rules import rules_of

RULES = [rule for rule in rules_of(CurationSettings()) if rule.on]


def test_every_clip_has_a_value_or_a_reason_for_every_measure(data: ShardData) -> None:
    for line in clip_lines(data, measure_rows(data), RULES, {}):
        for measure in measures():
            assert (line.values[measure.key] is None) == (measure.key in line.reasons)
            assert line.values[measure.key] is not None or line.reasons[measure.key]


def test_the_measures_that_broke_a_rule_are_those_that_the_decision_names(data: ShardData) -> None:
    for line in clip_lines(data, measure_rows(data), RULES, {}):
        broken = {rule.name for rule in RULES if f"{rule.table}.{rule.column}" in line.breaks}
        assert broken == set(line.failed)


def test_clips_stand_in_the_order_of_the_film(data: ShardData) -> None:
    lines = clip_lines(data, measure_rows(data), RULES, {})
    assert [line.start for line in lines] == sorted(line.start for line in lines)
    assert reason_counts(lines) == [("max_flashes", 1), ("max_text_area", 1)]


def test_there_is_a_histogram_of_every_measure_and_of_the_length(data: ShardData) -> None:
    found = histograms(data, measure_rows(data), RULES)
    assert [(h.table, h.column) for h in found] == [
        ("clips", "duration_s"),
        *((m.table, m.column.name) for m in measures()),
    ]


def test_without_decisions_clips_are_undecided(data: ShardData) -> None:
    class Undecided(ShardData):
        def rows(self, asset, table=None, columns=None):  # type: ignore[no-untyped-def]
            return [] if asset == "kept_clips" else super().rows(asset, table, columns)

    lines = clip_lines(Undecided(data.workspace, data.shard), measure_rows(data), RULES, {})
    assert {line.decision for line in lines} == {"undecided"}
