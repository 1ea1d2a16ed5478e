import numpy as np
import pytest

from animeflow.annotation.figure import measure_figure, shot_scale
from animeflow.settings.annotation import LabelSettings

SETTINGS = LabelSettings()


def alpha(*boxes: tuple[int, int, int, int], size=(160, 90)) -> np.ndarray:
    mask = np.zeros((size[1], size[0]), np.uint8)
    for x, y, w, h in boxes:
        mask[y : y + h, x : x + w] = 255
    return mask


def test_share_and_boxes_are_those_of_the_mask():
    figure = measure_figure(alpha((10, 20, 30, 40), (100, 50, 8, 8)), SETTINGS)
    assert figure.share == pytest.approx((1200 + 64) / (160 * 90))
    assert figure.box == (10, 20, 98, 40)
    assert figure.main == (10, 20, 30, 40)
    assert figure.main_height == pytest.approx(40 / 90)
    assert not figure.cut_below


def test_half_transparent_pixels_count_from_the_limit():
    faint = (alpha((0, 0, 80, 90)) * 0.4).astype(np.uint8)
    assert measure_figure(faint, SETTINGS) is None


def test_a_speck_is_no_figure():
    assert measure_figure(alpha((5, 5, 3, 3)), SETTINGS) is None
    assert measure_figure(alpha(), SETTINGS) is None


@pytest.mark.parametrize(
    ("box", "scale"),
    [
        ((0, 0, 160, 90), "extreme_close_up"),
        ((40, 20, 75, 70), "close_up"),
        ((60, 40, 30, 50), "medium"),
        ((60, 20, 20, 60), "full"),
        ((60, 40, 12, 30), "long"),
        ((60, 40, 8, 15), "very_long"),
    ],
)
def test_the_scale_follows_from_where_the_figure_stands(box, scale):
    figure = measure_figure(alpha(box), SETTINGS)
    word, how = shot_scale([figure], SETTINGS)
    assert word == scale
    assert "main figure" in how


def test_the_median_drawing_decides():
    figures = [
        measure_figure(alpha(box), SETTINGS) for box in ((60, 20, 20, 60), (60, 20, 20, 60), (0, 0, 160, 90))
    ]
    assert shot_scale(figures, SETTINGS)[0] == "full"
    assert shot_scale([], SETTINGS) is None
