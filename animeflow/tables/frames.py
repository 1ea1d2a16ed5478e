"""Reading per-frame columns of one video as arrays: what the stages on stored signals share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from animeflow.errors import ContractError
from animeflow.tables.schemas.shots import THUMB_BYTES, THUMB_HEIGHT, THUMB_WIDTH
from animeflow.tables.thumbnails import StoredThumbnails, Thumbs

_RATE_ROUNDING_S = 0.002  # Matroska keeps whole milliseconds, and a remux of it rounds once more


@dataclass(frozen=True)
class StoredFrames:
    """`frame_signals` of one video in its file: a column is read when it is asked for, thumbnails by row group.

    Functions of a table of signals take it in its place; `column` reads one, `thumbs` are its thumbnails.
    """

    num_rows: int
    column: Callable[[str], pa.ChunkedArray]
    thumbs: StoredThumbnails

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        return self.column(name)


def stored_frames(path: Path, column: Callable[[str], pa.ChunkedArray]) -> StoredFrames:
    """The signals in one Parquet file."""
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    thumbs = StoredThumbnails(
        np.cumsum([0, *sizes]).tolist(),
        lambda number: thumbnails(file.read_row_group(number, columns=["thumbnail"])),
        THUMB_HEIGHT,
        THUMB_WIDTH,
    )
    return StoredFrames(file.metadata.num_rows, column, thumbs)


def stored_or_loaded(signals: pa.Table | StoredFrames) -> Thumbs:
    """Thumbnails uint8 RGB [T, 27, 48, 3]: those of a stored video stay in its file."""
    return signals.thumbs if isinstance(signals, StoredFrames) else thumbnails(signals)


def thumbnails(signals: pa.Table) -> npt.NDArray[np.uint8]:
    """Thumbnails of `frame_signals`: uint8 RGB [T, 27, 48, 3], read only. A table in one chunk is not copied."""
    if isinstance(signals, StoredFrames):
        return np.asarray(signals.thumbs)
    column = signals["thumbnail"]
    parts = [_pixels(chunk) for chunk in column.chunks if len(chunk)]
    if not parts:
        return np.zeros((0, THUMB_HEIGHT, THUMB_WIDTH, 3), np.uint8)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _pixels(chunk: pa.FixedSizeBinaryArray) -> npt.NDArray[np.uint8]:
    flat = np.frombuffer(chunk.buffers()[1], np.uint8)
    first = chunk.offset * THUMB_BYTES
    return flat[first : first + len(chunk) * THUMB_BYTES].reshape(-1, THUMB_HEIGHT, THUMB_WIDTH, 3)


def values(signals: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A numeric column as float64 [T]; null becomes 0 (the first frame has no difference)."""
    return np.nan_to_num(signals[name].to_numpy(zero_copy_only=False).astype(np.float64), nan=0.0)


def pts(signals: pa.Table) -> npt.NDArray[np.int64]:
    """Presentation time stamps, int64 [T]."""
    return signals["pts"].to_numpy(zero_copy_only=False).astype(np.int64, copy=False)


def known_by_pts(signals: pa.Table | StoredFrames) -> bool:
    """Whether a frame can be found again by its pts: nothing is damaged, and every time is the file's own."""
    return not any(pc.any(pc.fill_null(signals[name], True)).as_py() for name in ("corrupt", "retimed"))


def time_base(signals: pa.Table) -> Fraction:
    """Time base of the video. Raises ContractError for an empty table."""
    if signals.num_rows == 0:
        raise ContractError("frame_signals is empty: it has no time base")
    return Fraction(signals["time_base_num"][0].as_py(), signals["time_base_den"][0].as_py())


def end_pts(stamps: npt.NDArray[np.int64]) -> int:
    """The pts after the last frame: the table has no durations, so the last frame lasts as long as the median one.

    A video of one frame lasts one tick.
    """
    steps = np.diff(stamps)
    return int(stamps[-1]) + (max(1, int(np.median(steps))) if len(steps) else 1)


def frame_times(signals: pa.Table | StoredFrames) -> npt.NDArray[np.float64]:
    """Time of each frame since the first one, and of the end of the last, in seconds, float64 [T + 1].

    Where the stamps are those of a constant rate, rounded to milliseconds, the times are those before the rounding:
    every frame is as long as any other. Raises ContractError for an empty table.
    """
    base, stamps = float(time_base(signals)), pts(signals)
    ticks = np.append(stamps, end_pts(stamps)) - stamps[0]
    if len(stamps) > 1:
        even = np.arange(len(ticks)) * (ticks[-2] / (len(stamps) - 1))
        if np.abs(ticks - even)[:-1].max() <= _RATE_ROUNDING_S / base:
            return np.asarray(even * base)
    return np.asarray(ticks * base)


def seconds(signals: pa.Table) -> npt.NDArray[np.float64]:
    """Time of each frame since the first one, in seconds, float64 [T]."""
    stamps = pts(signals)
    return (stamps - stamps[0]).astype(np.float64) * float(time_base(signals)) if len(stamps) else np.zeros(0)
