from __future__ import annotations

import numpy as np

from animeflow.sample.compose import add_grain, add_light, over


def test_over_rounds_to_the_nearest_level_and_leaves_the_rest_alone():
    below = np.full((4, 6, 3), 100, np.uint8)
    colour = np.full((4, 6, 3), 201, np.uint8)
    alpha = np.zeros((4, 6), np.uint8)
    alpha[1, 2], alpha[2, 3] = 255, 128
    out = over(below, colour, alpha)
    assert out[1, 2].tolist() == [201] * 3
    assert out[2, 3].tolist() == [round((128 * 201 + 127 * 100) / 255)] * 3
    assert (out[0] == 100).all() and (below == 100).all()


def test_added_light_saturates_and_screened_light_never_does():
    below = np.asarray([[[200, 0, 128]]], np.uint8)
    light = np.asarray([[[100, 100, 128]]], np.uint8)
    assert add_light(below, light, "add").ravel().tolist() == [255, 100, 255]
    screened = 255 - (255 - below.astype(float)) * (255 - light.astype(float)) / 255
    assert np.abs(add_light(below, light, "screen") - screened).max() <= 0.5


def test_grain_is_luma_noise_of_the_stated_sigma_that_repeats_for_a_frame():
    grey = np.full((180, 320, 3), 128, np.uint8)
    noisy = add_grain(grey, 7, 3, 3.0)
    assert np.array_equal(noisy, add_grain(grey, 7, 3, 3.0))
    assert not np.array_equal(noisy, add_grain(grey, 7, 4, 3.0))
    assert (noisy[..., 0] == noisy[..., 2]).all()
    assert abs(noisy.astype(float).std() - 3.0) < 0.1
