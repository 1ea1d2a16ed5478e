from __future__ import annotations

from itertools import pairwise

import numpy as np

from animeflow.sample.noise import fractal_noise, grain, painted, value_noise


def test_noise_has_the_asked_size_and_stays_within_one():
    rng = np.random.default_rng(0)
    for noise in (value_noise(rng, (50, 30), (9.0, 4.0)), fractal_noise(rng, (50, 30), (20.0, 20.0), 4)):
        assert noise.shape == (30, 50) and np.abs(noise).max() <= 1.0 and noise.std() > 0.1


def test_larger_cells_give_smoother_noise():
    rough, fine = (value_noise(np.random.default_rng(0), (200, 100), (c, c)) for c in (4.0, 40.0))
    assert np.abs(np.diff(fine, axis=1)).mean() < 0.3 * np.abs(np.diff(rough, axis=1)).mean()


def test_painting_over_keeps_the_picture_but_for_wobble_and_wash():
    picture = np.full((60, 80, 3), 120, np.uint8)
    picture[:, 40:] = 200
    out = painted(np.random.default_rng(0), picture, wobble=1.0, wash=0.1, scale=1.0).astype(int)
    assert np.abs(out[:, :30] - 120).max() < 30 and np.abs(out[:, 50:] - 200).max() < 45
    assert out[:, :30].std() > 1


def test_grain_differs_from_frame_to_frame_and_is_no_picture_of_its_own():
    frames = np.stack([grain(3, t, (160, 90), 3.0)[..., 0] for t in range(60)]).astype(float)
    assert abs(frames.std() - 3.0) < 0.1
    assert all(np.abs(a - b).mean() > 1 for a, b in pairwise(frames))
    assert frames.mean(axis=0).std() < 0.9
