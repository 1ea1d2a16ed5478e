import numpy as np
import pytest

from animeflow.layers.background import HOLE_FROM, Provenance, make_background
from animeflow.layers.fitness import Verdict
from animeflow.layers.pixels import dilate
from animeflow.layers.plate import Sample, build_plate, character_weight, strips
from animeflow.layers.recompose import psnr
from animeflow_tests.layers.drawn import clip_of, drawn, seeds_of


def sample(picture, character=None):
    height, width = picture.shape[:2]
    character = np.zeros((height, width), np.float32) if character is None else character
    both = np.rint(255 * character).astype(np.uint8)
    centre = np.array([width / 2, height / 2])
    return Sample(picture, character_weight(character), character, both, np.eye(3), centre)


def grey(level, size=(24, 40)):
    return np.full((*size, 3), level, np.uint8)


def test_a_sure_character_does_not_vote():
    body = np.ones((24, 40), np.float32)
    plate = build_plate([sample(grey(200), body)] * 5 + [sample(grey(60))], (40, 24))
    assert (plate.colour == 60).all() and not plate.character.any()


def test_what_only_characters_cover_is_known_for_character():
    body = np.zeros((24, 40), np.float32)
    body[:, 12:28] = 1
    plate = build_plate([sample(grey(90), body)] * 6, (40, 24))
    assert (plate.character[:, 12:28] == 1).all() and not plate.character[:, :6].any()


def test_a_body_that_networks_miss_in_most_drawings_is_known_by_the_others():
    body = np.ones((24, 40), np.float32)
    plate = build_plate([sample(grey(90), body)] * 3 + [sample(grey(90))] * 7, (40, 24))
    assert (plate.character == 1).all()


def test_light_that_is_off_in_some_frames_is_not_in_the_plate():
    lit = [sample(grey(180))] * 6 + [sample(grey(50))] * 4
    plate = build_plate(lit, (40, 24))
    assert (plate.colour == 50).all() and plate.dimmed.all()


def test_the_median_stands_where_nothing_is_brighter():
    plate = build_plate([sample(grey(level)) for level in (99, 100, 100, 101, 102)], (40, 24))
    assert np.abs(plate.colour.astype(int) - 100).max() <= 1 and not plate.dimmed.any()


def test_strips_cover_every_row_once():
    rows = [row for start, end in strips(77) for row in range(start, end)]
    assert rows == list(range(77))


@pytest.fixture(scope="module")
def crossing():
    shot = drawn("cross", frames=30)
    clip = clip_of(shot)
    return shot, clip, make_background(clip, seeds_of(shot, clip))


def test_two_crossing_walkers_leave_a_plate_without_hole(crossing):
    shot, clip, background = crossing
    assert background.verdict is Verdict.PLATE
    view = background.behind(5, clip.size)
    covered = dilate(shot.alpha[clip.firsts[5]] > 0.02, 7)
    assert psnr(view.picture, shot.background[0], covered) > 35
    assert view.hole.mean() < 0.01


def test_the_same_clip_gives_the_same_plate(crossing):
    shot, clip, background = crossing
    again = make_background(clip, seeds_of(shot, clip))
    assert np.array_equal(again.pictures[0], background.pictures[0])
    assert np.array_equal(again.provenance[0], background.provenance[0])


def test_a_body_that_never_steps_aside_is_a_hole_and_is_filled():
    shot = drawn("held_limb", frames=18)
    clip = clip_of(shot)
    background = make_background(clip, seeds_of(shot, clip))
    never = (shot.alpha > 0.9).all(axis=0)
    view = background.behind(0, clip.size)
    assert view.hole[never].mean() > 0.9
    assert (view.provenance[~view.hole] < HOLE_FROM).all()


@pytest.mark.parametrize("kind", ["parallax", "water"])
def test_a_background_that_is_not_one_plane_has_no_plate(kind):
    shot = drawn(kind, frames=20, seed=3)
    clip = clip_of(shot)
    background = make_background(clip, seeds_of(shot, clip))
    assert np.median([fit.unexplained for fit in background.fitness]) > 0.15
    assert background.verdict is Verdict.NONE and len(background.pictures) == clip.drawings
    sources = np.unique(np.stack(background.provenance))
    assert set(sources.tolist()) <= {Provenance.SEEN, Provenance.NEIGHBOUR, Provenance.FILLED}


def test_a_beam_keeps_the_plate():
    shot = drawn("shake", frames=24)
    clip = clip_of(shot)
    background = make_background(clip, seeds_of(shot, clip))
    assert background.verdict is Verdict.EFFECTS
    lit = int(np.flatnonzero(shot.effect_mask.any(axis=(1, 2)))[3])
    view = background.behind(int(clip.drawing[lit]), clip.size)
    outside = shot.effect_mask[lit] & ~dilate(shot.alpha[lit] > 0.02, 7)
    assert psnr(view.picture, shot.background[lit], outside) > 28
