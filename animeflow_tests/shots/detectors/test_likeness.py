from __future__ import annotations

import numpy as np
import pytest

from animeflow.shots.detectors.likeness import (
    correlation,
    is_other_picture,
    least_across,
    unlikeness,
    without_bars,
)
from animeflow_tests.shots.made import scene, thumb


def test_two_scenes_are_unlike_everywhere() -> None:
    found = unlikeness(thumb(1).astype(np.int16), thumb(2).astype(np.int16))
    assert found.mean > 25
    assert found.everywhere > 0.3


def test_a_picture_that_moved_is_like_itself() -> None:
    wide = scene(3, (60, 27)).astype(np.int16)
    assert unlikeness(wide[:, :48], wide[:, 4:52]).mean == pytest.approx(0)
    assert np.abs(wide[:, :48] - wide[:, 4:52]).mean() > 10


def test_a_beam_of_light_changes_a_part_of_the_frame() -> None:
    dark = thumb(4).astype(np.int16) // 3
    lit = dark.copy()
    lit[:, 10:24] += 150
    found = unlikeness(dark, lit)
    assert found.mean > 25
    assert found.everywhere < 0.1


def test_the_bars_of_a_letterbox_are_left_out() -> None:
    thumbs = np.stack([thumb(seed) for seed in range(6)])
    thumbs[:, :4] = thumbs[:, -4:] = thumbs[:, :, :1] = 3
    assert without_bars(thumbs).shape == (6, 19, 47, 3)
    assert without_bars(np.zeros_like(thumbs)).shape == thumbs.shape
    whole, inside = unlikeness(thumbs[0], thumbs[1]), unlikeness(*without_bars(thumbs)[:2])
    assert inside.everywhere > 1.5 * whole.everywhere


def test_what_comes_back_is_found_across_a_flash() -> None:
    shot, white = thumb(5).astype(np.int16), np.full((27, 48, 3), 255, np.int16)
    thumbs = np.stack([shot, shot, shot, white, white, shot, shot, shot])
    assert least_across(thumbs, 3, 6).mean == 0
    assert least_across(thumbs, 5, 6).mean == 0
    assert least_across(thumbs, 3, 2).mean > 50


def test_the_search_ends_at_the_borders_of_the_video() -> None:
    thumbs = np.stack([thumb(6), thumb(7)]).astype(np.int16)
    assert least_across(thumbs, 1, 6) == unlikeness(thumbs[0], thumbs[1])


def lit(picture: np.ndarray, factor: float) -> np.ndarray:
    return np.clip(picture * factor, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(20))
def test_another_light_on_a_picture_is_no_other_picture(seed: int) -> None:
    here, there = thumb(seed), thumb(seed + 100)
    for copy in (lit(here, 1.6), lit(here, 0.4), 255 - here):
        assert not is_other_picture(copy, here)
    for flat in (np.full_like(here, 255), np.zeros_like(here), np.full_like(here, 180)):
        assert not is_other_picture(flat, here)
    assert is_other_picture(here, there)


def test_correlation_of_a_flat_frame_says_same() -> None:
    assert correlation(thumb(1), np.full((27, 48, 3), 9, np.uint8)) == 1
    assert correlation(thumb(1), 255 - thumb(1)) == pytest.approx(-1)
