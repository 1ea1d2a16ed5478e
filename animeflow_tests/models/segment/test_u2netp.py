"""U2-Net-p: preprocessing as its training code, and a drawn figure found with the real weights."""

from __future__ import annotations

import numpy as np
import pytest

from animeflow.models.segment.u2netp import MEAN, STD, U2NetP, matte_of, network_input
from animeflow_tests.models.conftest import loaded
from animeflow_tests.models.figures import figure, iou


def test_the_input_is_squashed_scaled_by_its_maximum_and_normalised():
    frame = np.full((90, 160, 3), 100, np.uint8)
    frame[:, :80] = 50
    got = network_input(frame)
    assert got.shape == (1, 3, 320, 320) and got.dtype == np.float32
    assert got[0, :, 10, 300] == pytest.approx((1.0 - MEAN) / STD, abs=1e-5)
    assert got[0, :, 10, 10] == pytest.approx((0.5 - MEAN) / STD, abs=1e-5)


def test_a_black_frame_is_not_divided_by_zero():
    assert np.isfinite(network_input(np.zeros((9, 9, 3), np.uint8))).all()


def test_the_output_is_stretched_to_its_own_range_and_a_flat_one_is_empty():
    raw = np.linspace(0.2, 0.4, 320 * 320, dtype=np.float32).reshape(1, 1, 320, 320)
    got = matte_of(raw, (40, 60))
    assert got.shape == (40, 60) and got.min() < 0.02 and got.max() > 0.98
    assert matte_of(np.full((1, 1, 320, 320), 0.7, np.float32), (4, 6)).max() == 0


@pytest.mark.parametrize("size", [(640, 360), (321, 181)])
def test_a_drawn_figure_is_found(size):
    model = loaded(U2NetP())
    frame, truth = figure(size)
    assert iou(model.segment([frame])[0], truth) > 0.93
