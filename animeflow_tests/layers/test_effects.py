import cv2
import numpy as np
import pytest

from animeflow.layers.difference import Difference
from animeflow.layers.effects import (
    Blend,
    Spots,
    bright_spots,
    choose_blend,
    follows_plate,
    has_lines,
    light_layer,
    supported,
)
from animeflow.layers.recompose import blended, outside, psnr, recompose, without_effect
from animeflow.layers.smoke import smoke_layer
from animeflow.settings.layers import EffectSettings
from animeflow_tests.models.figures import figure

SETTINGS = EffectSettings()
NOBODY = np.zeros((90, 160), np.float32)
NO_HOLE = np.zeros((90, 160), bool)


def plate(seed=1):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 150, (18, 32, 3), dtype=np.uint8)
    return np.repeat(np.repeat(blocks, 5, 0), 5, 1)


def glow(level=80):
    light = np.zeros((90, 160, 3), np.uint8)
    light[20:70, 40:120] = (level, level, level // 2)
    return light


def test_added_light_is_found_where_it_is_and_recomposes():
    below, light = plate(), glow()
    frame = np.clip(below.astype(int) + light, 0, 255).astype(np.uint8)
    difference = Difference(frame, below, 6)
    spots = bright_spots(difference, NOBODY, NO_HOLE, SETTINGS)
    true = light[..., 0] > 0
    assert (spots.mask & true).sum() / (spots.mask | true).sum() > 0.9 and spots.strong.any()
    effect = light_layer(difference, spots.mask, NOBODY, Blend.ADD)
    assert effect is not None and effect.peak == pytest.approx(80 / 255)
    clear = np.zeros((90, 160, 4), np.uint8)
    assert psnr(recompose(clear, below, effect.picture, Blend.ADD), frame) == 99


def beam(size=(640, 360)):
    """Soft light across the picture, with the texture of what it falls on."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    level = 120 * np.exp(-(((y - 0.5 * x) / (0.15 * height)) ** 2))
    texture = cv2.resize(plate(), size, interpolation=cv2.INTER_CUBIC)
    return np.clip(level[..., None] * (0.6 + texture / 400), 0, 255).astype(np.uint8)


def sparkles():
    light = np.zeros((360, 640, 3), np.uint8)
    for x in range(20, 640, 60):
        light[100:110, x : x + 6] = 200
    return light


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080)])
def test_figures_taken_for_light_are_told_by_their_lines(size):
    frame, truth = figure(size)
    cel = (frame * truth[..., None]).astype(np.uint8)
    for x in range(-size[0], size[0], size[0] // 75):  # folds and hair
        cv2.line(cel, (x, 0), (x + size[0] // 3, size[1]), (0, 0, 0), size[0] // 640)
    assert has_lines(cel)
    assert not has_lines(beam(size))


def test_small_lights_are_no_figures_however_sharp():
    assert not has_lines(sparkles())


def test_no_effect_is_believed_beside_a_hole_or_inside_a_character():
    below = plate()
    frame = np.clip(below.astype(int) + glow(), 0, 255).astype(np.uint8)
    difference = Difference(frame, below, 6)
    assert not bright_spots(difference, NOBODY, ~NO_HOLE, SETTINGS).mask.any()
    assert not bright_spots(difference, NOBODY + 1, NO_HOLE, SETTINGS).mask.any()


def test_weak_light_needs_a_second_drawing():
    part = glow()[..., 0] > 0
    weak, none = Spots(part, NO_HOLE), Spots(NO_HOLE, NO_HOLE)
    assert not supported([weak, none], 0).any()
    assert np.array_equal(supported([weak, weak, none], 1), part)
    assert np.array_equal(supported([Spots(part, part)], 0), part)


@pytest.mark.parametrize("blend", [Blend.ADD, Blend.SCREEN])
def test_the_blend_is_the_one_that_takes_the_plate_out_of_the_light(blend):
    below, light = plate(), glow(90)
    frame = np.rint(np.clip(blended(below.astype(np.float32), light, blend), 0, 255)).astype(np.uint8)
    evidence = follows_plate(Difference(frame, below, 6), light[..., 0] > 0)
    assert evidence is not None and choose_blend([evidence]) is blend


def test_without_evidence_light_is_added():
    assert choose_blend([]) is Blend.ADD
    assert follows_plate(Difference(plate(), plate(), 6), NO_HOLE) is None


@pytest.mark.parametrize("blend", list(Blend))
def test_taking_an_effect_off_undoes_putting_it_on(blend):
    below = plate().astype(np.float32)
    effect = glow(60)
    if blend is Blend.OVER:
        effect = np.dstack([effect, np.full((90, 160), 90, np.uint8)])
    frame = np.rint(blended(below, effect, blend)).astype(np.uint8)
    assert np.abs(without_effect(frame, effect, blend) - below).max() < 2


def test_light_over_a_character_stays_in_its_colour():
    light = glow()
    assert not outside(light, NOBODY + 1).any() and np.array_equal(outside(light, NOBODY), light)


def test_smoke_is_a_see_through_layer():
    below = plate()
    share = np.zeros((90, 160, 1), np.float32)
    share[20:70, 30:130] = 0.5
    frame = np.rint((1 - share) * below + share * 220).astype(np.uint8)
    effect = smoke_layer(Difference(frame, below, 6), NOBODY, NO_HOLE)
    assert effect is not None and effect.blend is Blend.OVER
    assert abs(float(effect.picture[45, 80, 3]) / 255 - 0.5) < 0.15
    clear = np.zeros((90, 160, 4), np.uint8)
    assert psnr(recompose(clear, below, effect.picture, Blend.OVER), frame) > psnr(below, frame) + 8


def test_a_frame_that_equals_its_plate_has_no_effect():
    difference = Difference(plate(), plate(), 6)
    assert not bright_spots(difference, NOBODY, NO_HOLE, SETTINGS).mask.any()
    assert smoke_layer(difference, NOBODY, NO_HOLE) is None
    assert light_layer(difference, NO_HOLE, NOBODY, Blend.ADD) is None
