"""IS-Net for anime: the letterbox goes in and comes out; its weights are not in a wheel."""

from __future__ import annotations

import numpy as np
import pytest

from animeflow.errors import WeightsMissing
from animeflow.models import WeightStore
from animeflow.models.segment.isnet_anime import IsNetAnime, letterbox, network_input
from animeflow.settings.models import WeightSettings
from animeflow_tests.models.conftest import loaded
from animeflow_tests.models.figures import figure, iou


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((640, 360), (0, 224, 1024, 576)),
        ((360, 640), (224, 0, 576, 1024)),
        ((100, 100), (0, 0, 1024, 1024)),
        ((5000, 1), (0, 511, 1024, 1)),
    ],
)
def test_the_frame_stands_in_the_middle_of_the_square_with_its_aspect(size, box):
    assert letterbox(size) == box


def test_the_input_is_in_0_to_1_and_black_around_the_frame():
    got = network_input(np.full((90, 160, 3), 255, np.uint8))
    assert got.shape == (1, 3, 1024, 1024)
    assert got[0, :, 224:800].min() == 1.0
    assert got[0, :, :223].max() == got[0, :, 801:].max() == 0.0


def test_a_mask_comes_back_to_the_place_of_its_pixels(monkeypatch):
    """A network that gives back its first channel: the mask is the picture."""
    model = IsNetAnime.tiny(0)
    monkeypatch.setattr(model, "_loaded", (lambda x: [x[:, :1]],))
    frame = np.zeros((180, 320, 3), np.uint8)
    frame[40:120, 200:260] = 255
    assert iou(model.segment([frame])[0], frame[..., 0] > 0) > 0.98


def test_without_its_weights_the_error_names_the_command(tmp_path):
    model = IsNetAnime(store=WeightStore(WeightSettings(cache=tmp_path)))
    with pytest.raises(WeightsMissing, match=r"animeflow weights fetch isnet_anime"):
        model.load()


def test_a_drawn_figure_is_found():
    frame, truth = figure((640, 360))
    assert iou(loaded(IsNetAnime()).segment([frame])[0], truth) > 0.9
