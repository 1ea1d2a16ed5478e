"""Share of the frame under recognised text, per clip; subtitles and other text apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from animeflow.settings.measures import TextMeasureSettings
from animeflow.tables.schemas.measures import TEXT

NOT_READ = "text was not read: no recogniser in this profile or no weights for it"
NO_SAMPLE = "no sampled frame lies in the clip"
_FEW, _MAX_PITCH = 2, 1.75  # so few characters may take so much of a line's height each
_ALONE_SCORE = 0.97
_GRID = 640  # px: polygons are filled on a raster of this width, so that overlaps count once
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Areas:
    """Shares of one frame (0-1) under all text, under subtitles, and under other text; and the lines."""

    everything: float
    subtitles: float
    other: float
    lines: tuple[str, ...]


def measure_text(
    text_boxes: pa.Table, clips: Rows, settings: TextMeasureSettings, *, was_read: bool
) -> pa.Table:
    """The table `text`: one row for each row of `clips` of one video.

    `text_boxes` are the sampled frames of that video. Without a recogniser (`was_read` False) or without a sampled
    frame in the clip the measures are null with the reason, so that the clip passes as unmeasured.
    """
    frames = {row["frame"]: frame_areas(row, settings) for row in text_boxes.to_pylist()}
    return TEXT.table(_row(clip, frames, was_read) for clip in clips)


def frame_areas(row: Mapping[str, Any], settings: TextMeasureSettings) -> Areas:
    """Areas of one sampled frame; a union of polygons, never their sum."""
    width, height = row["width"], row["height"]
    boxes = [box for box in row["boxes"] if is_text(box, settings)]
    subtitles = [box for box in boxes if is_subtitle(box["polygon"], height, settings)]
    other = [box for box in boxes if not is_subtitle(box["polygon"], height, settings)]
    return Areas(
        union_share([box["polygon"] for box in boxes], width, height),
        union_share([box["polygon"] for box in subtitles], width, height),
        union_share([box["polygon"] for box in other], width, height),
        tuple(box["text"] for box in boxes),
    )


def is_text(box: Mapping[str, Any], settings: TextMeasureSettings) -> bool:
    """Whether a box was read surely, and not as one or two characters that do not fill it.

    A window front read as two characters of 1.9 times their height each had a score of 0.80; two characters set with
    a full space between them take 1.5. A boat was read as one character with up to 0.966, a bookshelf with 0.918: a
    character by itself must be sure.
    """
    corners = np.asarray(box["polygon"], np.float64).reshape(4, 2)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    length, height = sorted((sides[[0, 2]].max(), sides[[1, 3]].max()), reverse=True)
    count = len(box["text"].strip())
    filled = count > _FEW or length <= _MAX_PITCH * height * max(1, count)
    least = settings.min_score if count > 1 else max(settings.min_score, _ALONE_SCORE)
    return bool(box["score"] >= least and filled)


def is_subtitle(polygon: Sequence[float], height: int, settings: TextMeasureSettings) -> bool:
    """Whether a box (x1 y1 .. x4 y4 in px) lies wholly in the subtitle band and is as low as a line of text."""
    ys = np.asarray(polygon, np.float64)[1::2] / height
    return bool(ys.min() >= settings.subtitle_top and ys.max() - ys.min() <= settings.subtitle_max_height)


def union_share(polygons: Sequence[Sequence[float]], width: int, height: int) -> float:
    """Share of a width x height frame (0-1) inside any of the quadrilaterals (x1 y1 .. x4 y4 in px)."""
    if not polygons:
        return 0.0
    scale = _GRID / width
    mask = np.zeros((max(1, round(height * scale)), _GRID), np.uint8)
    points = [np.round(np.asarray(p, np.float64).reshape(4, 2) * scale).astype(np.int32) for p in polygons]
    for quad in points:  # one by one: fillPoly leaves overlaps of one call empty
        cv2.fillPoly(mask, [quad], 1)
    return float(mask.mean())


def _row(clip: Mapping[str, Any], frames: Mapping[int, Areas], was_read: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"clip_id": clip["clip_id"], "video_id": clip["video_id"]}
    inside = [areas for frame, areas in sorted(frames.items()) if clip["start"] <= frame < clip["end"]]
    row["sampled_frames"] = len(inside)
    if not was_read or not inside:
        return row | {"reason": NO_SAMPLE if was_read else NOT_READ}
    lines = dict.fromkeys(line for areas in inside for line in areas.lines)
    return row | {
        "text_area_max": max(areas.everything for areas in inside),
        "text_area_mean": float(np.mean([areas.everything for areas in inside])),
        "subtitle_area_max": max(areas.subtitles for areas in inside),
        "other_area_max": max(areas.other for areas in inside),
        "text": "\n".join(lines),
    }
