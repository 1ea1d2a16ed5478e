"""The tables of the group layers for a drawn video, from the truth of its shots: no method is run."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from animeflow.sample import DrawnShot
from animeflow.tables import ids
from animeflow.tables.staging import Staging
from animeflow_tests.report.shard_writer import (
    KEPT,
    SHARD,
    DrawnVideo,
    Row,
    Writer,
    clip_of,
    clip_span,
    put,
    webp,
)


def write_layers(writer: Writer) -> None:
    """Published layers of every kept clip; the stages before them hold their tables only."""
    staging = writer.workspace.staging(SHARD, "smoothed_layers")
    rows: list[Row] = []
    clips: list[Row] = []
    for video in writer.videos:
        for place, shot in enumerate(video.shots):
            if shot.kind in KEPT:
                drawn = _clip_rows(staging, video, place, shot)
                rows += drawn
                clips.append(_summary(video, place, drawn))
    writer.finish("segmentation", {"segmentation": [_seed(row) for row in rows]}, decoded=0.3)
    writer.finish(
        "background_layers",
        {"background_layers": [], "background_pictures": [], "camera_motion": []},
        decoded=0.3,
    )
    writer.finish("character_layers", {"character_layers": []}, decoded=0.3)
    writer.finish("effect_layers", {"effect_layers": []}, decoded=0.3)
    writer.finish(
        "smoothed_layers", {"smoothed_layers": rows, "layer_clips": clips}, staging=staging, decoded=0.3
    )


def _clip_rows(staging: Staging, video: DrawnVideo, place: int, shot: DrawnShot) -> list[Row]:
    base, (start, end) = video.starts[place], clip_span(video, place)
    firsts = [int(f) + base for f in np.flatnonzero(np.diff(shot.drawing, prepend=-1))]
    spans = zip(firsts, [*firsts[1:], base + len(shot.frames)], strict=True)
    return [
        _row(staging, video, place, shot, max(a, start), min(b, end))
        for a, b in spans
        if a < end and b > start
    ]


def _row(staging: Staging, video: DrawnVideo, place: int, shot: DrawnShot, start: int, end: int) -> Row:
    t, clip = start - video.starts[place], clip_of(video, place)
    name = f"{clip}/{start:07d}"
    hole = np.zeros(shot.frames.shape[1:3], np.uint8)
    hole[:20, :30] = 255
    instances = sum(
        (np.uint8(i + 1) * (alpha[t] > 0.5) for i, alpha in enumerate(shot.instances)), np.zeros_like(hole)
    )
    effect = (
        _named("effect", put(staging, f"{name}-effect.webp", webp(shot.effect[t])))
        if shot.effect[t].any()
        else {}
    )
    return {
        "clip_id": clip, "drawing_id": ids.drawing_id(video.id, start), "video_id": video.id, "start": start,
        "end": end, "shot": place,
        **_named("character", put(staging, f"{name}-character.webp", webp(shot.character[t]))),
        **_named("background", put(staging, f"{name}-background.webp", webp(shot.background[t]))),
        **_named("hole", put(staging, f"{name}-hole.png", png(hole))),
        **_named("instances", put(staging, f"{name}-instances.png", png(instances.astype(np.uint8)))),
        **effect,
        "blend": "add" if effect else None, "effect_intensity": 0.3 if effect else None,
        "coverage": float(shot.alpha[t].mean()), "seen_share": 0.9, "recomposition_psnr": 41.0, "outside_psnr": 40.0,
        "instances": [{"instance": 1, "x": 0, "y": 0, "width": 4, "height": 4, "area": 16}],
    }  # fmt: skip


def _summary(video: DrawnVideo, place: int, rows: list[Row]) -> Row:
    plate = video.shots[place].kind != "zoom"
    return {
        "clip_id": clip_of(video, place), "video_id": video.id, "drawings": len(rows),
        "verdict": "plate" if plate else "none", "reason": "still" if plate else "no_registration", "smoothed": True,
        "flicker_before": 4.0, "flicker": 2.5, "seen_share": 0.9, "quality": 0.9, "recomposition_psnr": 41.0,
        "outside_psnr": 40.0, "necessity": 0.9, "steadiness": 0.2, "instance_count": 1,
        "effect_share": float(np.mean([row["blend"] is not None for row in rows])),
    }  # fmt: skip


def _seed(row: Row) -> Row:
    """The seed of a published drawing; its picture is not shown."""
    same = {name: row[name] for name in ("clip_id", "drawing_id", "video_id", "start", "end", "instances")}
    picture = {"media_path": "media/seed.webp", "size_bytes": 0, "sha256": ""}
    return {**same, **picture, "asked": True, "refined": True, "coverage": row["coverage"], "agreement": 0.8}


def _named(prefix: str, columns: Row) -> dict[str, Any]:
    return {
        f"{prefix}_{new}": columns[old]
        for new, old in (("path", "media_path"), ("bytes", "size_bytes"), ("sha256", "sha256"))
    }


def png(array: np.ndarray) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(array).save(sink, "PNG")
    return sink.getvalue()
