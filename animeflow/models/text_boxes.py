"""From the detector's probability map to corners: differentiable binarisation's post-processing (Liao 2020)."""

from __future__ import annotations

import cv2
import numpy as np

MIN_SIDE_PX = 3
MIN_GROWN_SIDE_PX = 5
LINE_PX = 10


def boxes_of(
    probability: np.ndarray,
    size: tuple[int, int],
    *,
    pixel_threshold: float,
    box_threshold: float,
    unclip_ratio: float,
    max_boxes: int,
) -> np.ndarray:
    """Probability map float32 [h, w] -> corners float32 [n, 4, 2] in px of a frame of `size` (width, height).

    Each connected region above `pixel_threshold` becomes its smallest rectangle; it is kept where the mean
    probability in it reaches `box_threshold`, and grown back by area x ratio / perimeter (the network learned shrunken
    regions). In reading order.
    """
    mask = cv2.dilate((probability > pixel_threshold).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    height, width = probability.shape
    scale = np.array([size[0] / width, size[1] / height], np.float32)
    found = []
    for contour in contours[:max_boxes]:
        rectangle = cv2.minAreaRect(contour)
        if min(rectangle[1]) < MIN_SIDE_PX or mean_inside(probability, rectangle) < box_threshold:
            continue
        grown = grow(rectangle, unclip_ratio)
        if min(grown[1]) >= MIN_GROWN_SIDE_PX:
            corners = clockwise(cv2.boxPoints(grown)) * scale
            found.append(np.clip(np.round(corners), 0, np.array(size, np.float32) - 1))
    return reading_order(np.array(found, np.float32).reshape(-1, 4, 2))


def mean_inside(probability: np.ndarray, rectangle: tuple) -> float:
    """Mean of the map inside a rotated rectangle."""
    corners = cv2.boxPoints(rectangle)
    limits = np.array(probability.shape[::-1]) - 1
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, limits)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, limits)
    inside = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - low).astype(np.int32)], 1)
    return float(cv2.mean(probability[low[1] : high[1] + 1, low[0] : high[0] + 1], inside)[0])


def grow(rectangle: tuple, ratio: float) -> tuple:
    """A rotated rectangle with every side moved out by area x ratio / perimeter."""
    centre, (width, height), angle = rectangle
    distance = width * height * ratio / (2 * (width + height))
    return centre, (width + 2 * distance, height + 2 * distance), angle


def clockwise(corners: np.ndarray) -> np.ndarray:
    """Four corners -> clockwise from the top left (the upper of the two leftmost)."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def reading_order(boxes: np.ndarray) -> np.ndarray:
    """Boxes by line (tops within 10 px of the one above are one line), then from left to right."""
    if len(boxes) == 0:
        return boxes
    boxes = boxes[np.argsort(boxes[:, 0, 1], kind="stable")]
    line = np.concatenate([[0], np.cumsum(np.diff(boxes[:, 0, 1]) >= LINE_PX)])
    return boxes[np.lexsort((boxes[:, 0, 0], line))]
