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
    """All cuts of a video of `frames` frames, ascending; transitions do not overlap.

    `fade_in` [0, end) and `fade_out` [start, frames) are the fades that the video itself begins and ends with: no cut
    belongs to them.
    """

    frames: int
    cuts: tuple[Cut, ...]
    fade_in: Range | None = None
    fade_out: Range | None = None

    def __post_init__(self) -> None:
        at = [cut.frame for cut in self.cuts]
        if any(not 0 < frame < self.frames for frame in at) or any(a >= b for a, b in itertools.pairwise(at)):
            raise ContractError(f"cuts of a video of {self.frames} frames are not ascending inside it: {at}")
        if self.fade_in is not None and self.fade_in[0] != 0:
            raise ContractError(f"a fade-in that does not begin the video: {self.fade_in}")
        if self.fade_out is not None and self.fade_out[1] != self.frames:
            raise ContractError(f"a fade-out that does not end the video of {self.frames}: {self.fade_out}")
        spans = self.left_out
        if any(not start < end for start, end in spans) or any(
            span[0] < frame < span[1] for span in (self.fade_in, self.fade_out) if span for frame in at
        ):
            raise ContractError(f"a fade at the ends of the video is empty or holds a cut: {spans}")
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
                _span(row["transition_start"], row["transition_end"]),
            )
            for row in ordered[1:]
        )
        if not ordered:
            return cls(0, ())
        first, last = ordered[0], ordered[-1]
        return cls(
            last["end"],
            tuple(cuts),
            _span(first["transition_start"], first["transition_end"]),
            # A table of an earlier version has no such columns.
            _span(last.get("end_transition_start"), last.get("end_transition_end")),
        )

    @property
    def transitions(self) -> list[Range]:
        """[start, end) of the transitions, ascending."""
        return [cut.transition for cut in self.cuts if cut.transition is not None]

    @property
    def left_out(self) -> list[Range]:
        """[start, end) of all that clips leave out, ascending: the fade-in, the transitions, the fade-out."""
        edges = [[] if span is None else [span] for span in (self.fade_in, self.fade_out)]
        return [*edges[0], *self.transitions, *edges[1]]

    @property
    def ranges(self) -> list[Range]:
        """[start, end) of the shots: every frame lies in exactly one."""
        if self.frames == 0:
            return []
        edges = [0, *(cut.frame for cut in self.cuts), self.frames]
        return list(itertools.pairwise(edges))

    def plain(self) -> dict[str, Any]:
        """For JSON: frames, hard cuts, transitions in order (`fade_in`, `fade_out`: the video's own), shots."""
        inner = [(cut.transition, str(cut.kind)) for cut in self.cuts]
        spans = [(self.fade_in, "fade_in"), *inner, (self.fade_out, "fade_out")]
        return {
            "frames": self.frames,
            "cuts": [cut.frame for cut in self.cuts if cut.transition is None],
            "transitions": [
                {"start": span[0], "end": span[1], "kind": kind} for span, kind in spans if span is not None
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
        span = cut.transition if cut is not None else self.fade_in
        out = self.fade_out if end == self.frames else None
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
            "end_transition_start": None if out is None else out[0],
            "end_transition_end": None if out is None else out[1],
        }


def _span(start: int | None, end: int | None) -> Range | None:
    return None if start is None or end is None else (start, end)
