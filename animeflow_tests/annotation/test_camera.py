import numpy as np
import pytest

from animeflow.annotation.camera import camera_move
from animeflow.settings.annotation import LabelSettings

SIZE = (640, 360)
FRAMES = 24


def path(dx=0.0, dy=0.0, zoom=1.0, shake=0.0, scale=1.0) -> np.ndarray:
    """Frame px -> plate px for a camera that travels dx, dy frame px in all and gets `zoom` times as near."""
    rng = np.random.default_rng(3)
    found = []
    for t in np.linspace(0, 1, FRAMES):
        s = scale * zoom**-t
        # The centre of the frame travels; the frame shrinks on the plate around it.
        centre = np.array([1000 + dx * scale * t, 800 + dy * scale * t]) + rng.normal(0, shake, 2)
        shift = centre - s * np.array([SIZE[0] / 2, SIZE[1] / 2])
        found.append([[s, 0, shift[0]], [0, s, shift[1]], [0, 0, 1]])
    return np.array(found)


@pytest.mark.parametrize(
    ("motion", "kind"),
    [
        ({}, "static"),
        ({"dx": 3}, "static"),
        ({"dx": 10}, "pan_right"),
        ({"dx": 200}, "pan_right"),
        ({"dx": -200}, "pan_left"),
        ({"dy": -90}, "tilt_up"),
        ({"dy": 90}, "tilt_down"),
        ({"dx": 150, "dy": 120}, "pan_tilt"),
        ({"zoom": 1.2}, "zoom_in"),
        ({"zoom": 1 / 1.2}, "zoom_out"),
        ({"shake": 4.0}, "shake"),
    ],
)
def test_the_move_is_named_from_the_path_of_the_frame(motion, kind):
    assert camera_move(path(**motion), SIZE, LabelSettings()).kind == kind


def test_a_pan_there_and_back_is_a_pan_and_no_shake():
    there = path(dx=200)
    move = camera_move(np.concatenate([there, there[::-1]]), SIZE, LabelSettings())
    assert (move.kind, move.x) == ("pan_right", 0)


def test_travel_is_in_frames_and_zoom_is_a_ratio_whatever_the_scale_of_the_plate():
    for scale in (0.5, 1.0, 2.0):
        move = camera_move(path(dx=320, dy=-90, scale=scale), SIZE, LabelSettings())
        assert (move.x, move.y, move.zoom) == pytest.approx((0.5, -0.25, 1.0))
    assert camera_move(path(zoom=1.5), SIZE, LabelSettings()).zoom == pytest.approx(1.5)


def test_homographies_need_not_be_normalised():
    plain = path(dx=200)
    assert camera_move(plain * 7, SIZE, LabelSettings()) == camera_move(plain, SIZE, LabelSettings())
