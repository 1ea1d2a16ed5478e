"""Frames of the source for the page: the only place of the report that decodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from animeflow.errors import ContractError, InputError, OutOfMemory, WorkerBusy
from animeflow.media.chosen import chosen_frames
from animeflow.media.decode.seeking import FrameTimes
from animeflow.report.shard import ShardData
from animeflow.shots.limits import decode_limits

PURPOSE = "report"


def source_frames(
    data: ShardData, video_id: str, frames: Sequence[int]
) -> list[npt.NDArray[np.uint8] | None]:
    """Frames (ascending numbers) as uint8 RGB [h, w, 3]; None for those that cannot be had any more."""
    handle = data.assets["shard_files"].handle
    path = next(
        (r["media_path"] for r in data.rows("shard_files") if r["video_id"] == video_id and r["usable"]), None
    )
    found: list[npt.NDArray[np.uint8] | None] = []
    if handle is not None and path is not None:
        try:
            decoded = chosen_frames(
                handle.media(path),
                frames,
                purpose=PURPOSE,
                times=_times(data, video_id),
                limits=decode_limits(data.decode),
                isolation=data.decode,
            )
            found.extend(picture for _, picture in decoded)
        except (ContractError, InputError, OutOfMemory, WorkerBusy, OSError) as error:
            data.problems.setdefault("shard_files", f"the source cannot be shown any more: {error}")
    return [*found, *[None] * (len(frames) - len(found))]


def _times(data: ShardData, video_id: str) -> FrameTimes:
    drawings = data.table("drawings", columns=["video_id", "start", "start_pts"], video=video_id)
    rows = [] if drawings is None else drawings.to_pylist()
    return FrameTimes.of_rows(row for row in rows if row["video_id"] == video_id)
