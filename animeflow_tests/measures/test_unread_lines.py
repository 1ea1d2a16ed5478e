"""Lines that could not be read: they count where subtitles and credits stand."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from animeflow.measures.text_reading import read_texts
from animeflow.measures.unread_lines import UNREAD
from animeflow.models.text.ppocr import PPOcr
from animeflow.settings.measures import TextMeasureSettings
from animeflow_tests.models.conftest import loaded


def box(polygon: tuple[float, ...], text: str, score: float) -> dict[str, Any]:
    return {"polygon": list(polygon), "text": text, "score": score}


def read_as(settings: TextMeasureSettings, *samples: list[dict[str, Any]]) -> list[list[str]]:
    rows = [{"frame": 12 * n, "width": 640, "height": 360, "boxes": boxes} for n, boxes in enumerate(samples)]
    return [[one["text"] for one in row["boxes"]] for row in read_texts(rows, settings)]


def texts(*samples: list[dict[str, Any]]) -> list[list[str]]:
    return read_as(TextMeasureSettings(), *samples)


def line(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
    return (left, top, right, top, right, bottom, left, bottom)


SUBTITLE = line(208, 318, 432, 344)


@pytest.mark.parametrize(
    ("polygon", "counts", "why"),
    [
        (SUBTITLE, True, "a line of a subtitle"),
        (line(290, 318, 350, 344), True, "one word"),
        (line(188, 318, 412, 344), False, "off the middle"),
        (line(303, 318, 337, 344), True, "a word of two letters"),
        (line(306, 318, 334, 344), False, "as high as long: a face, a knot"),
        (line(314, 318, 354, 344), False, "a word off the middle"),
        (line(208, 200, 432, 226), False, "above the band"),
        (line(160, 270, 480, 330), False, "too high for a line"),
    ],
)
def test_a_line_that_cannot_be_read_counts_where_subtitles_stand(
    polygon: tuple[float, ...], counts: bool, why: str
) -> None:
    for text, score in (("", 0.0), ("xinn Dinnx", 0.59), ("     ,  ", 0.92)):
        assert texts([box(polygon, text, score)]) == [[UNREAD] if counts else []], why


TOP = line(208, 14, 432, 40)


def test_lines_at_the_top_count_in_a_film_with_such_subtitles_at_the_bottom() -> None:
    below, above = box(SUBTITLE, "", 0.0), box(TOP, "", 0.0)
    assert texts([above]) == [[]], "a title, hair: nothing tells"
    assert texts([below], [], [above]) == [[UNREAD], [], [UNREAD]]
    larger = box(line(150, 6, 490, 56), "", 0.0)
    assert texts([below], [], [larger]) == [[UNREAD], [], []], "of another height"


def test_the_line_on_another_counts_with_it() -> None:
    second, first = box(SUBTITLE, "", 0.0), box(line(240, 232, 400, 258), "", 0.0)
    high = box(line(208, 262, 432, 288), "", 0.0)
    assert texts([first, high]) == [[UNREAD, UNREAD]]
    assert texts([second, first]) == [[UNREAD]], "too far above it"


def test_a_reading_that_the_next_sample_contradicts_is_unread_where_subtitles_stand() -> None:
    samples = [[box(SUBTITLE, "Thu yupiow", 0.83)], [box(SUBTITLE, "Oupoat iv", 0.66)]]
    assert texts(*samples) == [[UNREAD], [UNREAD]]


def test_what_was_read_keeps_its_text() -> None:
    assert texts([box(SUBTITLE, "Good morning", 0.97)]) == [["Good morning"]]


def test_lines_that_cannot_be_read_count_for_nothing_on_request() -> None:
    without = TextMeasureSettings(unread_lines=False)
    assert read_as(without, [box(SUBTITLE, "", 0.0)]) == [[]]


@pytest.mark.parametrize("text", ["Я вернусь до заката", "해가 지기 전에", "Good morning"])
def test_subtitles_in_scripts_that_the_recogniser_does_not_know_count(text: str) -> None:
    frame = np.full((360, 640, 3), (70, 110, 160), np.uint8)
    font = cv2.FontFace("uni")  # OpenCV's own, with Cyrillic and Hangul
    width = cv2.getTextSize((640, 360), text, (0, 0), font, 24)[2]
    for colour, shifts in ((0, ((-1, 0), (1, 0), (0, -1), (0, 1))), (255, ((0, 0),))):
        for x, y in shifts:
            cv2.putText(frame, text, (320 - width // 2 + x, 335 + y), (colour,) * 3, font, 24)
    found = loaded(PPOcr()).read([frame])[0]
    boxes = [box(tuple(one.polygon.reshape(-1).tolist()), one.text, one.score) for one in found]
    assert texts(boxes) == [[text if text.isascii() else UNREAD]]


def roll(*lefts_and_rights: tuple[float, float], height: float = 18) -> list[dict[str, Any]]:
    """Unread lines in rows from the top."""
    return [
        box(line(left, 40 + 30 * n, right, 40 + 30 * n + height), "n77", 0.4)
        for n, (left, right) in enumerate(lefts_and_rights)
    ]


@pytest.mark.parametrize(
    ("lines", "counts", "why"),
    [
        (roll((220, 420), (250, 390), (200, 440), (260, 380)), True, "rows about one middle"),
        (roll((100, 300), (100, 250), (100, 340), (100, 200)), True, "rows from one left edge"),
        (roll((220, 420), (250, 390), (200, 440)), False, "too few"),
        (roll((20, 120), (300, 420), (160, 330), (470, 600)), False, "rows that share no edge"),
        (
            roll((300, 320), (300, 322), (300, 321), (300, 320)),
            False,
            "boxes as high as long: leaves, windows",
        ),
    ],
)
def test_lines_that_cannot_be_read_count_where_they_stand_as_credits(
    lines: list[dict[str, Any]], counts: bool, why: str
) -> None:
    assert texts(lines) == [[UNREAD] * len(lines) if counts else []], why


def test_one_that_cannot_be_read_counts_among_credits_that_can() -> None:
    names = roll((220, 420), (250, 390), (200, 440), (260, 380))
    read = [{**name, "text": "Yamada Taro", "score": 0.98} for name in names[:3]]
    assert texts([*read, names[3]]) == [["Yamada Taro"] * 3 + [UNREAD]]
