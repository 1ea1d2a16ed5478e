from __future__ import annotations

import numpy as np
import pytest

from animeflow.sample.canvas import Layer, fill, polygon, record, smooth, tube, unpremultiply


def test_an_edge_through_a_pixel_gives_it_partial_alpha_and_its_full_colour():
    layer = Layer((8, 8))
    layer.canvas.drawPath(polygon([(0, 0), (3.5, 0), (3.5, 8), (0, 8)]), fill((200, 100, 50)))
    straight = layer.straight()
    assert straight[4, 1].tolist() == [200, 100, 50, 255]
    assert straight[4, 3, 3] == pytest.approx(128, abs=2)
    assert np.abs(straight[4, 3, :3].astype(int) - (200, 100, 50)).max() <= 2
    assert not straight[:, 4:].any()


def test_unpremultiplied_colour_returns_to_itself_under_full_alpha():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 4), np.uint8)
    pixels[..., 3] = 255
    assert np.array_equal(unpremultiply(pixels), pixels)


def test_a_doubled_point_is_a_corner_and_others_are_rounded():
    corner = [(0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    assert smooth(corner).contains(9.8, 0.3)
    assert smooth([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]).getBounds().right() > 10.5


def test_a_tube_has_its_width_at_each_point():
    path = tube([(0.0, 0.0), (0.0, 10.0), (0.0, 20.0)], [2.0, 6.0, 0.0])
    assert path.contains(2.8, 10.0) and not path.contains(3.3, 10.0)
    assert not path.contains(1.2, 0.2)


def test_a_recorded_drawing_replays_as_drawn():
    shape = smooth([(2.0, 3.0), (14.0, 2.0), (12.0, 13.0)])
    direct, replayed = Layer((16, 16)), Layer((16, 16))
    direct.canvas.drawPath(shape, fill((10, 200, 30)))
    replayed.canvas.drawPicture(record(lambda canvas: canvas.drawPath(shape, fill((10, 200, 30)))))
    assert np.array_equal(direct.straight(), replayed.straight())
