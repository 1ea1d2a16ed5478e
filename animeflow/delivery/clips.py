"""Reading what several stages say about the same clips and frames, joined by id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyarrow.compute as pc

from animeflow.errors import ContractError
from animeflow.tables.handle import Handle

Row = dict[str, Any]


@dataclass(frozen=True)
class FrameTimes:
    """pts of every frame of a video, in ticks of `time_base`."""

    video_id: str
    pts: tuple[int, ...]
    time_base: Fraction

    def seconds(self, frame: int) -> Fraction:
        """Time of a frame on the container's clock."""
        return self.pts[frame] * self.time_base

    def shown(self, start: int, end: int) -> Fraction:
        """Seconds that the frames start <= frame < end are shown; the last of the video as long as the mean one."""
        if end < len(self.pts):
            return self.seconds(end) - self.seconds(start)
        mean = Fraction(self.pts[-1] - self.pts[0], max(len(self.pts) - 1, 1))
        return (self.pts[-1] + mean - self.pts[start]) * self.time_base


def frame_times(signals: Handle, video_id: str) -> FrameTimes:
    """The times of a video from `frame_signals`; only that column is read."""
    table = signals.table(
        video_id=video_id, columns=["video_id", "frame", "pts", "time_base_num", "time_base_den"]
    )
    rows = table.filter(pc.field("video_id") == video_id).sort_by("frame")
    if rows.num_rows == 0:
        raise ContractError(f"frame_signals has no frames of video {video_id}")
    base = Fraction(rows["time_base_num"][0].as_py(), rows["time_base_den"][0].as_py())
    return FrameTimes(video_id, tuple(rows["pts"].to_pylist()), base)


def paths_of(handle: Handle) -> dict[str, str]:
    """{video_id: path in its unit} of the videos that a stage finished."""
    return {str(status.video_id): status.path for status in handle.statuses if status.ok and status.video_id}


def by_video(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows grouped by their video, in their order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["video_id"], []).append(row)
    return groups


def json_line(value: Mapping[str, Any]) -> str:
    """One line of a .jsonl file, its fields in the order given: the same value gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
