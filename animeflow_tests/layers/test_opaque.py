"""What hides the plate is a cel, whether a network knows it or not."""

import numpy as np

from animeflow.layers.character import Seed, character_mask
from animeflow.layers.difference import Difference
from animeflow.layers.opaque import hiding, opaque_parts
from animeflow_tests.layers.drawn import drawn

NOTHING = np.zeros((180, 320), bool)


def wall():
    """A textured plate, uint8 [180, 320, 3]."""
    rng = np.random.default_rng(3)
    return np.repeat(rng.integers(60, 140, (180, 320, 1), dtype=np.uint8), 3, axis=2)


def with_box(picture, colour):
    changed = picture.copy()
    changed[40:140, 100:200] = colour
    return changed


def inside(mask):
    return mask[50:130, 110:190]


def test_paint_on_a_textured_wall_is_opaque_even_where_it_is_brighter():
    plate = wall()
    parts = opaque_parts(Difference(with_box(plate, 200), plate, 6), NOTHING)
    assert inside(parts).all() and not parts[:30].any()


def test_light_on_a_textured_wall_is_not():
    plate = wall()
    lit = plate.copy()
    lit[40:140, 100:200] += 60
    difference = Difference(lit, plate, 6)
    assert not opaque_parts(difference, NOTHING).any() and not inside(hiding(difference)).any()


def test_on_a_plain_wall_what_is_merely_brighter_stays_undecided_and_what_is_darker_hides_it():
    plate = np.full((180, 320, 3), 100, np.uint8)
    assert not opaque_parts(Difference(with_box(plate, 180), plate, 6), NOTHING).any()
    assert inside(opaque_parts(Difference(with_box(plate, 20), plate, 6), NOTHING)).all()


def test_thin_edges_of_displaced_structure_are_no_figure():
    shot = drawn("water", frames=8)
    first, later = shot.frames[0], shot.frames[-1]
    assert opaque_parts(Difference(later, first, 12), NOTHING).mean() < 0.05


def test_a_figure_that_no_network_knows_is_character_also_under_light():
    plate = wall()
    unknown = np.zeros((180, 320), np.float32)
    for light in (False, True):
        mask = character_mask(
            Difference(with_box(plate, 200), plate, 6), Seed(unknown, unknown), NOTHING, light=light
        )
        assert inside(mask).all()
