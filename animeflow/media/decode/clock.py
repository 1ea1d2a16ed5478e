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
AHEAD = 4  # pictures that are asked: whether times go back and forth, whether one of them is wrong


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

    A missing pts follows the frame before. A time that is more than three frames away from the last one is wrong where
    more of the next pictures go on from the last one than from it: it then follows the last one. Else a jump forward
    is a frame that is held, and after a jump back by more than three frames a new clock goes on from there. A smaller
    step back becomes one tick. Each but the held frame is counted in `repairs`. `farthest` is the largest time that
    any picture claimed, be it wrong: a header may have been made of it.
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
        self.farthest = 0
        self._path, self._time_base, self._max_gap_s = path, time_base, max_gap_s
        self._step = max(1, round(1 / (rate * time_base))) if rate else 1
        self._last: int | None = None
        self._shift = 0
        self._time_of = time_of

    def doubts(self, picture: Any) -> bool:
        """Whether `stamp` needs the pictures after this one."""
        claimed = self._claimed(picture)
        return claimed is not None and self._last is not None and abs(claimed - self._last) > self._near

    def stamp(self, picture: Any, following: Sequence[Any] = ()) -> int:
        """The pts of the next picture, `following` being up to AHEAD after it where `doubts` asks for them.

        Raises `DecodeError` (corrupt) for a gap beyond the limit.
        """
        claimed = self._claimed(picture)
        pts = self._ascending(claimed, [self._claimed(one) for one in following])
        if picture.duration:
            self._step = int(picture.duration)
        if self.first is None:
            self.first = self.farthest = pts
        self._last = pts
        self.farthest = max(self.farthest, pts, pts if claimed is None else claimed)
        return pts

    def jump(self) -> None:
        """After a seek: the next picture's time is not compared with the last one's."""
        self._last = None

    @property
    def _near(self) -> int:
        return _NEW_CLOCK_FRAMES * self._step

    def _claimed(self, picture: Any) -> int | None:
        time = self._time_of(picture)
        return None if time is None else time + self._shift

    def _ascending(self, claimed: int | None, following: Sequence[int | None]) -> int:
        last = self._last
        if last is None:
            self.repairs += claimed is None
            return 0 if claimed is None else claimed
        next_one = last + self._step
        if claimed is None:
            self.repairs += 1
            return next_one
        if abs(claimed - last) > self._near:
            going_on = self._after(last, following)
            if len(going_on) > len(self._after(claimed, following)):
                self.repairs += 1
                return max(last + 1, min(next_one, going_on[0] - 1))
        if claimed > last:
            self._require_near(claimed - last)
            return claimed
        self.repairs += 1
        if last - claimed <= self._near:
            return last + 1
        self._shift += next_one - claimed
        return next_one

    def _after(self, time: int, following: Sequence[int | None]) -> list[int]:
        """The times of the next pictures that go on from `time`."""
        end = time + self._near + AHEAD * self._step
        return [one for one in following if one is not None and time < one <= end]

    def _require_near(self, gap: int) -> None:
        gap_s = float(gap * self._time_base)
        if gap_s > self._max_gap_s:
            raise DecodeError(
                f"has a gap of {gap_s:.0f} s between two frames", reason="corrupt", path=self._path
            )
