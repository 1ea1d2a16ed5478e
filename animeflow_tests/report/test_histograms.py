from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from animeflow.report.histograms import Histogram, histogram
from animeflow.settings.rules import Rule
from animeflow.tables.specs import TABLES

FLASHES = TABLES["flash"].column("general_flashes")
RULE = Rule("max_flashes", "flash", "general_flashes", 3.0)


def _of(values: list[float | None], rules: list[Rule] | None = None, keep: bool = True) -> Histogram:
    rows = [{"clip_id": str(i), "general_flashes": v, "reason": "no model"} for i, v in enumerate(values)]
    kept = {row["clip_id"]: keep for row in rows}
    return histogram("flash", FLASHES, rows, kept=kept, rules=rules or [])


def test_every_value_is_in_one_bar() -> None:
    found = _of([0, 0, 1, 2, 2, 2, 9.5, 10])
    counts = [int(n) for n in re.findall(r": (\d+) clips?,", found.svg or "")]
    assert sum(counts) == 8 == found.measured


def test_the_picture_is_well_formed_and_told_in_words() -> None:
    found = _of([0, 1, 5, 8], [RULE])
    root = ET.fromstring(str(found.svg))
    assert root.get("role") == "img"
    assert root.get("aria-label") == (
        "Histogram of general flashes: 4 clips from 0 to 8, median 3; threshold ≤ 3 keeps 2"
    )


def test_retention_counts_measured_clips_only() -> None:
    found = _of([0, 1, None, 8], [RULE])
    assert found.retention == (("max_flashes", "≤ 3", "2 of 3 measured (67 %)"),)
    assert found.nulls == 1 and found.reasons == (("no model", 1),)


def test_a_value_at_the_threshold_is_kept() -> None:
    assert RULE.keeps(3.0) and not RULE.keeps(3.0001)
    assert Rule("min_quality", "quality", "quality", 0.5).keeps(0.5)


def test_without_any_value_there_is_no_picture_but_the_reason() -> None:
    found = _of([None, None, float("nan")])
    assert found.svg is None and found.median is None and found.reasons == (("no model", 3),)


def test_a_far_threshold_does_not_squeeze_the_bars() -> None:
    far = Rule("max_flashes", "flash", "general_flashes", 1e6)
    found = _of([0.1, 0.2, 0.3], [far])
    assert "limit" not in str(found.svg) and found.retention[0][1] == "≤ 1e+06"


def test_dropped_and_kept_clips_are_apart() -> None:
    assert 'class="kept"' in str(_of([1, 2]).svg) and 'class="dropped"' not in str(_of([1, 2]).svg)
    assert 'class="dropped"' in str(_of([1, 2], keep=False).svg)


@pytest.mark.parametrize("values", [[0.0], [-5.0, 5.0], [1e-9, 2e-9], [1e9], [0.1] * 500])
def test_odd_ranges_are_drawn_inside_the_picture(values: list[float]) -> None:
    svg = str(_of(values, [RULE]).svg)
    for x, width in re.findall(r'<rect[^>]*? x="([-\d.]+)" y="[-\d.]+" width="([\d.]+)"', svg):
        assert float(x) >= -1 and float(x) + float(width) <= 266
