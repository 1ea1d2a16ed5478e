import numpy as np
import pytest

from animeflow.catalog.calibration_report import DURATION, Measured, calibrate, gather, retention_rows
from animeflow.curation.keep import keep_clips
from animeflow.settings.catalog import CalibrationSettings
from animeflow.settings.curation import CurationSettings
from animeflow.settings.rules import rules_of
from animeflow.tables.schemas.catalog import MEASURE_COLUMNS
from animeflow.tables.workspace import Workspace
from animeflow_tests.fixtures.shards import CLIP, STEP

OFF = dict.fromkeys(
    (
        "min_duration_s",
        "max_corrupt_share",
        "max_black_share",
        "max_flashes",
        "max_red_flashes",
        "max_broadcast_flashes",
        "max_broadcast_red_flashes",
        "max_brightness_jumps",
    )
)


@pytest.fixture(scope="module")
def tables(workspace):
    made = calibrate(workspace, CalibrationSettings(steps=5), CurationSettings())
    return {name: table.to_pylist() for name, table in made.items()}


def test_all_measured_clips_count_also_of_shards_without_decisions(workspace):
    assert gather(workspace).clips == 12  # 6 + 3 + 3


def test_quantiles_are_numpys(tables, workspace):
    values = gather(workspace).known("sharpness")
    for row in tables["calibration_report"]:
        if row["measure"] == "sharpness":
            assert row["value"] == pytest.approx(np.quantile(values, row["quantile"]))
            assert (row["clips"], row["measured"]) == (12, 12)


def test_a_measure_without_a_model_has_null_quantiles_not_numbers(tables):
    rows = [row for row in tables["calibration_report"] if row["measure"] == "quality"]
    assert rows
    assert {(row["value"], row["measured"]) for row in rows} == {(None, 0)}


def test_the_present_thresholds_are_among_those_tried_and_marked(tables):
    present = {row["rule"]: row["threshold"] for row in tables["threshold_retention"] if row["current"]}
    assert present["max_text_area"] == 0.03
    assert present["min_duration_s"] == 0.5
    assert "max_subtitle_area" not in present  # subtitles are kept
    assert "min_sharpness" not in present  # switched off


def measured(**values) -> Measured:
    full = {rule.column: np.full(4, np.nan) for rule in rules_of(CurationSettings())}
    full |= {DURATION: np.ones(4)}
    full |= {name: np.array(column, float) for name, column in values.items()}
    return Measured(full, 4)


def retained(data: Measured, rule: str, **settings) -> dict[float, tuple[int, int]]:
    rows = retention_rows(data, rules_of(CurationSettings(**(OFF | settings))), 3)
    return {row["threshold"]: (row["passing"], row["kept"]) for row in rows if row["rule"] == rule}


def test_retention_counts_by_hand():
    data = measured(other_area_max=[0.0, 0.02, 0.04, np.nan])
    assert retained(data, "max_text_area") == {0.0: (1, 2), 0.02: (2, 3), 0.03: (2, 3), 0.04: (3, 4)}


def test_kept_counts_with_the_other_rules_in_force():
    data = measured(other_area_max=[0.0, 0.02, 0.04, np.nan], sharpness=[10, 1, 10, 1])
    assert retained(data, "max_text_area", min_sharpness=5)[0.04] == (3, 2)
    assert retained(data, "min_sharpness", min_sharpness=5)[10.0] == (2, 1)


def test_a_limit_that_is_itself_dropped_keeps_what_curation_keeps():
    data = measured(brightness_jumps=[0.0, 0.2, 0.4, np.nan])
    assert retained(data, "max_brightness_jumps", max_brightness_jumps=0.2)[0.2] == (1, 2)


def test_unread_text_passes_no_rule_on_text_where_it_fails_closed():
    data = measured(other_area_max=[0.0, 0.02, np.nan, np.nan])
    data = Measured(data.values, data.clips, np.array([False, False, True, False]))
    rules = rules_of(CurationSettings(**OFF))
    for closed, kept in ((False, 4), (True, 3)):
        rows = list(retention_rows(data, rules, 3, fail_unread=closed))
        assert {row["kept"] for row in rows if row["rule"] == "max_text_area" and row["current"]} == {kept}


def test_every_rule_has_a_column_among_the_measures(workspace):
    known = gather(workspace).values
    assert {rule.column for rule in rules_of(CurationSettings())} <= set(known)


def test_the_clips_kept_with_the_present_thresholds_are_those_that_curation_keeps(workspace):
    settings = CurationSettings(max_text_area=0.15, min_sharpness=0.05, max_corrupt_share=None)
    rows = retention_rows(gather(workspace), rules_of(settings), 3)
    counted = {row["kept"] for row in rows if row["current"]}
    kept = 0
    for shard in workspace.shards():
        measures = {name: workspace.handle(shard, name).rows() for name in MEASURE_COLUMNS}
        table = keep_clips(workspace.handle(shard, "clips").rows(), measures, settings)
        kept += sum(table["keep"].to_pylist())
    assert counted == {kept}
    assert 0 < kept < 12


def test_an_empty_workspace_gives_reports_without_numbers(tmp_path):
    made = calibrate(Workspace(tmp_path), CalibrationSettings(), CurationSettings())
    assert set(made["calibration_report"]["value"].to_pylist()) == {None}
    assert all(row["kept"] == 0 for row in made["threshold_retention"].to_pylist())


def test_durations_come_from_the_clips(workspace):
    assert set(gather(workspace).known(DURATION).round(6)) == {round(CLIP * STEP / 24000, 6)}
