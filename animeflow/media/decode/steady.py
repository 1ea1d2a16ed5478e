"""Damaged files decode in one thread, so that they decode in one way.

With several threads, what a decoder puts in place of a lost part depends on how far the others are: of 15 decodes
of one damaged H.264 file with 16 threads 7 differed, with one thread none. The damage of one picture shows in others
that were given before it, so the whole file is decoded again. HEVC tells of no damage: it is not caught there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from animeflow.errors import UnsteadyDecode
from animeflow.media.decode.reader import VideoReader

Result = TypeVar("Result")


def steadied(decode: Callable[[bool], Result]) -> Result:
    """What `decode(False)` gives, which may use many threads, or `decode(True)`, in one, where that met damage."""
    try:
        return decode(False)
    except UnsteadyDecode:
        return decode(True)


def require_steady(reader: VideoReader, steady: bool) -> None:
    """Raise UnsteadyDecode where a reader met damage and may not have decoded in one thread."""
    if reader.damaged and not steady:
        raise UnsteadyDecode("is damaged, and several threads decode it", path=reader.path)
