"""From a probability map to corners: rectangles are found, grown back, ordered; noise is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animeflow.models.text_boxes import boxes_of, clockwise, grow, reading_order

LIMITS = {"pixel_threshold": 0.3, "box_threshold": 0.5, "unclip_ratio": 1.6, "max_boxes": 100}


def map_with(*rectangles: tuple, size: tuple[int, int] = (128, 256), value: float = 0.9) -> np.ndarray:
    """A map with rotated rectangles ((cx, cy), (w, h), degrees) filled."""
    canvas = np.zeros(size, np.float32)
    for rectangle in rectangles:
        cv2.fillPoly(canvas, [cv2.boxPoints(rectangle).round().astype(np.int32)], value)
    return canvas


def found(probability: np.ndarray, **changes: float) -> np.ndarray:
    return boxes_of(probability, probability.shape[::-1], **{**LIMITS, **changes})


def test_a_rectangle_is_found_grown_by_area_times_ratio_over_perimeter():
    (corners,) = found(map_with(((128, 64), (100, 20), 0)))
    width, height = np.ptp(corners, axis=0)
    margin = 100 * 20 * 1.6 / (2 * 120)
    assert width == pytest.approx(100 + 2 * margin, abs=4)
    assert height == pytest.approx(20 + 2 * margin, abs=4)
    assert corners.mean(axis=0) == pytest.approx([128, 64], abs=1)


def test_a_tilted_line_keeps_its_angle():
    (corners,) = found(map_with(((128, 64), (120, 16), 10)))
    direction = corners[1] - corners[0]
    assert np.degrees(np.arctan2(direction[1], direction[0])) == pytest.approx(10, abs=1.5)


def test_corners_are_given_in_the_pixels_of_the_frame():
    probability = map_with(((128, 64), (100, 20), 0))
    (small,) = found(probability)
    (large,) = boxes_of(probability, (1024, 512), **LIMITS)
    assert large == pytest.approx(small * 4, abs=3)


def test_corners_stay_inside_the_frame():
    (corners,) = found(map_with(((10, 5), (60, 20), 0)))
    assert corners.min() == 0
    assert (corners <= [255, 127]).all()


@pytest.mark.parametrize(
    "probability",
    [
        np.zeros((64, 64), np.float32),
        map_with(((128, 64), (100, 20), 0), value=0.25),
        map_with(((128, 64), (100, 20), 0), value=0.45),
        map_with(((128, 64), (1, 1), 0)),
    ],
    ids=["nothing", "below the pixel threshold", "below the box threshold", "a speck"],
)
def test_what_is_no_text_gives_no_box(probability):
    assert found(probability).shape == (0, 4, 2)


def test_no_more_boxes_than_allowed_are_returned():
    many = map_with(*[((x, y), (12, 8), 0) for x in range(20, 240, 40) for y in range(20, 120, 30)])
    assert len(found(many)) == 24
    assert len(found(many, max_boxes=5)) == 5


def test_growing_a_square_of_side_s_moves_each_side_by_s_times_ratio_over_four():
    centre, size, angle = grow(((5.0, 6.0), (40.0, 40.0), 30.0), 2.0)
    assert (centre, size, angle) == ((5.0, 6.0), (80.0, 80.0), 30.0)


def test_corners_begin_at_the_top_left_and_run_clockwise():
    expected = np.array([[0, 0], [10, 1], [10, 5], [0, 4]], np.float32)
    for order in ([0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 1, 0]):
        assert (clockwise(expected[order]) == expected).all()


def test_boxes_are_read_line_by_line_from_left_to_right():
    def box(x: float, y: float) -> np.ndarray:
        return np.array([[x, y], [x + 9, y], [x + 9, y + 9], [x, y + 9]], np.float32)

    boxes = np.array([box(100, 50), box(10, 4), box(60, 0), box(5, 53)])
    assert reading_order(boxes)[:, 0].tolist() == [[10, 4], [60, 0], [5, 53], [100, 50]]
