"""What detection finds: cuts, the transitions some of them sit in, and the shots between them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.errors import ContractError
from animeflow.tables.frames import end_pts, pts
from animeflow.tables.schemas.shots import SHOTS

CutKind = Literal["hard", "dissolve", "fade"]
Range = tuple[int, int]


@dataclass(frozen=True)
class Cut:
    """`frame` is the first frame of the new shot. A gradual cut lies in the middle of its transition [start, end)."""

    frame: int
    kind: CutKind
    score: float
    transition: Range | None = None

    def __post_init__(self) -> None:
        if (self.transition is None) != (self.kind == "hard"):
            raise ContractError(f"a {self.kind} cut with transition {self.transition}")
        if self.transition is not None and not self.transition[0] < self.frame < self.transition[1]:
            raise ContractError(f"cut {self.frame} outside of its transition {self.transition}")
        if not 0 <= self.score <= 1:
            raise ContractError(f"cut {self.frame} has a score of {self.score}, not in 0-1")


def gradual(start: int, end: int, kind: CutKind, score: float) -> Cut:
    """The cut of a transition [start, end) of at least two frames: at its middle."""
    return Cut((start + end) // 2, kind, score, (start, end))


@dataclass(frozen=True)
class Shots:
    """All cuts of a video of `frames` frames, ascending; transitions do not overlap."""

    frames: int
    cuts: tuple[Cut, ...]

    def __post_init__(self) -> None:
        at = [cut.frame for cut in self.cuts]
        if any(not 0 < frame < self.frames for frame in at) or any(a >= b for a, b in itertools.pairwise(at)):
            raise ContractError(f"cuts of a video of {self.frames} frames are not ascending inside it: {at}")
        spans = self.transitions
        if any(a[1] > b[0] for a, b in itertools.pairwise(spans)):
            raise ContractError(f"transitions overlap: {spans}")

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """From the rows of the table `shots` of one video: what `table` wrote."""
        ordered = sorted(rows, key=lambda row: row["start"])
        cuts = (
            Cut(
                row["start"],
                row["cut_kind"],
                row["score"],
                None if row["transition_start"] is None else (row["transition_start"], row["transition_end"]),
            )
            for row in ordered[1:]
        )
        return cls(ordered[-1]["end"] if ordered else 0, tuple(cuts))

    @property
    def transitions(self) -> list[Range]:
        """[start, end) of the transitions, ascending."""
        return [cut.transition for cut in self.cuts if cut.transition is not None]

    @property
    def ranges(self) -> list[Range]:
        """[start, end) of the shots: every frame lies in exactly one."""
        if self.frames == 0:
            return []
        edges = [0, *(cut.frame for cut in self.cuts), self.frames]
        return list(itertools.pairwise(edges))

    def plain(self) -> dict[str, Any]:
        """For JSON: frames, hard cuts, transitions, shots."""
        return {
            "frames": self.frames,
            "cuts": [cut.frame for cut in self.cuts if cut.transition is None],
            "transitions": [
                {"start": cut.transition[0], "end": cut.transition[1], "kind": cut.kind}
                for cut in self.cuts
                if cut.transition is not None
            ],
            "shots": [{"start": start, "end": end} for start, end in self.ranges],
        }

    def table(self, video_id: str, signals: pa.Table) -> pa.Table:
        """The table `shots`."""
        stamps = np.append(pts(signals), end_pts(pts(signals)))
        return SHOTS.table([self._row(video_id, shot, stamps) for shot in range(len(self.ranges))])

    def _row(self, video_id: str, shot: int, stamps: npt.NDArray[np.int64]) -> dict[str, object]:
        start, end = self.ranges[shot]
        cut = self.cuts[shot - 1] if shot else None
        span = cut.transition if cut is not None else None
        return {
            "video_id": video_id,
            "shot": shot,
            "start": start,
            "end": end,
            "start_pts": int(stamps[start]),
            "end_pts": int(stamps[end]),
            "cut_kind": "start" if cut is None else cut.kind,
            "transition_start": None if span is None else span[0],
            "transition_end": None if span is None else span[1],
            "score": None if cut is None else cut.score,
        }
