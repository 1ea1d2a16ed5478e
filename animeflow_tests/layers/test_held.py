"""Figures that lie in the plate because they never move."""

import cv2
import numpy as np
import pytest

from animeflow.layers.background import make_background
from animeflow.layers.camera import track_camera
from animeflow.layers.held import held_bodies, moving_area, travel
from animeflow.layers.pixels import erode
from animeflow.layers.plate import Plate, Sample, build_plate, sample_frames, samples_of
from animeflow_tests.layers.drawn import clip_of, drawn, seeds_of

SIZE = (160, 96)


def scene(*, x=0, figure=1.0):
    """A plate with a red figure, and one sample of it at camera place `x`, under networks that say `figure`."""
    colour = np.full((96, 160, 3), 200, np.uint8)
    colour[20:80, 60:100] = (180, 40, 40)
    share = np.zeros((96, 160), np.float32)
    share[18:82, 58:102] = figure
    share = cv2.GaussianBlur(share, (0, 0), 2)
    plate = Plate(colour, share, share > 2, np.ones((96, 160), np.uint16), 0.0)
    matrix = np.eye(3)
    matrix[0, 2] = x
    return plate, Sample(
        colour.copy(), share, share, share.astype(np.uint8), matrix, np.array([80.0 + x, 48.0])
    )


def test_the_outline_of_a_held_figure_comes_from_the_plate():
    plate, sample = scene()
    found = held_bodies(plate, [sample], SIZE)
    assert found[20:80, 60:100].all() and not found[:10].any() and not found[:, :50].any()


def test_what_the_networks_only_half_believe_is_no_figure():
    plate, sample = scene(figure=0.5)
    assert not held_bodies(plate, [sample], SIZE).any()


def test_beside_a_large_figure_that_walks_a_small_thing_that_stands_is_scenery():
    plate, sample = scene()
    walker = sample.picture.copy()
    walker[:, 100:160] = 20
    likely = sample.character.copy()
    likely[:, 100:160] = 1
    followed = [
        Sample(walker, likely, likely, likely.astype(np.uint8), np.eye(3), np.array([80.0 + x, 48.0]))
        for x in (0, 40)
    ]
    assert moving_area(plate, followed, SIZE) == pytest.approx(96 * 60)
    assert travel(followed) == 40
    assert not held_bodies(plate, followed, SIZE).any()


def test_figures_that_stand_while_the_camera_passes_are_no_background():
    shot = drawn("longpan", frames=30)
    clip = clip_of(shot)
    seeds = seeds_of(shot, clip)
    background = make_background(clip, seeds)
    body = erode(shot.alpha[clip.firsts[0]] > 0.9, 5)
    assert background.behind(0, clip.size).hole[body].mean() > 0.9


def test_a_shot_without_held_figures_has_none():
    shot = drawn("cross", frames=30)
    clip = clip_of(shot)
    seeds = seeds_of(shot, clip)
    camera = track_camera(clip, lambda drawing: seeds[drawing].most)
    samples = samples_of(clip, camera, seeds, sample_frames(clip, camera, 40))
    assert held_bodies(build_plate(samples, camera.size), samples, clip.size).mean() < 0.01
