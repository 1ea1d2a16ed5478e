"""Task `text`: where text stands in a frame, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from animeflow.errors import ContractError


@dataclass(frozen=True, eq=False)
class TextBox:
    """One line of text: corners float32 [4, 2] in px (x, y) clockwise from the top left, text, score 0-1.

    `score` is the mean probability of the recognised characters. Detection alone is no proof of text: boxes on
    drawings without text have low scores, real lines 0.8 and more.
    """

    polygon: np.ndarray
    text: str
    score: float

    def __post_init__(self) -> None:
        if self.polygon.shape != (4, 2) or self.polygon.dtype != np.float32 or not 0 <= self.score <= 1:
            raise ContractError(f"text box: {self.polygon.dtype} {self.polygon.shape}, score {self.score}")
        self.polygon.setflags(write=False)


class TextReader(Protocol):
    """Detection and recognition."""

    def read(self, frames: Sequence[np.ndarray]) -> list[list[TextBox]]:
        """uint8 RGB [h, w, 3] frames -> the lines of each, top to bottom, left to right; [] where there is none."""
        ...
