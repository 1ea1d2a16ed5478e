"""Between frame and canvas. Interpolated samples have uncertain borders; exact (integer) placements have none."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from animeflow.layers.pixels import F32, F64

BORDER_PX = 2  # interpolated samples count little this near to their border
BORDER_WEIGHT = 0.05


def is_exact(matrix: F64) -> bool:
    """Whether a placement is a shift by whole pixels: no interpolation."""
    (a, b, x), (c, d, y) = matrix[:2].tolist()
    return (a, b, c, d) == (1, 0, 0, 1) and abs(x - round(x)) < 1e-6 and abs(y - round(y)) < 1e-6


def to_canvas(
    picture: npt.NDArray, matrix: F64, width: int, rows: tuple[int, int], *, smooth: bool = True
) -> npt.NDArray:
    """A frame seen on rows `start..end` of the canvas, 0 outside. `matrix` takes frame px to canvas px."""
    strip = matrix[:2].copy()
    strip[1, 2] -= rows[0]
    how = cv2.INTER_NEAREST if is_exact(matrix) else (cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR)
    edge = cv2.BORDER_REPLICATE if smooth else cv2.BORDER_CONSTANT
    return cv2.warpAffine(picture, strip, (width, rows[1] - rows[0]), flags=how, borderMode=edge)


def to_frame(
    canvas: npt.NDArray, matrix: F64, size: tuple[int, int], *, nearest: bool = False
) -> npt.NDArray:
    """What a frame of `size` (w, h) sees of the canvas. `matrix` takes frame px to canvas px."""
    if is_exact(matrix):
        x, y = (int(v) for v in np.rint(matrix[:2, 2]))
        if x >= 0 and y >= 0 and x + size[0] <= canvas.shape[1] and y + size[1] <= canvas.shape[0]:
            return np.ascontiguousarray(canvas[y : y + size[1], x : x + size[0]])
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_CUBIC
    return cv2.warpAffine(
        canvas, matrix[:2], size, flags=how | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def frame_weight(size: tuple[int, int], *, exact: bool) -> F32:
    """1 inside the frame, little in the border that interpolation makes uncertain; float32 [h, w]."""
    width, height = size
    weight = np.ones((height, width), np.float32)
    if not exact:
        weight[:BORDER_PX] = weight[-BORDER_PX:] = BORDER_WEIGHT
        weight[:, :BORDER_PX] = weight[:, -BORDER_PX:] = BORDER_WEIGHT
    return weight
