from collections.abc import Sequence

import numpy as np
import pytest

from animeflow.measures.union import union_share

WIDTH, HEIGHT = 1920, 1080
Quad = tuple[float, ...]


def box(x: float, y: float, width: float, height: float, degrees: float = 0) -> Quad:
    """A box about its centre, turned."""
    turn = np.radians(degrees)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    turned = corners @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]] + (x, y)
    return tuple(turned.ravel().tolist())


def counted(quads: Sequence[Quad], fine: int = 2) -> float:
    """The share of points of a grid, `fine` to a pixel each way, that lie inside convex quadrilaterals."""
    xs = ((np.arange(WIDTH * fine) + 0.5) / fine)[None]
    ys = ((np.arange(HEIGHT * fine) + 0.5) / fine)[:, None]
    inside = np.zeros((HEIGHT * fine, WIDTH * fine), bool)
    for quad in quads:
        corners = np.array(quad).reshape(4, 2)
        sides = [
            (b[0] - a[0]) * (ys - a[1]) - (b[1] - a[1]) * (xs - a[0]) >= 0
            for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
        ]
        inside |= np.logical_and.reduce(sides)
    return float(inside.mean())


@pytest.mark.parametrize("height", [44, 30, 20, 12, 3.5])
@pytest.mark.parametrize("degrees", [0, 3, 45, 90])
def test_a_line_of_text_has_its_own_area(height: float, degrees: float) -> None:
    line = box(960.3, 540.7, 1000, height, degrees)
    assert union_share([line], WIDTH, HEIGHT) == pytest.approx(1000 * height / (WIDTH * HEIGHT))


def test_the_order_of_the_corners_does_not_matter() -> None:
    line = np.array(box(900, 500, 700, 30, 20)).reshape(4, 2)
    for corners in (line[::-1], np.roll(line, 1, axis=0)):
        assert union_share([corners.ravel().tolist()], WIDTH, HEIGHT) == pytest.approx(
            700 * 30 / (WIDTH * HEIGHT)
        )


def test_what_overlaps_counts_once() -> None:
    sign = box(400, 300, 300, 100)
    assert union_share([sign, sign], WIDTH, HEIGHT) == union_share([sign], WIDTH, HEIGHT)
    cross = [box(900, 500, 400, 20), box(900, 500, 20, 400)]
    assert union_share(cross, WIDTH, HEIGHT) == pytest.approx((2 * 400 * 20 - 20 * 20) / (WIDTH * HEIGHT))
    inner = [box(900, 500, 400, 200, 30), box(900, 500, 100, 50, 60)]
    assert union_share(inner, WIDTH, HEIGHT) == pytest.approx(400 * 200 / (WIDTH * HEIGHT))
    apart = [box(900, 500, 400, 20), box(900, 520, 400, 20), box(1500, 510, 100, 40)]
    assert union_share(apart, WIDTH, HEIGHT) == pytest.approx(20_000 / (WIDTH * HEIGHT))


def test_what_lies_outside_of_the_frame_does_not_count() -> None:
    corner = box(0, 0, 200, 100)
    assert union_share([corner], WIDTH, HEIGHT) == pytest.approx(100 * 50 / (WIDTH * HEIGHT))
    assert union_share([box(WIDTH / 2, HEIGHT / 2, 5000, 5000, 45)], WIDTH, HEIGHT) == pytest.approx(1)
    assert union_share([box(-300, 500, 200, 100, 10)], WIDTH, HEIGHT) == 0
    over = box(WIDTH, 500, 100, 100, 45)  # half of a square that stands on its corner
    assert union_share([over], WIDTH, HEIGHT) == pytest.approx(5000 / (WIDTH * HEIGHT))


def test_a_box_without_height_has_no_area() -> None:
    assert union_share([box(900, 500, 400, 0), (5.0, 5.0) * 4], WIDTH, HEIGHT) == 0
    assert union_share([], WIDTH, HEIGHT) == 0


@pytest.mark.parametrize("seed", range(3))
def test_turned_boxes_that_overlap_cover_the_points_inside_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quads = [
        box(
            rng.uniform(-50, 1970),
            rng.uniform(-20, 1100),
            rng.uniform(100, 1200),
            rng.uniform(12, 120),
            degrees,
        )
        for degrees in rng.uniform(-40, 40, 12)
    ]
    assert union_share(quads, WIDTH, HEIGHT) == pytest.approx(counted(quads), rel=2e-3)
