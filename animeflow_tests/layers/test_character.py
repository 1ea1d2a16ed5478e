import numpy as np
import pytest

from animeflow.layers.background import make_background
from animeflow.layers.character import (
    Seed,
    character_mask,
    projected_alpha,
    rgba,
    solved_colour,
    without_rim,
)
from animeflow.layers.difference import Difference, noise_level
from animeflow.layers.recompose import recompose
from animeflow_tests.layers.drawn import clip_of, drawn, seeds_of


@pytest.mark.parametrize("kind", ["flat", "cross"])
def test_the_matte_follows_the_drawn_outline(kind):
    shot = drawn(kind, frames=24)
    clip = clip_of(shot)
    seeds = seeds_of(shot, clip)
    background = make_background(clip, seeds)
    for drawing in range(2, clip.drawings, 4):
        view = background.behind(drawing, clip.size)
        difference = Difference(clip.picture(drawing), view.picture, noise_level(6, background.sigma))
        mask = character_mask(
            difference, Seed(seeds[drawing].seed, seeds[drawing].mean), view.hole, light=False
        )
        alpha = projected_alpha(difference, mask, view.hole)
        truth = shot.alpha[clip.firsts[drawing]]
        ours, true = alpha > 0.5, truth > 0.5
        assert (ours & true).sum() / (ours | true).sum() > 0.9
        assert np.abs(alpha - truth).mean() < 0.02


def box(level=120, size=(60, 80)):
    return np.full((*size, 3), level, np.uint8)


def test_a_difference_that_no_seed_supports_is_no_character():
    frame = box()
    frame[20:40, 30:50] = 220
    none = np.zeros((60, 80), np.float32)
    mask = character_mask(Difference(frame, box(), 6), Seed(none, none), none > 1, light=False)
    assert not mask.any()


def test_what_ink_encloses_is_character_though_it_equals_the_background():
    frame = box(size=(180, 320))
    frame[20:44, 30:54] = 10
    frame[22:42, 32:52] = 120
    seed = np.zeros((180, 320), np.float32)
    seed[20:44, 30:54] = 1
    difference = Difference(frame, box(size=(180, 320)), 6)
    mask = character_mask(difference, Seed(seed, seed), seed > 2, light=False)
    assert mask[30, 40] and mask.sum() == 24 * 24


def shirt(plate):
    """A figure of 60x60 px drawn in ink whose shirt equals the plate, under networks that half see the shirt."""
    frame = plate.copy()
    frame[20:80, 30:90] = 10
    frame[40:60, 50:70] = plate[40:60, 50:70]
    seed = np.zeros(plate.shape[:2], np.float32)
    seed[20:80, 30:90] = 1
    seed[40:60, 50:70] = 0.3
    return character_mask(Difference(frame, plate, 6), Seed(seed, seed), seed > 2, light=False)


def test_cloth_like_a_plain_wall_is_filled_where_networks_half_see_it():
    assert shirt(box(size=(180, 320)))[50, 60]


def test_a_gap_that_shows_a_structured_background_stays_open():
    plate = box(size=(180, 320))
    plate[::4] = 100
    assert not shirt(plate)[50, 60]


def test_ringing_around_ink_is_peeled_off():
    size = np.zeros((60, 80), np.float32)
    size[18:46, 28:56] = 12
    size[20:44, 30:54] = 150
    peeled = without_rim(size > 0, size, np.ones(size.shape, bool))
    assert np.array_equal(peeled, size == 150)


def test_alpha_is_the_share_of_ink_in_a_mixed_pixel():
    frame = box(100).astype(np.float32)
    frame[20:40, 20:60] = 0
    frame[19, 20:60] = 50
    difference = Difference(frame.astype(np.uint8), box(100), 6)
    mask = np.zeros((60, 80), bool)
    mask[19:40, 20:60] = True
    alpha = projected_alpha(difference, mask, np.zeros_like(mask))
    assert abs(alpha[19, 40] - 0.5) < 0.05 and alpha[30, 40] == 1 and alpha[10, 40] == 0


def test_solved_colour_recomposes_to_the_frame():
    rng = np.random.default_rng(0)
    background = rng.integers(60, 190, (40, 50, 3), dtype=np.uint8)
    alpha = rng.uniform(0.3, 1, (40, 50)).astype(np.float32)
    alpha = np.rint(alpha * 255) / np.float32(255)
    colour = rng.integers(60, 190, (40, 50, 3))
    frame = np.rint(alpha[..., None] * colour + (1 - alpha[..., None]) * background).astype(np.uint8)
    layer = rgba(solved_colour(frame, background, alpha), alpha)
    assert np.abs(recompose(layer, background).astype(int) - frame).max() <= 1


def test_no_mask_gives_no_alpha():
    nothing = np.zeros((60, 80), bool)
    assert not projected_alpha(Difference(box(), box(), 6), nothing, nothing).any()
