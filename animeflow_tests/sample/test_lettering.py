from __future__ import annotations

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.sample import TextTruth
from animeflow.sample.lettering import credits_card, font_bytes, subtitle


def test_the_box_of_a_subtitle_encloses_its_letters_and_hugs_them():
    picture, boxes = subtitle(("Wait for me!",), (640, 360))
    (box,) = boxes
    ys, xs = np.nonzero(picture[..., 3] > 64)
    (left, top), (right, bottom) = box.polygon[0], box.polygon[2]
    assert abs(left - xs.min()) < 2.5 and abs(right - xs.max() - 1) < 2.5
    assert abs(top - ys.min()) < 2.5 and abs(bottom - ys.max() - 1) < 2.5
    assert box.role == "subtitle" and box.text == "Wait for me!"


def test_every_entry_of_the_credits_has_its_box_inside_the_frame():
    _, boxes = credits_card((("Music", "Ito Minato"), ("Editing", "Abe Kanade")), (320, 180))
    assert [b.text for b in boxes] == ["Music", "Ito Minato", "Editing", "Abe Kanade"]
    corners = np.stack([b.polygon for b in boxes])
    assert corners.min() > 0 and (corners[..., 0] < 320).all() and (corners[..., 1] < 180).all()


def test_the_burned_in_lines_change_in_the_middle_of_the_shot(drawn):
    shot = drawn("subtitles", frames=24)
    first, last = ({b.text for b in shot.text_boxes[t]} for t in (0, 23))
    assert first and last and not first & last
    assert {b.text for b in shot.text_boxes[11]} == first
    assert {b.text for b in shot.text_boxes[12]} == last


def test_a_sign_is_scenery_and_lies_where_its_letters_are(drawn):
    shot = drawn("sign")
    (box,) = shot.text_boxes[0]
    assert box.role == "sign" and not shot.overlay.any()
    (left, top), (right, bottom) = np.rint(box.polygon[0]).astype(int), np.rint(box.polygon[2]).astype(int)
    ink = shot.frames[0, top:bottom, left:right].astype(int)
    assert ((ink[..., 0] - ink[..., 1]) > 60).mean() > 0.1


def test_the_font_is_a_small_truetype_file():
    assert font_bytes()[:4] == b"\x00\x01\x00\x00" and len(font_bytes()) < 20_000


def test_a_text_box_with_another_role_is_refused():
    with pytest.raises(ContractError, match="slogan"):
        TextTruth("x", "slogan", np.zeros((4, 2)))
