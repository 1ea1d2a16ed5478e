"""From corners to text: crop, input, greedy decoding."""

from __future__ import annotations

import numpy as np
import pytest

from animeflow.models.text_lines import alphabet, crop_line, decode, line_input


def steps(*classes: int, sure: float = 0.9, count: int = 5) -> np.ndarray:
    """Probabilities with one sure class a step."""
    rows = np.full((len(classes), count), (1 - sure) / (count - 1), np.float32)
    rows[np.arange(len(classes)), classes] = sure
    return rows


CLASSES = alphabet("a\nb\nc")


def test_the_alphabet_has_blank_first_and_space_last():
    assert CLASSES == ["", "a", "b", "c", " "]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((1, 1, 2), "ab"),
        ((1, 0, 1), "aa"),
        ((0, 0, 3, 3, 0), "c"),
        ((1, 4, 2), "a b"),
        ((0, 0), ""),
    ],
)
def test_repeats_merge_and_a_blank_keeps_them_apart(path, text):
    assert decode(steps(*path), CLASSES)[0] == text


def test_the_score_is_the_mean_over_characters_and_nothing_scores_zero():
    mixed = np.concatenate([steps(1, sure=1.0), steps(0, sure=0.6), steps(2, sure=0.5)])
    assert decode(mixed, CLASSES)[1] == pytest.approx(0.75)
    assert decode(steps(0, 0, sure=1.0), CLASSES)[1] == 0.0


def test_a_tilted_line_is_cropped_upright():
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[20:30, 10:60] = 200
    corners = np.array([[10, 20], [60, 20], [60, 30], [10, 30]], np.float32)
    turn = np.array([[0, 1], [-1, 0]], np.float32)
    line = crop_line(frame, corners)
    assert line.shape == (10, 50, 3) and line[:-1, :-1].min() > 190
    turned = np.rot90(frame).copy()
    turned_corners = ((corners - 49.5) @ turn.T + 49.5).astype(np.float32)
    assert crop_line(turned, turned_corners).shape == (10, 50, 3)


def test_a_column_of_text_is_laid_down():
    frame = np.zeros((100, 100, 3), np.uint8)
    corners = np.array([[10, 10], [20, 10], [20, 60], [10, 60]], np.float32)
    assert crop_line(frame, corners).shape == (10, 50, 3)


def test_a_degenerate_quadrilateral_gives_a_picture_all_the_same():
    assert crop_line(np.zeros((10, 10, 3), np.uint8), np.zeros((4, 2), np.float32)).shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("size", "width"), [((48, 100), 320), ((48, 320), 320), ((48, 321), 384), ((10, 1), 320)]
)
def test_the_input_is_48_high_and_padded_to_a_multiple_of_64_from_320_on(size, width):
    got = line_input(np.full((*size, 3), 255, np.uint8))
    assert got.shape == (1, 3, 48, width) and got.dtype == np.float32
    assert got.min() >= -1 and got.max() <= 1
    assert got[0, 0, 0, 0] == 1.0


def test_an_endless_line_does_not_take_endless_memory():
    assert line_input(np.zeros((1, 5000, 3), np.uint8)).shape[3] <= 3200


def test_colours_go_in_as_blue_green_red():
    red = np.zeros((48, 320, 3), np.uint8)
    red[..., 0] = 255
    assert line_input(red)[0, :, 5, 5].tolist() == [-1.0, -1.0, 1.0]
