import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from animeflow.annotation.palette import as_rows, palette

RED, BLUE, GREY = (200, 30, 40), (20, 40, 180), (128, 128, 128)
CHOICES = {"colours": 6, "limit": 4096, "distance": 6.0}


def pixels(*counts: tuple[tuple[int, int, int], int]) -> np.ndarray:
    return np.concatenate([np.full((n, 3), colour, np.uint8) for colour, n in counts])


def test_flat_colours_are_found_exactly_with_their_shares():
    found = palette(pixels((RED, 500), (BLUE, 300), (GREY, 200)), **CHOICES)
    assert [(c.hex, c.share) for c in found] == [("#c81e28", 0.5), ("#1428b4", 0.3), ("#808080", 0.2)]


def test_the_order_of_the_pixels_does_not_matter():
    data = np.random.default_rng(0).integers(0, 255, (3000, 3), dtype=np.uint8)
    shuffled = np.random.default_rng(1).permutation(data)
    assert palette(data, **CHOICES) == palette(shuffled, **CHOICES)


def test_codec_noise_gives_no_further_colours():
    noise = np.random.default_rng(0).integers(-3, 4, (2000, 3))
    data = np.clip(pixels((RED, 1000), (BLUE, 1000)) + noise, 0, 255).astype(np.uint8)
    found = palette(data, colours=6, limit=4096, distance=8.0)
    assert len(found) == 2
    assert found[0].share == pytest.approx(0.5, abs=0.01)


def test_a_lone_odd_pixel_is_no_colour():
    assert len(palette(pixels((RED, 999), ((0, 255, 0), 1)), **CHOICES)) == 1


def test_weights_count_pixels_more_than_once():
    found = palette(pixels((RED, 10), (BLUE, 10)), np.repeat([3.0, 1.0], 10).astype(np.float32), **CHOICES)
    assert [c.share for c in found] == [0.75, 0.25]


def test_without_pixels_there_is_no_palette():
    assert palette(np.zeros((0, 3), np.uint8), **CHOICES) == []


def test_no_more_pixels_vote_than_allowed():
    data = pixels((RED, 100_000), (BLUE, 100_000))
    assert [c.share for c in palette(data, colours=2, limit=300, distance=6.0)] == pytest.approx(
        [0.5, 0.5], abs=0.01
    )


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 200), st.just(3))))
def test_shares_add_up_and_fall(data):
    found = palette(data, **CHOICES)
    shares = [row["share"] for row in as_rows(found)]
    assert 1 <= len(found) <= 6
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert shares == sorted(shares, reverse=True)
