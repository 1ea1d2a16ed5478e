"""Share of the frame under recognised text, per clip: subtitles, credits and signs apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.measures.text_roles import CREDITS, SIGN, SUBTITLE, roles_of, subtitle_height
from animeflow.measures.union import union_share
from animeflow.settings.measures import TextMeasureSettings
from animeflow.tables.schemas.measures import NO_SAMPLE, TEXT

_FEW, _MAX_PITCH = 2, 1.75  # so few characters may take so much of a line's height each
_FEW_SCORE = 0.97
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
    rows = text_boxes.to_pylist()
    texts = [row | {"boxes": [box for box in row["boxes"] if is_text(box, settings)]} for row in rows]
    usual = subtitle_height(texts, settings)
    frames = {row["frame"]: frame_areas(row, settings, usual=usual) for row in texts}
    return TEXT.table(_row(clip, frames, unread) for clip in clips)


def frame_areas(
    row: Mapping[str, Any], settings: TextMeasureSettings, *, usual: float | None = None
) -> Areas:
    """Areas of one sampled frame; unions of polygons, never their sums. `usual` is the height of its subtitles."""
    width, height = row["width"], row["height"]
    boxes = [box for box in row["boxes"] if is_text(box, settings)]
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


def is_text(box: Mapping[str, Any], settings: TextMeasureSettings) -> bool:
    """Whether a box was read surely, and not as one or two characters that do not fill it.

    A window front read as two characters of 1.9 times their height each had a score of 0.80; two characters set with
    a full space between them take 1.5. A boat was read as one character with up to 0.966, a bookshelf with 0.918, a lit
    window in grain as "pm": one wide character, or two narrow ones, must be sure.
    """
    corners = np.asarray(box["polygon"], np.float64).reshape(4, 2)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    length, height = sorted((sides[[0, 2]].max(), sides[[1, 3]].max()), reverse=True)
    count = len(box["text"].strip())
    filled = count > _FEW or length <= _MAX_PITCH * height * max(1, count)
    cells = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in box["text"].strip())
    least = settings.min_score if cells > _FEW else max(settings.min_score, _FEW_SCORE)
    return bool(box["score"] >= least and filled)


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
