"""Which frames of a picture sequence break the flash limits (WCAG 2.x, "three flashes or below threshold").

Written for the truth alone, from the text of the rule, frame by frame.
"""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np

GRID = (48, 27)
_LINEAR = np.asarray(
    [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.arange(256) / 255.0]
)


def thumbnail(frame: np.ndarray) -> np.ndarray:
    """The 48x27 grid on which the rule is applied: RGB uint8."""
    return cv2.resize(frame, GRID, interpolation=cv2.INTER_AREA)


def flash_intervals(
    frames: np.ndarray, fps: Fraction, *, contrast: float = 0.1, area: float = 0.25
) -> tuple[tuple[int, int], ...]:
    """[start, end) ranges with more than three flashes in a second, from the first of their transitions to the last.

    `frames` uint8 [T,h,w,3], pictures or their thumbnails. A flash is a pair of opposing changes of relative
    luminance by 0.1 or more, the darker state below 0.8, that 25 % of some field of a third of the width by a third of
    the height makes together; or the same for saturated red. `contrast` and `area` are the rule's numbers, open so
    that a test can ask how near a shot is to them.
    """
    small = np.stack([thumbnail(f) for f in frames])
    linear = _LINEAR[small]
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    general = _transitions(luminance, threshold=contrast, area=area)
    total = linear.sum(axis=-1)
    saturated = np.where(total > 0, linear[..., 0] / np.maximum(total, 1e-9), 0.0) >= 0.8
    redness = np.maximum(0.0, linear[..., 0] - linear[..., 1] - linear[..., 2]) * 320.0
    red = _transitions(redness, threshold=200.0 * contrast, area=area, state=saturated)
    return _merge([*_violations(general, fps), *_violations(red, fps)])


def _transitions(
    value: np.ndarray, *, threshold: float, area: float, state: np.ndarray | None = None
) -> list[tuple[int, int]]:
    """(frame, direction) of the changes that enough cells make together; directions alternate.

    Without `state` the darker of the two values must lie below 0.8; with it, one of the two states must be saturated.
    """
    low, high = value[0].copy(), value[0].copy()
    red = np.ones(value[0].shape, bool) if state is None else state[0].copy()
    last = np.zeros(value[0].shape, np.int8)
    found: list[tuple[int, int]] = []
    for t in range(1, len(value)):
        now = value[t]
        low, high = np.minimum(low, now), np.maximum(high, now)
        red = red if state is None else red | state[t]
        dark = (state is not None) | (np.minimum(low, now) < 0.8)
        up = (now - low >= threshold) & (last <= 0) & red & dark
        down = (high - now >= threshold) & (last >= 0) & red & ((state is not None) | (now < 0.8))
        for direction, cells in ((1, up), (-1, down)):
            if _covers(cells, area) and (not found or found[-1][1] != direction):
                found.append((t, direction))
            last[cells] = direction
            low[cells] = high[cells] = now[cells]
            if state is not None:
                red[cells] = state[t][cells]
    return found


def _covers(cells: np.ndarray, area: float) -> bool:
    """A share `area` of some window of a third of the width by a third of the height."""
    if not cells.any():
        return False
    width, height = GRID[0] // 3, GRID[1] // 3
    integral = np.pad(cells.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = (
        integral[height:, width:]
        - integral[:-height, width:]
        - integral[height:, :-width]
        + integral[:-height, :-width]
    )
    return bool(sums.max() >= area * width * height)


def _violations(transitions: list[tuple[int, int]], fps: Fraction) -> list[tuple[int, int]]:
    """Four flashes are eight alternating transitions whose first and last lie within one second."""
    out = []
    for i in range(len(transitions) - 7):
        first, final = transitions[i][0], transitions[i + 7][0]
        if Fraction(final - first) / fps <= 1:
            out.append((first, final + 1))
    return out


def _merge(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
