"""AVI says how long it is in bytes alone: FFmpeg shortens its claim of the duration to what is there."""

from __future__ import annotations

import struct
from pathlib import Path

_WHOLE_FROM = 0.98  # a few bytes of the index may be missing
_UNKNOWN = (0, 0xFFFFFFFF)  # written by encoders that could not go back


def is_cut_riff(path: Path) -> bool:
    """Whether a RIFF file (AVI) lacks more than 2 % of the bytes that its header counts."""
    with path.open("rb") as file:
        head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"AVI ":
        return False
    (size,) = struct.unpack_from("<I", head, 4)
    return size not in _UNKNOWN and path.stat().st_size < _WHOLE_FROM * (size + 8)
