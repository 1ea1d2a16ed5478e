from __future__ import annotations

import cv2
import numpy as np

from animeflow.sample import round_trip_420


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def test_the_round_trip_alone_costs_more_than_a_good_encoder_on_a_drawn_frame(drawn):
    frames = drawn("lipflap").frames[:2]
    assert 28 < psnr(round_trip_420(frames), frames) < 42


def test_grey_survives_the_round_trip_to_within_two_levels():
    ramp = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None, :, None], 16, axis=0).repeat(3, axis=2)
    assert np.abs(round_trip_420(ramp).astype(int) - ramp).max() <= 2


def test_what_is_lost_is_the_fine_detail_of_colour():
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (255, 0, 0), (0, 0, 255)
    back = round_trip_420(stripes)
    hue = cv2.cvtColor(back, cv2.COLOR_RGB2YCrCb)[4:-4, 4:-4, 1]
    assert hue.std() < 12


def test_no_frames_come_back_as_none():
    assert round_trip_420(np.zeros((0, 36, 64, 3), np.uint8)).shape == (0, 36, 64, 3)
