"""Bytes <-> frames and sound: probe, decode, encode, cut, images, audio, archives.

Importing this package loads neither PyAV nor OpenCV; names below arrive when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from animeflow.media.decode.reader import (
        DecodeLimits,
        Frame,
        VideoReader,
        counting_decodes,
        open_video,
        read_clip,
    )
    from animeflow.media.decode.reader import open_video as open  # noqa: A004 called as media.open(path)

_HOMES = {
    "open": ("decode.reader", "open_video"),
    "open_video": ("decode.reader", "open_video"),
    "read_clip": ("decode.reader", "read_clip"),
    "counting_decodes": ("decode.reader", "counting_decodes"),
    "DecodeLimits": ("decode.reader", "DecodeLimits"),
    "Frame": ("decode.reader", "Frame"),
    "VideoReader": ("decode.reader", "VideoReader"),
}

__all__ = ["DecodeLimits", "Frame", "VideoReader", "counting_decodes", "open", "open_video", "read_clip"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)
