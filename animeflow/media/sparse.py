"""A sparse decode: a picture that nobody asked for, and that no other picture refers to, is never decoded.

In a stream with B-frames that is about every second one. The pictures asked for are the same to the byte: nothing that
they refer to is left out. Decoders that cannot leave one out (dav1d) give it; nothing depends on that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from animeflow.media.frame_index import FrameIndex


class UnsoundTimes(Exception):
    """The times of packets do not say which picture is which."""


class Sparse:
    """The pictures asked for of a stream: those of ascending `frames`, told from others by their times in `index`."""

    def __init__(self, index: FrameIndex, frames: Sequence[int]) -> None:
        self._index = index
        self._asked = frozenset(int(index.pts[frame]) for frame in frames if frame < len(index))

    def prepare(self, context: Any, packet: Any) -> None:
        """Tell the decoder before it gets a packet whether its picture may be left out.

        Decoders of several threads work ahead: what is asked for has to be known before the first packet.
        """
        context.skip_frame = "DEFAULT" if packet is None or packet.pts in self._asked else "NONREF"

    def number_of(self, picture: Any, at_least: int) -> int:
        """The number of the frame that a picture is. Raises UnsoundTimes if it is none from `at_least` on."""
        number = None if picture.pts is None else self._index.frame_at(picture.pts)
        if number is None or number < at_least:
            raise UnsoundTimes
        return number
