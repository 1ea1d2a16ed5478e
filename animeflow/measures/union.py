"""The area that quadrilaterals cover together, without a raster: that would count borders which they only touch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


def union_share(polygons: Sequence[Sequence[float]], width: int, height: int) -> float:
    """Share of a width x height frame (0-1) inside any of the quadrilaterals (x1 y1 .. x4 y4 in px), exact.

    Between two levels nothing begins, ends or crosses: what is covered grows or shrinks evenly with the height, and its
    length half-way is its mean.
    """
    if not polygons:
        return 0.0
    corners = np.asarray(polygons, np.float64).reshape(-1, 4, 2)
    levels = _levels(corners, width, height)
    lengths = _covered(corners, (levels[:-1] + levels[1:]) / 2, width)
    return float(lengths @ np.diff(levels)) / (width * height)


def _levels(corners: F64, width: int, height: int) -> F64:
    """Heights of the frame, ascending, at which edges begin, end, cross each other or leave the frame."""
    starts = corners.reshape(-1, 2)
    ways = _ways(corners).reshape(-1, 2)
    crossings = _crossings(
        np.concatenate([starts, [[0, 0], [width, 0]]]), np.concatenate([ways, [[0, height], [0, height]]])
    )
    return np.unique(np.clip(np.concatenate([[0, height], starts[:, 1], crossings]), 0, height))


def _crossings(starts: F64, ways: F64) -> F64:
    """Heights at which lines from `starts` [n, 2] along `ways` cross; none of lines side by side."""
    apart = starts[None] - starts[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = _cross(ways[:, None], ways[None])
        along = _cross(apart, ways[None]) / sine
        other = _cross(apart, ways[:, None]) / sine
    meet = (along >= 0) & (along <= 1) & (other >= 0) & (other <= 1)
    first = np.nonzero(meet)[0]
    return np.asarray(starts[first, 1] + along[meet] * ways[first, 1])


def _covered(corners: F64, heights: F64, width: int) -> F64:
    """Length that is covered at each of some heights, at none of which an edge begins or ends; px."""
    x, y = corners[..., 0], corners[..., 1]
    way_x, way_y = np.moveaxis(_ways(corners), -1, 0)
    at = heights[:, None, None]
    met = (y <= at) != (y + way_y <= at)
    slope = np.divide(way_x, way_y, out=np.zeros_like(way_x), where=way_y != 0)
    hits = np.sort(np.where(met, x + (at - y) * slope, np.inf), axis=2)  # an outline is met in pairs
    spans = np.clip(hits, 0, width).reshape(len(heights), -1, 2)
    spans = np.take_along_axis(spans, np.argsort(spans[..., :1], axis=1), axis=1)
    reached = np.maximum.accumulate(spans[..., 1], axis=1)
    before = np.concatenate([np.zeros((len(heights), 1)), reached[:, :-1]], axis=1)
    return np.asarray(np.maximum(0, spans[..., 1] - np.maximum(spans[..., 0], before)).sum(axis=1))


def _ways(corners: F64) -> F64:
    """From each corner to the next one."""
    return np.roll(corners, -1, axis=1) - corners


def _cross(one: F64, other: F64) -> F64:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
