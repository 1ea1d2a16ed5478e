"""Columns and types that many tables share."""

from __future__ import annotations

import pyarrow as pa

from animeflow.tables.schema import Column

STR, BOOL, I32, I64, F32, F64 = pa.string(), pa.bool_(), pa.int32(), pa.int64(), pa.float32(), pa.float64()

VIDEO_ID = Column("video_id", STR, "id of the video: first 16 hex of its sha256")
CLIP_ID = Column("clip_id", STR, "id of the clip: {video_id}-{start:07d}-{end:07d}")
DRAWING_ID = Column("drawing_id", STR, "id of the drawing: {video_id}-d{first frame:07d}")
SHOT = Column("shot", I32, "number of the shot in its video, from 0")
FRAME = Column("frame", I32, "frame number in presentation order, from 0", "frames")
START = Column("start", I32, "first frame", "frames")
END = Column("end", I32, "frame after the last one", "frames")
START_PTS = Column("start_pts", I64, "pts of the first frame", "time base of the video stream")
END_PTS = Column("end_pts", I64, "pts of the frame after the last one", "time base of the video stream")
TIME_BASE = (
    Column("time_base_num", I32, "numerator of the time base of the video stream"),
    Column("time_base_den", I32, "denominator of the time base of the video stream"),
)


def media_columns(what: str) -> tuple[Column, Column, Column]:
    """Path, size and sha256 of a media file that a row names."""
    return (
        Column("media_path", STR, f"{what}, relative to the asset's folder"),
        Column("size_bytes", I64, f"size of {what}", "bytes"),
        Column("sha256", STR, f"sha256 of {what}"),
    )


def scalar(name: str, description: str, unit: str | None = None, *, null: str | None = None) -> Column:
    """A float64 measure. `null` says when it may be null."""
    return Column(name, F64, description, unit, null)
