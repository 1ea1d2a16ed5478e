"""How unlike two thumbnails are once the best translation is taken out: a pan is no cut, a flash that ends is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SHIFT_X, SHIFT_Y = 5, 3  # cells of the 48x27 grid: a tenth of the frame, 66 px of 640
Thumbs = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Unlikeness:
    """Mean of |A - B| over all cells and over the quieter half of them, 8-bit levels, at the best translation."""

    mean: float
    quiet: float

    @property
    def everywhere(self) -> float:
        """quiet / mean: how much of the frame changed.

        A new shot changes all of it: 0.24 and more on ten drawn episodes, cuts inside one place and palette included; a
        beam of light that goes on over a shaken camera at most 0.11.
        """
        return self.quiet / self.mean if self.mean > 0 else 0.0


def unlikeness(first: Thumbs, second: Thumbs) -> Unlikeness:
    """Of two thumbnails int16 [h, w, 3], over translations of up to 5 x 3 cells."""
    best = (np.inf, 0, 0)
    for dy in range(-SHIFT_Y, SHIFT_Y + 1):
        for dx in range(-SHIFT_X, SHIFT_X + 1):
            a, b = _overlap(first, second, dx, dy)
            best = min(best, (float(np.abs(a - b).mean()), dx, dy))
    a, b = _overlap(first, second, best[1], best[2])
    cells = np.sort(np.abs(a - b).mean(axis=2), axis=None)
    return Unlikeness(best[0], float(cells[: len(cells) // 2].mean()))


def least_across(thumbs: Thumbs, frame: int, reach: int, *, enough: float = 0.0) -> Unlikeness:
    """The least unlike pair of a frame before `frame` and one from it on, at most `reach` frames apart.

    Small at a flash, a strobe or a single damaged frame: what was there before is there again after. The search ends at
    a pair below `enough`.
    """
    least = Unlikeness(np.inf, np.inf)
    for apart in range(1, reach + 1):
        for before in range(1, apart + 1):
            first, second = frame - before, frame + apart - before
            if first >= 0 and second < len(thumbs):
                least = min(least, unlikeness(thumbs[first], thumbs[second]), key=lambda pair: pair.mean)
                if least.mean < enough:
                    return least
    return least


def _overlap(first: Thumbs, second: Thumbs, dx: int, dy: int) -> tuple[Thumbs, Thumbs]:
    height, width = first.shape[:2]
    a = first[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
    b = second[max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)]
    return a, b
