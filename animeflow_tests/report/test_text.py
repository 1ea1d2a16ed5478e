from __future__ import annotations

import pytest

from animeflow.report import text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (float("nan"), "–"), (0, "0"), (1234567, "1\u202f234\u202f567"), (0.98765, "0.988"), (True, "yes"),
     (123.456, "123"), (0.00012345, "0.000123"), (2.0, "2"), (-0.5, "-0.5"), (99.96, "100")],
)  # fmt: skip
def test_numbers_have_three_figures_and_no_exponent(value: float | None, shown: str) -> None:
    assert text.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.4, "0.40 s"), (12.34, "12.3 s"), (59.99, "60.0 s"), (99.96, "1 min 40 s"), (3599.6, "1 h 00 min"), (None, "–")],
)  # fmt: skip
def test_durations_grow_units(value: float | None, shown: str) -> None:
    assert text.seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(999, "999 B"), (1500, "1.5 kB"), (3_456_789, "3.5 MB"), (5e12, "5.0 TB")]
)
def test_sizes_are_decimal(value: float, shown: str) -> None:
    assert text.size(value) == shown


def test_positions_carry_over_to_the_next_minute() -> None:
    assert text.clock(59.98) == "1:00.0"
    assert text.clock(754.32) == "12:34.3"


def test_small_shares_are_not_rounded_to_nothing_or_all() -> None:
    assert (text.percent(0.004), text.percent(0.996), text.percent(0.5)) == ("0.4 %", "99.6 %", "50 %")
    assert text.plural(1, "clip") == "1 clip" and text.plural(2, "clip") == "2 clips"
