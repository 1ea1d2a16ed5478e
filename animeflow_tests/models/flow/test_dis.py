"""DIS: direction and size of a known displacement; the same bytes for any number of threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from animeflow.models.flow.dis import Dis, luma, padded
from animeflow.settings.models import Dis as Options


@pytest.fixture(scope="module")
def texture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)


@pytest.mark.parametrize("preset", ["fast", "medium"])
def test_flow_points_from_the_first_frame_to_the_second_in_pixels(texture, preset):
    model = Dis(Options(preset=preset))
    model.load()
    moved = np.roll(texture, (-3, 5), axis=(0, 1))
    got = model.flow(texture, moved)[30:-30, 30:-30]
    assert got.mean(axis=(0, 1)) == pytest.approx([5, -3], abs=0.15)


def test_the_flow_brings_the_second_frame_back_to_the_first(texture):
    """b sampled at (x + u, y + v) shows a: the convention of the protocol."""
    model = Dis()
    model.load()
    turn = cv2.getRotationMatrix2D((160, 90), 2.0, 1.02)
    moved = cv2.warpAffine(texture, turn, (320, 180), borderMode=cv2.BORDER_REPLICATE)
    flow = model.flow(texture, moved)
    y, x = np.mgrid[:180, :320].astype(np.float32)
    back = cv2.remap(moved, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    inside = np.s_[20:-20, 20:-20]
    error = np.abs(back.astype(int) - texture)[inside].mean()
    assert error < np.abs(moved.astype(int) - texture)[inside].mean() / 8


def test_the_number_of_threads_does_not_change_a_byte(texture):
    moved = np.roll(texture, 4, axis=1)
    before, got = cv2.getNumThreads(), set()
    try:
        for threads in (1, 2, 4):
            model = Dis(threads=threads)
            model.load()
            assert cv2.getNumThreads() == threads
            got.add(model.flow(texture, moved).tobytes())
    finally:
        cv2.setNumThreads(before)
    assert len(got) == 1


def test_threads_that_call_together_get_what_they_would_get_alone(texture):
    model = Dis()
    model.load()
    pairs = [(texture, np.roll(texture, shift, axis=1)) for shift in range(1, 9)]
    alone = [model.flow(*pair).tobytes() for pair in pairs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pair: model.flow(*pair).tobytes(), pairs * 3))
    assert together == alone * 3


def test_luma_is_taken_as_it_is_and_colour_is_converted(texture):
    gray = luma(texture)
    model = Dis()
    model.load()
    assert luma(gray) is gray
    assert (model.flow(gray, gray[::-1].copy()) == model.flow(texture, texture[::-1].copy())).all()


def test_a_frame_below_16_px_is_padded_by_its_edge():
    assert padded(np.full((3, 40), 7, np.uint8)).shape == (16, 40)
    assert padded(np.full((3, 5), 7, np.uint8)).min() == 7
