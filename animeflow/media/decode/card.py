"""What a card is asked for, and what it gave before it could not go on with a file: the CPU compares it."""

from __future__ import annotations

import zlib
from array import array
from typing import Any, Protocol


class Backend(Protocol):
    """A way to decode that is not FFmpeg's own."""

    name: str

    def hwaccel(self) -> Any:
        """A fresh `av.codec.hwaccel.HWAccel` for `open_container`, None for a software decoder."""

    def card_problem(self) -> str | None:
        """Why there is no card here, without starting anything; None when there may be one."""

    def planar(self, picture: Any) -> Any:
        """The picture as FFmpeg's own decoder would hold it: same samples, same flags."""


class CardFailed(Exception):
    """The backend cannot go on with this file."""


class Given:
    """Checksums of the lumas that a card gave, in order."""

    def __init__(self) -> None:
        self._sums = array("L")

    def add(self, picture: Any) -> None:
        """The next picture (a PyAV frame in memory)."""
        self._sums.append(_luma_sum(picture))

    def differs(self, picture: Any, at: int, reached: int) -> bool:
        """Whether the card gave another luma for frame `at`. Unknown, so False, unless it gave all `reached` frames."""
        return len(self._sums) == reached and _luma_sum(picture) != self._sums[at]


def _luma_sum(picture: Any) -> int:
    plane = picture.planes[0]
    return (
        zlib.crc32(plane)
        if plane.line_size == plane.width
        else zlib.crc32(picture.to_ndarray()[: picture.height])
    )
