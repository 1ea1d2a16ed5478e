import pytest

from animeflow.measures.text import measure_text
from animeflow.measures.text_roles import is_subtitle
from animeflow.settings.measures import TextMeasureSettings
from animeflow.tables.schemas.measures import NO_SAMPLE, NOT_READ, SWITCHED_OFF
from animeflow.tables.schemas.shots import TEXT_BOXES

VIDEO = "0123456789abcdef"
SETTINGS = TextMeasureSettings()
SUBTITLE = (160.0, 320.0, 480.0, 320.0, 480.0, 345.0, 160.0, 345.0)
SIGN = (100.0, 50.0, 300.0, 50.0, 300.0, 150.0, 100.0, 150.0)


def clip(start, end):
    return {"clip_id": f"{VIDEO}-{start:07d}-{end:07d}", "video_id": VIDEO, "start": start, "end": end}


def boxes(frame, *found):
    names = TEXT_BOXES.names
    row = {"video_id": VIDEO, "frame": frame, "width": 640, "height": 360}
    row["boxes"] = [{"polygon": list(p), "text": t, "score": s} for p, t, s in found]
    if "method" in names:
        row["method"] = "read"
    else:
        row["read"] = True
    return row


def measured(rows, clips, *, unread=None):
    return measure_text(TEXT_BOXES.table(rows), clips, SETTINGS, unread=unread).to_pylist()


def test_a_line_at_the_bottom_is_a_subtitle_and_a_sign_is_not():
    assert is_subtitle(SUBTITLE, 360, SETTINGS)
    assert not is_subtitle(SIGN, 360, SETTINGS)


def test_subtitles_and_signs_are_measured_apart():
    row = measured([boxes(0, (SUBTITLE, "hello", 0.95)), boxes(12, (SIGN, "BOOKS", 0.9))], [clip(0, 24)])[0]
    assert row["subtitle_area_max"] == pytest.approx(320 * 25 / (640 * 360))
    assert row["other_area_max"] == pytest.approx(200 * 100 / (640 * 360))
    assert (row["text"], row["roles"]) == ("hello\nBOOKS", "subtitle\nsign")
    assert (row["sign_area_max"], row["credits_area_max"]) == (row["other_area_max"], 0.0)
    assert row["sampled_frames"] == 2


def test_a_box_without_recognised_text_does_not_count():
    row = measured([boxes(0, (SIGN, "~", 0.4))], [clip(0, 24)])[0]
    assert (row["text_area_max"], row["text"]) == (0.0, "")


def test_only_frames_of_the_clip_count():
    rows = measured([boxes(0, (SIGN, "BOOKS", 0.9)), boxes(30)], [clip(0, 24), clip(24, 48)])
    assert rows[0]["other_area_max"] > 0
    assert rows[1]["other_area_max"] == 0


def test_without_a_sample_or_a_recogniser_the_measure_is_null_with_the_reason():
    assert measured([], [clip(0, 24)])[0]["reason"] == NO_SAMPLE
    for reason in (NOT_READ, SWITCHED_OFF):
        row = measured([], [clip(0, 24)], unread=reason)[0]
        assert (row["text_area_max"], row["roles"], row["reason"]) == (None, None, reason)
