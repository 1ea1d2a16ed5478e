from __future__ import annotations

import numpy as np
import pytest

from animeflow.sample import camera as cam
from animeflow.sample.plates import look

SIZE = (64, 36)


def test_a_camera_on_whole_pixels_shows_the_plate_s_own_pixels():
    plate = np.random.default_rng(1).integers(0, 256, (80, 120, 3), np.uint8)
    camera = cam.held(SIZE, 3, x=17.0, y=9.0)
    assert np.array_equal(look(plate, camera[2], SIZE), plate[9:45, 17:81])


def test_a_zoom_keeps_the_middle_where_it_is():
    camera = cam.path(SIZE, x=np.zeros(2), y=np.zeros(2), zoom=np.asarray([1.0, 2.0]))
    middle = np.asarray([31.5, 17.5, 1.0])
    assert camera[1] @ middle == pytest.approx(camera[0] @ middle)
    assert camera[1, 0, 0] == pytest.approx(0.5)
    aside = cam.path(SIZE, x=np.zeros(2), y=np.zeros(2), zoom=np.asarray([1.0, 2.0]), focus=(0.0, 1.0))
    assert aside[1] @ [0.0, 35.0, 1.0] == pytest.approx([0.0, 35.0, 1.0])


def test_motion_is_the_mean_way_of_the_background_in_frame_px():
    camera = cam.path(SIZE, x=np.asarray([0.0, 3.0, 3.0]), y=np.asarray([0.0, 4.0, 4.0]))
    assert cam.motion(camera, SIZE).tolist() == pytest.approx([0.0, 5.0, 0.0])


def test_a_canvas_point_lands_on_the_pixel_that_the_camera_names():
    camera = cam.path(SIZE, x=np.asarray([10.0]), y=np.asarray([5.0]), zoom=1.3)[0]
    plate_pixel = np.asarray([30.0, 20.0, 1.0])
    frame_pixel = np.linalg.inv(camera) @ plate_pixel
    corner = cam.to_canvas(camera) @ (plate_pixel + np.asarray([0.5, 0.5, 0.0]))
    assert corner[:2] - 0.5 == pytest.approx(frame_pixel[:2])
