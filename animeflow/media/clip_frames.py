"""The frames of a clip as one array."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from animeflow.errors import ContractError
from animeflow.media.decode import FrameIndex, open_video
from animeflow.media.frame import U8, Size


def read_clip(
    path: Path | str,
    start: int,
    end: int,
    *,
    purpose: str,
    size: Size | None = None,
    index: FrameIndex | None = None,
) -> U8:
    """Frames start..end-1 as uint8 RGB [T, h, w, 3]; `size` = (w, h). Raises `DecodeError` if there are
    fewer.
    """
    if not 0 <= start < end:
        raise ContractError(f"a clip from frame {start} to {end}; 0 <= start < end is needed")
    with open_video(path, purpose=purpose, index=index) as reader:
        return np.stack([frame.rgb(size) for frame in reader.pick(range(start, end))])
