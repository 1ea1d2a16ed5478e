from __future__ import annotations

import numpy as np

from animeflow.sample.style import LIGHT_OF_HOUR, design, rng_of, tint


def test_a_generator_depends_on_its_name_and_not_on_the_order_of_calls():
    first = rng_of(4, "clouds").random()
    rng_of(4, "trees").random()
    assert rng_of(4, "clouds").random() == first != rng_of(5, "clouds").random()


def test_seeds_give_characters_that_differ_in_hair_clothes_and_build():
    cast = [design(seed, 0) for seed in range(40)]
    assert len({d.hair for d in cast}) >= 8
    assert len({d.outfit for d in cast}) == 6
    assert len({(d.cut, d.fringe) for d in cast}) >= 12
    assert {d.build for d in cast} == {"girl", "boy"}


def test_the_second_of_a_pair_has_another_hair_colour():
    for seed in range(30):
        first = design(seed, 0)
        second = design(seed, 7, avoid=first)
        assert np.abs(np.subtract(first.hair, second.hair)).max() > 60


def test_night_darkens_and_cools_every_colour_of_a_character():
    day = design(3, 0)
    night = day.lit(LIGHT_OF_HOUR["night"])
    assert night.skin == tint(day.skin, LIGHT_OF_HOUR["night"])
    assert night.skin[2] / night.skin[0] > day.skin[2] / day.skin[0]
