"""How long drawings are held: on ones, twos, threes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAMES = ("ones", "twos", "threes", "longer")


@dataclass(frozen=True)
class Holds:
    """`pattern` is ones, twos, threes, longer, mixed or still; `shares` of the clip's frames per length, 0-1."""

    pattern: str
    drawings: int
    shares: tuple[float, float, float, float]


def hold_pattern(drawings: Sequence[Mapping[str, Any]], start: int, end: int, *, majority: float) -> Holds:
    """The holds of the frames start..end-1.

    A drawing that the clip's border cuts counts with its whole length: how it was drawn does not depend on the cut.
    """
    frames = [0, 0, 0, 0]
    seen = 0
    for drawing in drawings:
        inside = min(drawing["end"], end) - max(drawing["start"], start)
        if inside > 0:
            seen += 1
            frames[min(drawing["end"] - drawing["start"], 4) - 1] += inside
    total = sum(frames)
    if not total:
        raise ValueError(f"no drawing covers frames {start} to {end}")
    ones, twos, threes, longer = (count / total for count in frames)
    shares = (ones, twos, threes, longer)
    most = max(range(4), key=lambda n: shares[n])
    pattern = "still" if seen == 1 else NAMES[most] if shares[most] >= majority else "mixed"
    return Holds(pattern, seen, shares)
