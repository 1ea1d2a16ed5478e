"""MODNet: input sizes, and a drawn figure found with the real weights."""

from __future__ import annotations

import numpy as np
import pytest

from animeflow.models.matte.modnet import ModNet, network_input, network_size
from animeflow.settings.models import ModNet as Options
from animeflow_tests.models.conftest import loaded
from animeflow_tests.models.figures import figure, iou


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 360), (896, 512)),
        ((1920, 1080), (896, 512)),
        ((360, 640), (512, 896)),
        ((100, 100), (512, 512)),
        ((4000, 20), (2048, 512)),
    ],
)
def test_the_short_side_is_512_and_a_strip_stays_bounded(size, expected):
    assert network_size(size, 512) == expected


def test_colours_run_from_minus_one_to_one():
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[32:] = 255
    got = network_input(frame, (64, 64))
    assert got.shape == (1, 3, 64, 64)
    assert (got.min(), got.max()) == (-1.0, 1.0)


@pytest.mark.parametrize("size", [(640, 360), (321, 181)])
def test_a_drawn_figure_is_found(size):
    model = loaded(ModNet(Options(short_side_px=256)))
    frame, truth = figure(size)
    assert iou(model.matte([frame])[0], truth) > 0.93
