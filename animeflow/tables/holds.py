"""How long drawings are held: on ones, twos, threes.

Told by time and not by frames: a file of 60 frames per second repeats those of animation at 24, and one of a varying
rate shows a held drawing as one long frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

NAMES = ("ones", "twos", "threes", "longer")
DRAWN_RATE = 24  # frames per second that animation counts its drawings in, whatever the rate of the file
_ROUNDING = 1e-9  # times are floats: neither half a 24th nor a majority may hang on their last digit


@dataclass(frozen=True)
class Holds:
    """`pattern` is ones, twos, threes, longer, mixed or still; `shares` of the time per length (0-1), as in NAMES."""

    pattern: str
    drawings: int
    shares: tuple[float, float, float, float]


def holds_of(held_s: F64, seen_s: F64, *, majority: float) -> Holds:
    """The holds of drawings that are held for `held_s` seconds each, of which `seen_s` seconds count.

    The pattern is the length of hold that takes at least the share `majority` of the time; one drawing is `still`.
    """
    lengths = drawn_frames(held_s)
    ones, twos, threes, longer = np.bincount(lengths - 1, weights=seen_s, minlength=4) / seen_s.sum()
    shares = (float(ones), float(twos), float(threes), float(longer))
    most = int(np.argmax(shares))
    pattern = NAMES[most] if shares[most] >= majority - _ROUNDING else "mixed"
    return Holds("still" if len(lengths) == 1 else pattern, len(lengths), shares)


def drawn_frames(held_s: F64) -> npt.NDArray[np.int64]:
    """Lengths of holds in 24ths of a second, to the nearest, halves up: at least 1, and 4 for all longer ones; int64.

    A frame of 25 per second counts as one, so does a frame of 60 per second that is a drawing of its own.
    """
    nearest = np.floor(held_s * DRAWN_RATE + 0.5 + _ROUNDING)
    return np.clip(nearest, 1, len(NAMES)).astype(np.int64)
