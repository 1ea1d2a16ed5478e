from __future__ import annotations

from threading import Barrier

import cv2
import numpy as np
import pytest

from animeflow.layers.grabcut import grabcut
from animeflow.layers.seeds import SeedMaps, SeedNets, asked_drawings, net_maps
from animeflow.settings.layers import SegmentationSettings


def maps(first: slice, second: slice) -> SeedMaps:
    """Seed maps [60, 80] whose networks see these columns."""
    both = np.zeros((60, 80, 3), np.uint8)
    both[:, first, 0] = both[:, second, 1] = 255
    return SeedMaps(both, asked=True, cut=False)


@pytest.mark.parametrize(
    ("first", "second", "agreement"),
    [
        (slice(0, 40), slice(0, 40), 1.0),
        (slice(0, 40), slice(20, 60), 20 / 60),
        (slice(0, 40), slice(0, 0), 0.0),
        (slice(0, 0), slice(0, 0), None),
    ],
)
def test_agreement_is_the_overlap_of_the_two_networks(
    first: slice, second: slice, agreement: float | None
) -> None:
    assert maps(first, second).agreement == pytest.approx(agreement)


def test_both_networks_look_at_once() -> None:
    meeting = Barrier(2)

    def net(level: float):
        def look(pictures):
            meeting.wait(timeout=20)
            return [np.full(picture.shape[:2], level, np.float32) for picture in pictures]

        return look

    found = net_maps(np.zeros((60, 80, 3), np.uint8), SeedNets(net(0.2), net(0.8)), (40, 30))
    assert found.shape == (30, 40, 2)
    np.testing.assert_allclose(found[..., 0], 0.2)
    np.testing.assert_allclose(found[..., 1], 0.8)


def test_the_networks_see_the_first_and_the_last_drawing_and_enough_between() -> None:
    settings = SegmentationSettings(net_drawings=4, net_every=8)
    assert asked_drawings(3, settings) == [0, 1, 2]
    assert asked_drawings(14, settings) == [0, 4, 9, 13]
    assert len(asked_drawings(80, settings)) == 10


def test_grabcut_finds_the_figure_and_leaves_its_labels_alone() -> None:
    picture = np.full((240, 320, 3), (40, 90, 160), np.uint8)
    picture[100:140, 60:100] = (220, 60, 50)
    picture += np.random.default_rng(0).integers(0, 8, picture.shape, np.uint8)
    labels = np.full(picture.shape[:2], cv2.GC_BGD, np.uint8)
    labels[92:148, 52:108] = cv2.GC_PR_BGD
    labels[104:136, 64:96] = cv2.GC_PR_FGD
    before = labels.copy()
    cut = grabcut(picture, labels, iterations=3)
    assert cut[100:140, 60:100].mean() > 0.98
    assert not cut[:, 110:].any() and not cut[:90].any()
    assert np.array_equal(labels, before)
