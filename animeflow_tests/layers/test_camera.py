import numpy as np
import pytest

from animeflow.layers.camera import background_mask, track_camera
from animeflow.layers.clip import Clip
from animeflow.layers.registration import MotionKind, Pair, similarity_of, simplest, translation_of
from animeflow_tests.layers.drawn import clip_of, drawn, placement_error, seeds_of


def camera_of(shot):
    clip = clip_of(shot)
    seeds = seeds_of(shot, clip)
    return track_camera(clip, lambda d: seeds[d].most)


@pytest.mark.parametrize(
    ("kind", "median", "worst"), [("pan", 0.25, 1.0), ("zoom", 0.25, 1.0), ("shake", 0.25, 1.0)]
)
def test_frames_are_placed_within_a_quarter_of_a_pixel(kind, median, worst):
    shot = drawn(kind, frames=16)
    error = placement_error(shot, camera_of(shot).matrices)
    assert np.median(error) <= median and error.max() <= worst


def test_a_held_camera_is_exactly_the_identity():
    camera = camera_of(drawn("cross", frames=12))
    assert camera.held and camera.size == (320, 180)
    assert np.array_equal(camera.matrices[0], np.eye(3)) and set(camera.kinds) == {MotionKind.IDENTITY}


def test_every_frame_lies_on_the_canvas():
    shot = drawn("pan", frames=12)
    camera = camera_of(shot)
    corners = np.array([[0, 0, 1], [319, 179, 1]]).T
    places = (camera.matrices @ corners)[:, :2]
    assert places.min() >= -1e-6
    assert places[:, 0].max() <= camera.size[0] - 1 + 1e-6 and places[:, 1].max() <= camera.size[1] - 1 + 1e-6


def test_a_walker_that_the_camera_follows_does_not_hide_the_pan():
    shot = drawn("pan", frames=10)
    clip = clip_of(shot)
    blind = track_camera(clip, lambda _: np.zeros((180, 320), np.float32))
    assert placement_error(shot, blind.matrices).max() < 1.0


def test_a_mask_that_leaves_no_background_is_ignored():
    assert background_mask(np.ones((90, 160), np.float32)).all()


def test_a_simpler_model_wins_within_its_tolerance():
    free = Pair(np.diag([1.01, 1.01, 1]), 0.90, MotionKind.SIMILARITY)
    shift = Pair(np.eye(3), 0.895, MotionKind.TRANSLATION)
    still = Pair(np.eye(3), 0.89, MotionKind.IDENTITY)
    assert simplest([free, shift, still]) is shift
    assert simplest([free, still]) is free


def test_translation_follows_the_majority_and_similarity_the_geometry():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 300, (60, 2)).astype(np.float32)
    moved = points + np.float32([3.25, -1.5])
    moved[:20] += 17
    assert np.allclose(translation_of(points, moved)[:2, 2], [3.25, -1.5], atol=0.05)
    zoomed = (points * 1.1).astype(np.float32)
    found = similarity_of(points, zoomed)
    assert found is not None and np.allclose(found[:2, :2], np.eye(2) * 1.1, atol=1e-3)


def test_one_frame_is_a_clip():
    picture = drawn("still", frames=1).frames
    camera = track_camera(Clip("c", picture, np.zeros(1), ("a",)), lambda _: np.zeros((18, 32), np.float32))
    assert camera.held and camera.size == (320, 180)
