"""From a detected line to its text: crop, network input, greedy CTC decoding."""

from __future__ import annotations

import math

import cv2
import numpy as np

HEIGHT = 48
MIN_WIDTH = 320
WIDTH_STEP = 64
MAX_WIDTH = 3200
UPRIGHT_RATIO = 1.5


def alphabet(characters: str) -> list[str]:
    """The graph's character table (one a line) -> classes: blank, the characters, space."""
    return ["", *characters.splitlines(), " "]


def crop_line(frame: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The quadrilateral of a frame as an upright picture; a column of text (1.5 times as high as wide) is turned."""
    top_left, top_right, bottom_right, bottom_left = corners
    width = max(length(top_left, top_right), length(bottom_left, bottom_right), 1)
    height = max(length(top_left, bottom_left), length(top_right, bottom_right), 1)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.ascontiguousarray(corners, np.float32), target)
    line = cv2.warpPerspective(
        frame, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.ascontiguousarray(np.rot90(line)) if height / width >= UPRIGHT_RATIO else line


def length(a: np.ndarray, b: np.ndarray) -> int:
    """Distance of two points in whole px."""
    return int(np.linalg.norm(a - b))


def line_input(line: np.ndarray) -> np.ndarray:
    """uint8 RGB [h, w, 3] -> float32 BGR [1, 3, 48, W] in -1..1, height 48, padded with 0 to W.

    W is at least 320 (the training width) and a multiple of 64, so that few shapes occur.
    """
    height, width = line.shape[:2]
    scaled = min(max(1, math.ceil(HEIGHT * width / height)), MAX_WIDTH)
    padded = max(MIN_WIDTH, math.ceil(scaled / WIDTH_STEP) * WIDTH_STEP)
    small = cv2.resize(line, (scaled, HEIGHT), interpolation=cv2.INTER_LINEAR)[..., ::-1].astype(np.float32)
    out = np.zeros((1, 3, HEIGHT, padded), np.float32)
    out[0, :, :, :scaled] = ((small / 255 - 0.5) / 0.5).transpose(2, 0, 1)
    return out


def decode(probabilities: np.ndarray, classes: list[str]) -> tuple[str, float]:
    """[steps, classes] -> text and the mean probability of its characters; 0 where there is no character.

    Greedy CTC: the best class of each step, repeats merged, blanks (class 0) dropped.
    """
    best = probabilities.argmax(axis=1)
    new = np.concatenate([[True], best[1:] != best[:-1]]) & (best != 0)
    if not new.any():
        return "", 0.0
    text = "".join(classes[one] for one in best[new])
    return text, float(np.clip(probabilities.max(axis=1)[new].mean(), 0.0, 1.0))
