"""How a reader knows again where it is after a seek: by the pts of pictures, never by counting packets alone.

A packet is not always a picture: H.264 may store each field in a packet of its own, MPEG-4 has packets without a
picture, a damaged one gives none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animeflow.errors import ContractError
from animeflow.media.decode.clock import ascend
from animeflow.media.demux.frame_index import FrameIndex

_LONGEST_STEP = 1.75  # usual ones: of soft pulldown every other frame is shown for half as long again


_DECODED_AHEAD_S = 1  # no picture is decoded longer before it is shown


def ways_to(key_pts: int, time_base: Fraction) -> tuple[int, int]:
    """The pts to seek, one after the other, for a decoder that is to begin with the key frame of `key_pts`.

    A transport or program stream is sought by the times at which packets are decoded: there the way to a key frame
    begins earlier than it is shown.
    """
    return key_pts, key_pts - math.ceil(_DECODED_AHEAD_S / time_base)


@dataclass(frozen=True)
class FrameTimes:
    """Frames int64 [n], ascending, and their pts int64 [n], as an earlier decode of all of them found them."""

    frames: npt.NDArray[np.int64]
    pts: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.frames.shape != self.pts.shape or self.frames.ndim != 1:
            raise ContractError(f"times of shapes {self.frames.shape} and {self.pts.shape}; both are [n]")
        if np.any(np.diff(self.frames) <= 0) or np.any(np.diff(self.pts) <= 0):
            raise ContractError("times of frames that do not ascend")

    @classmethod
    def none(cls) -> Self:
        """Of a file whose frames are known by counting from the first alone: nothing is sought in it."""
        return cls.of_frames(np.empty(0, np.int64))

    @classmethod
    def of_frames(cls, pts: npt.NDArray[np.int64]) -> Self:
        """Those of all frames, from 0."""
        return cls(np.arange(len(pts), dtype=np.int64), pts)

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """The first frames of the rows of a table (`start`, `start_pts`); those without a time are left out."""
        found = {row["start"]: row["start_pts"] for row in rows if row.get("start_pts") is not None}
        frames = np.array(sorted(found), np.int64)
        return cls(frames, np.array([found[int(frame)] for frame in frames], np.int64))

    def chosen(self, frames: Iterable[int]) -> Self:
        """Those of some frames alone."""
        kept = np.isin(self.frames, np.fromiter(frames, np.int64))
        return type(self)(self.frames[kept], self.pts[kept])

    def know(self, frames: Sequence[int]) -> bool:
        """Whether they have the times of all these frames."""
        return bool(np.isin(np.asarray(frames, np.int64), self.frames).all())

    def before(self, frame: int) -> tuple[int, int] | None:
        """(frame, pts) of the last one at or before `frame`."""
        at = int(np.searchsorted(self.frames, frame, side="right")) - 1
        return None if at < 0 else (int(self.frames[at]), int(self.pts[at]))

    def contradict(self, frame: int, pts: int | None) -> bool:
        """Whether the frame has another pts here; False where it is not among them."""
        known = self.before(frame)
        return known is not None and known[0] == frame and known[1] != pts


@dataclass(frozen=True)
class Landing:
    """Seek to `key_pts`; the picture of `pts` that comes then is `frame`."""

    key_pts: int
    frame: int
    pts: int


@dataclass(frozen=True)
class SeekMap:
    """Where decoding may start (by the packets) and which pts which frame has."""

    index: FrameIndex
    times: FrameTimes

    @classmethod
    def of(cls, index: FrameIndex, times: FrameTimes | None) -> Self:
        """With the times of an analysis, or with each packet taken for a picture."""
        return cls(index, FrameTimes.of_frames(index.pts) if times is None else times)

    def holds(self, frame: int, pictures: Sequence[Any]) -> bool:
        """Whether the pictures from `frame` on come in the order of their pts, none with another than is known."""
        known = (self.times.contradict(number, picture.pts) for number, picture in enumerate(pictures, frame))
        return ascend(pictures) and not any(known)

    @cached_property
    def is_gapless(self) -> bool:
        """Whether no packet seems to be missing: the longest step from pts to pts is not near twice the usual one.

        What a decoder makes of a picture whose reference was lost depends on all that it decoded before, and no flag
        says so.
        """
        steps = np.diff(self.index.pts)
        return not len(steps) or bool(steps.max() <= _LONGEST_STEP * np.median(steps))

    def lists(self, pts: int) -> bool:
        """Whether a packet has this pts."""
        at = int(np.searchsorted(self.index.pts, pts))
        return at < len(self.index.pts) and int(self.index.pts[at]) == pts

    def follows(self, frame: int, pts: int | None, before_pts: int | None) -> bool:
        """Whether a picture with `pts` can be `frame`, after one with `before_pts` (None: not known).

        Where its time is not known it must be that of the next packet: a decoder may pass over pictures after a seek.
        """
        known = self.times.before(frame)
        if known is not None and known[0] == frame:
            return known[1] == pts
        if pts is None or before_pts is None:
            return pts is not None
        return bool(np.searchsorted(self.index.pts, pts) - np.searchsorted(self.index.pts, before_pts) == 1)

    def landing(self, wanted: int, *, reached: int, reached_pts: int) -> Landing | None:
        """The shortest way to `wanted` by a seek; None where decoding on from `reached` is not longer."""
        known = self.times.before(wanted)
        if known is None or known[0] <= reached:
            return None
        key_pts = self.index.key_pts_before(known[1])
        return None if key_pts is None or key_pts <= reached_pts else Landing(key_pts, *known)
