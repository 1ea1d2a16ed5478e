"""Where every frame of a stream is: its pts and whether decoding may start there."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.errors import ContractError, DecodeError
from animeflow.media.allowed import MAX_FRAMES
from animeflow.media.command import check_stop
from animeflow.media.demux.container import main_video_stream, open_container


@dataclass(frozen=True)
class FrameIndex:
    """pts int64 [n] strictly ascending and key bool [n], one entry per frame in presentation order."""

    pts: npt.NDArray[np.int64]
    key: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        self.pts.setflags(write=False)
        self.key.setflags(write=False)
        if self.pts.shape != self.key.shape or self.pts.ndim != 1:
            raise ContractError(f"frame index of shapes {self.pts.shape} and {self.key.shape}; both are [n]")
        if len(self.pts) and np.any(np.diff(self.pts) <= 0):
            raise ContractError("frame index whose pts do not ascend")

    def __len__(self) -> int:
        return len(self.pts)

    def key_pts_before(self, pts: int) -> int | None:
        """The pts of the last key frame at or before `pts`, None if there is none."""
        shown = int(np.searchsorted(self.pts, pts, side="right"))
        keys = self.pts[:shown][self.key[:shown]]
        return int(keys[-1]) if len(keys) else None

    def undecodable(self, first_pts: int) -> int:
        """How many frames before the first key frame are left out where the first decoded one has `first_pts`.

        Recordings begin in the middle of a group of pictures. What is missing after the first key frame does not count.
        """
        keys = np.flatnonzero(self.key)
        before_key = int(keys[0]) if len(keys) else 0
        return min(int(np.searchsorted(self.pts, first_pts)), before_key)

    def starting_at(self, pts: int) -> FrameIndex:
        """The part from `pts` on: leading frames that a decoder cannot show are no frames."""
        at = int(np.searchsorted(self.pts, pts))
        return FrameIndex(self.pts[at:], self.key[at:])


def read_frame_index(path: Path | str) -> FrameIndex | None:
    """The index from the packets of the main video, without decoding; None where timestamps are missing, repeat or
    begin anew (joined recordings: the same time may mean two places).

    Reads the whole file once; asked again for the same, unchanged file it answers from memory.
    """
    path = Path(path)
    try:
        facts = path.stat()
    except OSError as error:
        raise DecodeError(f"cannot be read: {error.strerror}", reason="unreadable", path=path) from error
    return _read(path, facts.st_ino, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=16)
def _read(path: Path, inode: int, size: int, mtime_ns: int) -> FrameIndex | None:
    del inode, size, mtime_ns  # they tell one state of the file from another
    with open_container(path, error=DecodeError) as container:
        try:
            return index_packets(container, main_video_stream(container, path, error=DecodeError))
        except DecodeError as error:
            error.path = error.path or str(path)
            raise


def index_packets(container: Any, stream: Any, *, max_frames: int = MAX_FRAMES) -> FrameIndex | None:
    """As `read_frame_index`, from an open container, which is left at its end.

    Raises `DecodeError` (too_large) beyond `max_frames` packets.
    """
    import av

    pts, keys = array("q"), array("b")  # 9 bytes a frame; lists of objects take 48
    last_dts = None
    try:
        for packet in container.demux(stream):
            check_stop()
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                return None
            if packet.dts is not None:
                if last_dts is not None and packet.dts < last_dts:
                    return None
                last_dts = packet.dts
            if len(pts) >= max_frames:
                raise DecodeError(f"has more than {max_frames} frames", reason="too_large")
            pts.append(packet.pts)
            keys.append(bool(packet.is_keyframe))
    except (av.error.FFmpegError, IndexError):  # PyAV looks for a stream that appeared since: IndexError
        if not pts:
            return None
    stamps = np.array(pts, dtype=np.int64)
    order = np.argsort(stamps, kind="stable")
    sorted_pts = stamps[order]
    if len(sorted_pts) and np.any(np.diff(sorted_pts) <= 0):
        return None
    return FrameIndex(sorted_pts, np.array(keys, dtype=np.bool_)[order])
