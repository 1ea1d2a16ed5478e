"""Stored thumbnails of single frames, read without holding the whole video."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from animeflow.tables.handle import Handle
from animeflow.tables.schemas.shots import THUMB_HEIGHT, THUMB_WIDTH

U8 = npt.NDArray[np.uint8]
_BATCH = 1024  # one row group of the table


def thumbnails_of(signals: Handle, video_id: str, frames: Collection[int]) -> dict[int, U8]:
    """{frame: uint8 RGB [27, 48, 3]} of the frames asked for, from `frame_signals`."""
    wanted = set(frames)
    found: dict[int, U8] = {}
    for file in signals.manifest.tables.get("frame_signals", []):
        reader = pq.ParquetFile(signals.folder / file.path)
        for batch in reader.iter_batches(batch_size=_BATCH, columns=["video_id", "frame", "thumbnail"]):
            columns = (batch.column(n).to_pylist() for n in range(2))
            for row, (video, frame) in enumerate(zip(*columns, strict=True)):
                if video == video_id and frame in wanted:
                    found[frame] = _pixels(batch.column(2)[row].as_py())
    return found


def _pixels(data: bytes) -> U8:
    return np.frombuffer(data, np.uint8).reshape(THUMB_HEIGHT, THUMB_WIDTH, 3)
