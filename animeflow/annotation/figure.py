"""Where the characters stand in a drawing, and from that how near the camera is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from animeflow.settings.annotation import LabelSettings

U8 = npt.NDArray[np.uint8]
_EDGE = 0.02  # a box that ends within 2 % of the frame's lower edge is cut by it


@dataclass(frozen=True)
class Figure:
    """The visible characters of a drawing. Boxes are (x, y, width, height) in px.

    `share` is that of the frame under all of them, `box` encloses all, `main` the largest connected one, `main_share`
    its share of the frame.
    """

    share: float
    box: tuple[int, int, int, int]
    main: tuple[int, int, int, int]
    main_share: float
    size: tuple[int, int]

    @property
    def main_height(self) -> float:
        """Height of the main figure over the frame's."""
        return self.main[3] / self.size[1]

    @property
    def cut_below(self) -> bool:
        """Whether the lower edge of the frame cuts the main figure."""
        return self.main[1] + self.main[3] >= self.size[1] * (1 - _EDGE)


def measure_figure(alpha: U8, settings: LabelSettings) -> Figure | None:
    """The characters of a drawing from their alpha, uint8 [h, w]; None when they cover less than is a figure."""
    height, width = alpha.shape
    mask = (alpha >= settings.visible_alpha * 255).astype(np.uint8)
    share = float(mask.mean())
    if share < settings.min_character_share:
        return None
    x, y, w, h = cv2.boundingRect(mask)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    largest = stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))]
    main = tuple(int(v) for v in largest[:4])
    area = float(largest[cv2.CC_STAT_AREA]) / (width * height)
    return Figure(share, (x, y, w, h), main, area, (width, height))  # type: ignore[arg-type]


def shot_scale(figures: Sequence[Figure], settings: LabelSettings) -> tuple[str, str] | None:
    """(scale, how it was told) of a clip from the figures of its drawings; None without any.

    The lower edge cuts a figure: share of the frame tells extreme_close_up, close_up and medium. It stands free: its
    height tells full, long and very_long. No face is looked for.
    """
    if not figures:
        return None
    cut = sum(figure.cut_below for figure in figures) * 2 > len(figures)
    if cut:
        share = median(figure.main_share for figure in figures)
        word = (
            "extreme_close_up"
            if share >= settings.extreme_share
            else "close_up"
            if share >= settings.close_up_share
            else "medium"
        )
        return word, f"the lower edge cuts the main figure, which covers {share:.2f} of the frame"
    height = median(figure.main_height for figure in figures)
    word = (
        "full"
        if height >= settings.full_height
        else "long"
        if height >= settings.long_height
        else "very_long"
    )
    return word, f"the main figure stands free and is {height:.2f} of the frame high"
