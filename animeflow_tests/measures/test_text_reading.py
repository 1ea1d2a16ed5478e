from __future__ import annotations

from typing import Any

import pytest

from animeflow.measures.text_reading import is_text, read_texts
from animeflow.settings.measures import TextMeasureSettings

SETTINGS = TextMeasureSettings()
GLOSS = (247.0, 96.0, 298.0, 98.0, 298.0, 119.0, 246.0, 117.0)
DRIFTED = (241.0, 99.0, 292.0, 99.0, 292.0, 118.0, 241.0, 118.0)
ELSEWHERE = (20.0, 300.0, 292.0, 300.0, 292.0, 330.0, 20.0, 330.0)


def box(polygon: tuple[float, ...], text: str, score: float) -> dict[str, Any]:
    return {"polygon": list(polygon), "text": text, "score": score}


def texts(*samples: list[dict[str, Any]]) -> list[list[str]]:
    rows = [{"frame": 12 * n, "width": 640, "height": 360, "boxes": boxes} for n, boxes in enumerate(samples)]
    return [[one["text"] for one in row["boxes"]] for row in read_texts(rows, SETTINGS)]


def test_a_window_front_read_as_two_wide_characters_is_no_text() -> None:
    front = (3.0, 270.0, 364.0, 252.0, 369.0, 351.0, 7.0, 359.0)
    assert not is_text(box(front, "日日", 0.98), SETTINGS)


def test_two_letters_must_be_sure() -> None:
    window = (242.0, 36.0, 276.0, 37.0, 275.0, 53.0, 241.0, 51.0)
    assert not is_text(box(window, "pm", 0.9), SETTINGS)
    assert is_text(box(window, "PM", 0.99), SETTINGS)


def test_two_characters_with_a_space_between_them_are_text() -> None:
    title = (100.0, 100.0, 190.0, 100.0, 190.0, 130.0, 100.0, 130.0)
    assert is_text(box(title, "監督", 0.98), SETTINGS)


@pytest.mark.parametrize(("score", "found"), [(0.966, False), (0.99, True)])
def test_a_character_by_itself_must_be_sure(score: float, found: bool) -> None:
    boat = (446.0, 157.0, 518.0, 157.0, 518.0, 217.0, 446.0, 217.0)
    assert is_text(box(boat, "上", score), SETTINGS) == found


@pytest.mark.parametrize(
    ("text", "found"), [("1111", False), ("/ / /", False), ("1991", True), ("Ill", True)]
)
def test_hatching_is_no_text(text: str, found: bool) -> None:
    jaw = (508.0, 30.0, 566.0, 30.0, 566.0, 50.0, 508.0, 50.0)
    assert is_text(box(jaw, text, 0.99), SETTINGS) == found


def test_what_is_read_as_something_else_beside_it_is_no_text() -> None:
    """Measured on the gloss of a drawn head of hair that drifts with the camera."""
    samples = [[], [box(GLOSS, "20000", 0.877)], [box(DRIFTED, "(", 0.40)]]
    assert texts(*samples) == [[], [], []]
    assert texts(*reversed(samples)) == [[], [], []]


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        ([], "text may be short"),
        ([box(DRIFTED, "20080", 0.7)], "it is read alike"),
        ([box(DRIFTED, "Good morning", 0.95)], "another text, surely read, follows it"),
        ([box(ELSEWHERE, "(", 0.4)], "something else is elsewhere"),
    ],
)
def test_a_reading_that_nothing_contradicts_stands(beside: list[dict[str, Any]], why: str) -> None:
    assert texts([], [box(GLOSS, "20000", 0.877)], beside)[1] == ["20000"], why


def test_one_sample_that_is_read_alike_outweighs_another() -> None:
    assert texts([box(DRIFTED, "(", 0.4)], [box(GLOSS, "20000", 0.877)], [box(GLOSS, "20000", 0.6)])[1] == [
        "20000"
    ]


def test_a_sure_reading_needs_no_other() -> None:
    assert texts([], [box(GLOSS, "20000", 0.95)], [box(DRIFTED, "(", 0.40)])[1] == ["20000"]


def test_only_the_samples_right_beside_it_are_asked() -> None:
    assert texts([box(DRIFTED, "(", 0.4)], [], [box(GLOSS, "20000", 0.877)])[2] == ["20000"]
