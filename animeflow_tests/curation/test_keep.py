import pytest

from animeflow.curation.keep import keep_clips
from animeflow.settings.curation import CurationSettings
from animeflow.settings.rules import rules_of
from animeflow.tables.schemas.measures import NO_SAMPLE, NOT_READ, SWITCHED_OFF

CLIP = {
    "clip_id": "0123456789abcdef-0000000-0000024",
    "video_id": "0123456789abcdef",
    "shot": 0,
    "start": 0,
    "end": 24,
    "duration_s": 1.0,
}
GOOD = {
    "flash": {
        "general_flashes": 0.0,
        "red_flashes": 0.0,
        "brightness_jumps": 0.0,
        "broadcast_flashes": 0.0,
        "broadcast_red_flashes": 0.0,
    },
    "statistics": {"corrupt_share": 0.0, "black_share": 0.0, "still_share": 0.5, "sharpness": 90.0},
    "text": {"subtitle_area_max": 0.0, "other_area_max": 0.0, "reason": None},
    "quality": {"quality": None},
    "aesthetics": {"aesthetics": None},
    "motion": {"motion": 20.0},
}


def decision(settings=None, **measures):
    tables = {
        name: [{"clip_id": CLIP["clip_id"]} | columns | measures.get(name, {})]
        for name, columns in GOOD.items()
    }
    return keep_clips([CLIP], tables, settings or CurationSettings()).to_pylist()[0]


def test_a_clip_that_fails_no_rule_is_kept():
    row = decision()
    assert row["keep"]
    assert (row["reason"], row["failed"]) == ("kept", [])


@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("flash", "general_flashes", 4.0, "max_flashes"),
        ("flash", "red_flashes", 4.0, "max_red_flashes"),
        ("flash", "broadcast_flashes", 4.0, "max_broadcast_flashes"),
        ("flash", "broadcast_red_flashes", 4.0, "max_broadcast_red_flashes"),
        ("statistics", "corrupt_share", 0.1, "max_corrupt_share"),
        ("statistics", "black_share", 0.9, "max_black_share"),
        ("text", "other_area_max", 0.2, "max_text_area"),
    ],
)
def test_each_rule_drops_by_its_own_name(table, column, value, rule):
    row = decision(**{table: {column: value}})
    assert not row["keep"]
    assert (row["reason"], row["failed"]) == (rule, [rule])


def test_three_flashes_a_second_pass_and_four_do_not():
    assert decision(flash={"general_flashes": 3.0})["keep"]
    assert not decision(flash={"general_flashes": 4.0})["keep"]


def test_brightness_jumps_drop_only_when_asked_and_then_at_the_limit_itself():
    """The earlier filter pipeline drops a clip whose jumps are 0.2 of its samples or more."""
    jumps = {"flash": {"brightness_jumps": 0.2}}
    assert decision(**jumps)["keep"]
    settings = CurationSettings(max_brightness_jumps=0.2)
    assert decision(settings, **jumps)["failed"] == ["max_brightness_jumps"]
    assert decision(settings, flash={"brightness_jumps": 0.1999})["keep"]
    (rule,) = (rule for rule in rules_of(settings) if rule.name == "max_brightness_jumps")
    assert rule.text == "< 0.2"
    assert {
        rule.text[0] for rule in rules_of(settings) if rule.on and rule.name != "max_brightness_jumps"
    } == {"≤", "≥"}


def test_every_failed_rule_is_listed_and_the_first_is_the_reason():
    row = decision(flash={"general_flashes": 9.0}, statistics={"black_share": 1.0})
    assert row["failed"] == ["max_black_share", "max_flashes"]
    assert row["reason"] == "max_black_share"


def test_a_missing_measure_passes_and_is_listed():
    settings = CurationSettings(min_quality=0.5, min_aesthetics=5.0)
    row = decision(settings)
    assert row["keep"]
    assert row["unmeasured"] == ["min_quality", "min_aesthetics"]


def test_burned_in_subtitles_drop_a_clip_only_when_asked():
    subtitled = {"text": {"subtitle_area_max": 0.05}}
    assert decision(**subtitled)["keep"]
    assert decision(CurationSettings(subtitles="drop"), **subtitled)["reason"] == "max_subtitle_area"


UNREAD = {"subtitle_area_max": None, "other_area_max": None}


@pytest.mark.parametrize("reason", [NOT_READ, NO_SAMPLE])
def test_text_that_was_to_be_read_and_was_not_fails_closed(reason):
    row = decision(CurationSettings(subtitles="drop"), text=UNREAD | {"reason": reason})
    assert (row["keep"], row["reason"], row["failed"]) == (False, "unread_text", ["unread_text"])
    assert row["unmeasured"] == []
    row = decision(CurationSettings(unread_text="keep"), text=UNREAD | {"reason": reason})
    assert (row["keep"], row["unmeasured"]) == (True, ["max_text_area"])
    off = CurationSettings(max_text_area=None)
    assert decision(off, text=UNREAD | {"reason": reason})["keep"], "no rule asks for text"


def test_text_that_nobody_wanted_to_read_passes_as_unmeasured():
    row = decision(text=UNREAD | {"reason": SWITCHED_OFF})
    assert (row["keep"], row["unmeasured"]) == (True, ["max_text_area"])


def test_a_rule_that_is_off_neither_drops_nor_counts_as_unmeasured():
    settings = CurationSettings(max_flashes=None)
    assert decision(settings, flash={"general_flashes": 99.0})["keep"]
    assert decision(settings, flash={"general_flashes": None})["unmeasured"] == []


def test_every_threshold_of_the_settings_has_a_rule():
    thresholds = {name for name in CurationSettings.model_fields if name.startswith(("min_", "max_"))}
    assert {rule.name for rule in rules_of(CurationSettings())} == thresholds
