"""Share of the frame under recognised text, per clip: subtitles, credits and signs apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.measures.text_reading import read_texts
from animeflow.measures.text_roles import CREDITS, SIGN, SUBTITLE, roles_of, subtitle_height
from animeflow.measures.union import union_share
from animeflow.settings.measures import TextMeasureSettings
from animeflow.tables.schemas.measures import NO_SAMPLE, TEXT

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Areas:
    """Shares of one frame (0-1) under all text, under each role and under all that is no subtitle; (line, role)."""

    everything: float
    subtitles: float
    credits: float
    signs: float
    other: float
    lines: tuple[tuple[str, str], ...]


def measure_text(
    text_boxes: pa.Table, clips: Rows, settings: TextMeasureSettings, *, unread: str | None = None
) -> pa.Table:
    """The table `text`: one row for each row of `clips` of one video.

    `text_boxes` are the sampled frames of that video. Where text was not read (`unread` says why: SWITCHED_OFF or
    NOT_READ) or no sampled frame lies in the clip (NO_SAMPLE) the measures are null with the reason.
    """
    texts = read_texts(text_boxes.sort_by("frame").to_pylist(), settings)
    usual = subtitle_height(texts, settings)
    frames = {row["frame"]: frame_areas(row, settings, usual=usual) for row in texts}
    return TEXT.table(_row(clip, frames, unread) for clip in clips)


def frame_areas(
    row: Mapping[str, Any], settings: TextMeasureSettings, *, usual: float | None = None
) -> Areas:
    """Areas of one sampled frame with the boxes that are text; unions of polygons, never their sums.

    `usual` is the height of its video's subtitles.
    """
    width, height = row["width"], row["height"]
    boxes = row["boxes"]
    roles = roles_of(boxes, (width, height), settings, subtitle_height=usual)

    def share(*wanted: str) -> float:
        found = [box["polygon"] for box, role in zip(boxes, roles, strict=True) if role in wanted]
        return union_share(found, width, height)

    return Areas(
        share(SUBTITLE, CREDITS, SIGN),
        share(SUBTITLE),
        share(CREDITS),
        share(SIGN),
        share(CREDITS, SIGN),
        tuple((box["text"], role) for box, role in zip(boxes, roles, strict=True)),
    )


def _row(clip: Mapping[str, Any], frames: Mapping[int, Areas], unread: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {"clip_id": clip["clip_id"], "video_id": clip["video_id"]}
    inside = [areas for frame, areas in sorted(frames.items()) if clip["start"] <= frame < clip["end"]]
    row["sampled_frames"] = len(inside)
    if unread is not None or not inside:
        return row | {"reason": unread or NO_SAMPLE}
    lines: dict[str, str] = {}
    for areas in inside:
        for line, role in areas.lines:
            lines.setdefault(line, role)
    return row | {
        "text_area_max": max(areas.everything for areas in inside),
        "text_area_mean": float(np.mean([areas.everything for areas in inside])),
        "subtitle_area_max": max(areas.subtitles for areas in inside),
        "credits_area_max": max(areas.credits for areas in inside),
        "sign_area_max": max(areas.signs for areas in inside),
        "other_area_max": max(areas.other for areas in inside),
        "text": "\n".join(lines),
        "roles": "\n".join(lines.values()),
    }
