from animeflow.curation.what_if import quantiles, retention
from animeflow.settings.curation import CurationSettings
from animeflow.settings.rules import rules_of

FLASHES = next(rule for rule in rules_of(CurationSettings()) if rule.name == "max_flashes")
QUALITY = next(rule for rule in rules_of(CurationSettings()) if rule.name == "min_quality")


def test_retention_counts_what_each_limit_would_keep_and_keeps_the_unmeasured():
    assert retention([0.0, 2.0, 5.0, None], FLASHES, [0.0, 3.0, 9.0]) == [0.5, 0.75, 1.0]


def test_a_least_limit_keeps_what_is_above_it():
    assert retention([0.2, 0.6], QUALITY, [0.5]) == [0.5]


def test_without_clips_nothing_is_lost():
    assert retention([], FLASHES, [1.0]) == [1.0]


def test_quantiles_leave_nulls_out_and_are_null_when_nothing_was_measured():
    assert quantiles([1.0, None, 3.0], [0.0, 0.5, 1.0]) == [1.0, 2.0, 3.0]
    assert quantiles([None], [0.5]) == [None]
