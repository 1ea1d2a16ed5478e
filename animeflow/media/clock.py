"""Strictly ascending times for decoded pictures, whatever the file says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from animeflow.errors import DecodeError

# A jump back by more frames is a new clock (joined MPEG-TS); a smaller one is a frame out of order or doubled.
_NEW_CLOCK_FRAMES = 3
AHEAD = 4  # pictures within which times that are no times of pictures go back


def shown(picture: Any) -> int | None:
    """The pts of a picture."""
    pts: int | None = picture.pts
    return pts


def stores_order_alone(container: str, codec: str) -> bool:
    """Whether a file of this kind says of reordered frames only in which order they are stored."""
    return container == "avi" and codec in ("h264", "hevc")


def pictures_that_tell(container: str) -> int:
    """How many of the first pictures say by which of their times a file of this kind is read."""
    return AHEAD if container == "avi" else 1


def ascend(pictures: Iterable[Any]) -> bool:
    """Whether every picture has a pts above that of the one before."""
    pts = [picture.pts for picture in pictures]
    return None not in pts and all(before < after for before, after in pairwise(pts))


def times_in_order(container: Any, stream: Any, pictures: Sequence[Any]) -> Callable[[Any], int | None]:
    """Where a picture of the stream says when it is shown, `pictures` being its first ones.

    AVI stores no times but an order. What is made of it for H.264 with reordered frames are the times of packets, which
    a picture takes to another place: they go back and forth (10 s became 19 s); of Xvid sometimes too. The time at
    which it leaves the decoder ascends; the first picture keeps its time.
    """
    codec, first = stream.codec_context, pictures[0]
    if container.format.name != "avi" or not codec.has_b_frames:
        return shown
    if not stores_order_alone("avi", codec.name) and ascend(pictures):
        return shown
    if first.dts is None or first.pts is None:
        return shown
    ahead = first.dts - first.pts
    return lambda picture: None if picture.dts is None else picture.dts - ahead


class FrameClock:
    """Strictly ascending pts; `time_of` gives the one that a picture claims.

    A missing pts follows the frame before; where time jumps back by more than three frames it goes on from there; a
    smaller step back becomes one tick. Each is counted in `repairs`.
    """

    def __init__(
        self,
        time_base: Fraction,
        rate: Fraction | None,
        *,
        max_gap_s: float,
        path: Path,
        time_of: Callable[[Any], int | None] = shown,
    ) -> None:
        self.repairs = 0
        self.first: int | None = None
        self._path, self._time_base, self._max_gap_s = path, time_base, max_gap_s
        self._step = max(1, round(1 / (rate * time_base))) if rate else 1
        self._last: int | None = None
        self._shift = 0
        self._time_of = time_of

    def stamp(self, picture: Any) -> int:
        """The pts of the next picture. Raises `DecodeError` (corrupt) for a gap beyond the limit."""
        pts = self._ascending(self._time_of(picture))
        if picture.duration:
            self._step = int(picture.duration)
        if self.first is None:
            self.first = pts
        self._last = pts
        return pts

    def jump(self) -> None:
        """After a seek: the next picture's time is not compared with the last one's."""
        self._last = None

    def _ascending(self, raw: int | None) -> int:
        if self._last is None:
            self.repairs += raw is None
            return 0 if raw is None else raw + self._shift
        if raw is not None and raw + self._shift > self._last:
            self._require_near(raw + self._shift - self._last)
            return raw + self._shift
        self.repairs += 1
        following = self._last + self._step
        if raw is None:
            return following
        back = self._last - (raw + self._shift)
        if back <= _NEW_CLOCK_FRAMES * self._step:
            return self._last + 1
        self._shift += following - (raw + self._shift)
        return following

    def _require_near(self, gap: int) -> None:
        gap_s = float(gap * self._time_base)
        if gap_s > self._max_gap_s:
            raise DecodeError(
                f"has a gap of {gap_s:.0f} s between two frames", reason="corrupt", path=self._path
            )
