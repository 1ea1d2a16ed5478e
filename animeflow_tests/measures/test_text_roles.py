"""Subtitles, credits and signs on boxes as a recogniser gives them."""

from __future__ import annotations

from typing import Any

import pytest

from animeflow.measures.text_roles import roles_of, subtitle_height
from animeflow.settings.measures import TextMeasureSettings

SETTINGS = TextMeasureSettings()
SIZE = (640, 360)


def box(left: float, top: float, right: float, bottom: float, text: str = "name") -> dict[str, Any]:
    polygon = [left, top, right, top, right, bottom, left, bottom]
    return {"polygon": polygon, "text": text, "score": 0.95}


def roles(*boxes: dict[str, Any], **settings: Any) -> list[str]:
    return list(roles_of(boxes, SIZE, TextMeasureSettings(**settings)))


SUBTITLE = box(160, 320, 480, 345, "The boats come home.")
SHOP = box(100, 50, 300, 150, "BOOKS")
COLUMN = [box(200, 40 + 30 * n, 260 + 40 * (n % 3), 56 + 30 * n) for n in range(5)]
PAIRS = [box(x, y, x + width, y + 16) for y in (40, 80, 120) for x, width in ((150, 90), (350, 70))]


def test_a_line_at_the_bottom_is_a_subtitle_and_a_board_is_a_sign() -> None:
    assert roles(SUBTITLE, SHOP) == ["subtitle", "sign"]


@pytest.mark.parametrize("left", [(100, 100, 150), (100, 100, 100)])
def test_the_first_of_three_lines_of_a_subtitle_is_one_though_it_begins_above_the_band(
    left: tuple[int, ...],
) -> None:
    ends = (540, 540, 490) if left[2] == 150 else (540, 480, 400)
    block = [box(x, y, end, y + 22) for x, y, end in zip(left, (255, 282, 310), ends, strict=True)]
    assert roles(*block) == ["subtitle"] * 3
    assert roles(*block[::-1]) == ["subtitle"] * 3


@pytest.mark.parametrize(
    "sign",
    [box(100, 200, 540, 222), box(300, 255, 620, 277), box(100, 225, 540, 277)],
    ids=["a line's height away", "beside it", "twice as high"],
)
def test_a_sign_above_a_subtitle_stays_a_sign(sign: dict[str, Any]) -> None:
    assert roles(sign, box(100, 282, 540, 304), box(150, 310, 490, 332)) == ["sign", "subtitle", "subtitle"]


@pytest.mark.parametrize("above", [2, 3, 4, 5])
def test_a_column_above_the_band_gives_no_line_to_the_subtitles(above: int) -> None:
    column = [box(200, 255 - 27 * n, 400, 277 - 27 * n) for n in range(-1, above)]
    assert "subtitle" not in roles(*column)[1:]


@pytest.mark.parametrize("shift", [0, 25, 50, -70])
def test_lines_with_a_common_edge_are_credits_wherever_they_roll(shift: int) -> None:
    moved = [
        box(b["polygon"][0], b["polygon"][1] + shift + 60, b["polygon"][2], b["polygon"][5] + shift + 60)
        for b in COLUMN
    ]
    assert roles(*moved) == ["credits"] * 5


def test_lines_of_a_roll_that_reach_the_subtitle_band_are_credits_and_a_subtitle_below_is_none() -> None:
    roll = [box(200, 90 + 30 * n, 290 + 20 * (n % 3), 106 + 30 * n) for n in range(7)]
    assert roles(*roll) == ["credits"] * 7
    assert roles(*roll[:5], SUBTITLE) == ["credits"] * 5 + ["subtitle"]


def test_two_columns_are_credits() -> None:
    ragged = [
        box(x + 7 * n, y, x + 60 + 13 * n, y + 16) for n, y in enumerate((40, 80, 120)) for x in (120, 380)
    ]
    assert roles(*PAIRS) == ["credits"] * 6
    assert roles(*ragged) == ["credits"] * 6


def test_a_centred_column_goes_on_into_the_subtitle_band() -> None:
    jobs = [
        box(198 - half, 60 + 44 * n, 198 + half, 84 + 44 * n)
        for n, half in enumerate((39, 57, 58, 46, 54, 28))
    ]
    names = [
        box(435 - half, 60 + 44 * n, 435 + half, 84 + 44 * n)
        for n, half in enumerate((50, 46, 59, 50, 56, 51))
    ]
    assert roles(*jobs, *names) == ["credits"] * 12


def test_so_many_lines_are_a_setting() -> None:
    three = COLUMN[:3]
    assert roles(*three) == ["sign"] * 3
    assert roles(*three, credits_lines=3) == ["credits"] * 3


@pytest.mark.parametrize(
    "words",
    [("監督", "山田 太郎"), ("原画 佐藤", "鈴木"), ("Directed by", "Ito"), ("Storyboard", "K."), ("MUSIC", "A")],
)  # fmt: skip
def test_two_lines_with_a_word_of_staff_lists_are_credits(words: tuple[str, str]) -> None:
    assert roles(box(200, 100, 300, 120, words[0]), box(400, 220, 520, 240, words[1])) == ["credits"] * 2


def test_a_word_by_itself_and_a_longer_word_are_signs() -> None:
    assert roles(box(200, 100, 300, 120, "MUSIC")) == ["sign"]
    assert roles(box(200, 100, 300, 120, "音楽室"), box(200, 140, 300, 160, "出口")) == ["sign", "sign"]


def test_scattered_signs_of_many_sizes_are_no_credits() -> None:
    street = [box(20, 30, 120, 90), box(180, 60, 230, 75), box(300, 20, 520, 140), box(560, 150, 600, 170)]
    assert roles(*street) == ["sign"] * 4
    beside = roles(*COLUMN, box(400, 50, 600, 170, "EXIT"))
    assert beside == ["credits"] * 5 + ["sign"]


def test_a_centred_line_at_the_top_is_a_subtitle_only_beside_subtitles_of_its_height() -> None:
    top, wide = box(180, 15, 460, 40, "I hear you."), box(180, 15, 460, 60, "CAFE HARBOUR")
    usual = subtitle_height([{"width": 640, "height": 360, "boxes": [SUBTITLE]}], SETTINGS)
    assert usual == pytest.approx(25 / 360)
    assert roles(top) == ["sign"]
    assert list(roles_of([top, wide], SIZE, SETTINGS, subtitle_height=usual)) == ["subtitle", "sign"]
    aside = box(20, 15, 200, 40, "OPEN")
    assert list(roles_of([aside], SIZE, SETTINGS, subtitle_height=usual)) == ["sign"]


def test_without_boxes_there_are_no_roles() -> None:
    assert roles() == []
    assert subtitle_height([], SETTINGS) is None
