"""The stage `background_layers`: camera, plate, holes and verdict of a kept clip, as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animeflow.layers.background import HOLE_FROM, Background, make_background
from animeflow.layers.camera import Camera
from animeflow.layers.clip import Clip
from animeflow.layers.fill import Inpaint
from animeflow.layers.fitness import Verdict
from animeflow.layers.registration import MotionKind
from animeflow.layers.seeds import SeedMaps
from animeflow.layers.store import LayerWriter, Row, ShownDrawing, base_row, drawing_rows, picture_at
from animeflow.settings.layers import LayersSettings
from animeflow.tables.handle import Handle


@dataclass(frozen=True)
class BackgroundRows:
    """Rows of the three tables of the stage for one clip."""

    clip: Row
    pictures: list[Row]
    camera: list[Row]


def background_clip(
    clip: Clip,
    shown: Sequence[ShownDrawing],
    video_id: str,
    seeds: Sequence[SeedMaps],
    writer: LayerWriter,
    settings: LayersSettings,
    inpaint: Inpaint,
) -> BackgroundRows:
    """Build the background of a clip and write its pictures."""
    found = make_background(
        clip, seeds, settings.background, tolerance=settings.character.tolerance, inpaint=inpaint
    )
    return BackgroundRows(
        _clip_row(clip, video_id, found),
        [_picture_row(clip, video_id, found, number, writer) for number in range(len(found.pictures))],
        [_camera_row(clip, d, video_id, shown, found) for d in range(clip.drawings)],
    )


def stored_background(handle: Handle, clip: Clip, video_id: str) -> Background:
    """The background of a clip, read back from the stage's files."""
    row = next(r for r in handle.rows(video_id=video_id) if r["clip_id"] == clip.clip_id)
    mine = [r for r in handle.rows("background_pictures", video_id=video_id) if r["clip_id"] == clip.clip_id]
    mine.sort(key=lambda r: r["picture"])
    camera = drawing_rows(handle, "camera_motion", clip, video_id)
    held = [shown["end"] - shown["start"] for shown in camera]
    canvas = (row["canvas_width"] or clip.size[0], row["canvas_height"] or clip.size[1])
    placed = np.stack([np.reshape(r["to_canvas"], (3, 3)) for r in camera])
    return Background(
        Verdict(row["verdict"]),
        row["reason"],
        [picture_at(handle, r["picture_path"]) for r in mine],
        [picture_at(handle, r["provenance_path"]) for r in mine],
        np.array([r["picture"] for r in camera], np.int32),
        np.stack([np.reshape(r["to_picture"], (3, 3)) for r in camera]),
        Camera(
            np.repeat(placed, held, axis=0),
            np.repeat(np.array([r["support"] for r in camera], np.float32), held),
            tuple(MotionKind(r["model"]) for r in camera for _ in range(r["end"] - r["start"])),
            canvas,
        ),
        (),  # the verdict is stored; nobody judges again
        row["sigma"],
        row["samples"],
    )


def stored_seeds(handle: Handle, clip: Clip, video_id: str) -> list[SeedMaps]:
    """The seed maps of a clip, read back from the files of `segmentation`."""
    rows = drawing_rows(handle, "segmentation", clip, video_id)
    return [SeedMaps(picture_at(handle, r["media_path"]), r["asked"], r["refined"]) for r in rows]


def seen_share(found: Background, drawing: int, size: tuple[int, int]) -> float:
    """Share of the picture behind a drawing that some frame shows, 0-1."""
    return float((found.behind(drawing, size).provenance < HOLE_FROM).mean())


def _clip_row(clip: Clip, video_id: str, found: Background) -> Row:
    canvas = found.pictures[0].shape[1::-1] if found.has_plate else (None, None)
    shares = [seen_share(found, d, clip.size) for d in range(clip.drawings)]
    return {
        "clip_id": clip.clip_id,
        "video_id": video_id,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "canvas_width": canvas[0],
        "canvas_height": canvas[1],
        "samples": found.samples,
        "sigma": float(found.sigma),
        "unexplained": float(np.median([fit.unexplained for fit in found.fitness])),
        "seen_share": float(np.mean(shares)),
    }


def _picture_row(clip: Clip, video_id: str, found: Background, number: int, writer: LayerWriter) -> Row:
    name = f"{video_id}_background{number:05d}"
    return {
        "clip_id": clip.clip_id,
        "video_id": video_id,
        "picture": number,
        **writer.webp(name, np.ascontiguousarray(found.pictures[number]), "picture"),
        **writer.png(f"{name}_provenance", np.ascontiguousarray(found.provenance[number]), "provenance"),
    }


def _camera_row(
    clip: Clip, drawing: int, video_id: str, shown: Sequence[ShownDrawing], found: Background
) -> Row:
    first = int(clip.firsts[drawing])
    return {
        **base_row(clip, drawing, video_id, shown),
        "picture": int(found.index[drawing]),
        "to_picture": found.matrices[drawing].ravel().tolist(),
        "to_canvas": found.camera.matrices[first].ravel().tolist(),
        "support": float(found.camera.support[first]),
        "model": found.camera.kinds[first].value,
    }
