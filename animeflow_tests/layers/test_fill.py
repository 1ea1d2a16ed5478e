import numpy as np

from animeflow.layers.fill import SIDE_PX, fill_holes, nearest_fill, nearest_index, telea
from animeflow.layers.pixels import erode
from animeflow.layers.warp import is_exact, to_canvas, to_frame


def test_only_the_hole_changes():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (50, 70, 3), dtype=np.uint8)
    hole = np.zeros((50, 70), bool)
    hole[20:30, 30:40] = True
    filled = fill_holes(picture, hole)
    assert np.array_equal(filled[~hole], picture[~hole]) and not np.array_equal(filled[hole], picture[hole])
    assert fill_holes(picture, np.zeros_like(hole)) is picture


def test_a_large_hole_is_guessed_small_and_leaves_what_is_known():
    columns = np.linspace(0, 255, 1600).astype(np.uint8)
    picture = np.dstack([np.tile(columns, (900, 1))] * 3)
    hole = np.zeros((900, 1600), bool)
    hole[20:880, 30:1500] = True
    broken = np.where(hole[..., None], np.uint8(0), picture)
    sides = []

    def inpaint(part, missing):
        sides.append(max(part.shape))
        return telea(part, missing)

    filled = fill_holes(broken, hole, inpaint)
    assert sides == [SIDE_PX]
    assert np.array_equal(filled[~hole], picture[~hole])
    rim = hole & ~erode(hole, 21)
    assert np.abs(filled[rim].astype(int) - picture[rim]).max() < 40


def test_a_picture_that_is_all_hole_is_grey():
    assert (fill_holes(np.zeros((5, 6, 3), np.uint8), np.ones((5, 6), bool)) == 128).all()


def test_unknown_pixels_take_the_nearest_known_colour():
    picture = np.zeros((10, 10, 3), np.uint8)
    picture[:, 0], picture[:, 9] = 50, 200
    unknown = np.ones((10, 10), bool)
    unknown[:, [0, 9]] = False
    filled = nearest_fill(picture, unknown)
    assert (filled[:, 3] == 50).all() and (filled[:, 7] == 200).all()
    rows, columns = nearest_index(~unknown)
    assert rows[4, 3] in range(10) and columns[4, 3] == 0


def test_a_whole_pixel_shift_is_exact_both_ways():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)
    place = np.eye(3)
    place[:2, 2] = 7, 3
    canvas = to_canvas(frame, place, 50, (0, 40))
    assert is_exact(place) and np.array_equal(to_frame(canvas, place, (30, 20)), frame)
    half = place.copy()
    half[0, 2] += 0.5
    assert not is_exact(half)
