"""The `episode` export: the tree, names and frame records of the earlier layer pipeline, kept exactly.

    episode_001/layers/character/scene0000_frame000000_char.png     RGBA
                layers/effects/scene0000_frame000000_effect.png     RGBA
                layers/background/scene0000_frame000000_bg.jpg
                metadata/frame_annotations.json, character_embeddings.npy, temporal_mapping.json
                statistics/scene_distribution.json, quality_report.json

One record per drawing of a kept clip, named by its shot and its first frame there; held frames share it
(`temporal_mapping.json` has the ranges). What no model here can say is null.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.delivery.clips import FrameTimes
from animeflow.delivery.episode_statistics import quality_report, scene_distribution
from animeflow.delivery.export_files import ExportFiles
from animeflow.delivery.layer_files import LayerFiles, PublishedDrawing, effect_rgba
from animeflow.delivery.mattes import bounding_box, mask_quality
from animeflow.media.images import encode_jpeg

U8 = npt.NDArray[np.uint8]
Record = dict[str, Any]


@dataclass(frozen=True)
class Episode:
    """What one episode of the export is made of. `number` is that of the file's name (`episode_numbers`).

    `clips` are rows of `kept_clips` with `keep`, `motion` {clip: magnitude}, `captions` {clip: text}, `vectors`
    {drawing_id: embedding}.
    """

    number: int
    video_id: str
    path: str
    times: FrameTimes
    clips: Sequence[Mapping[str, Any]]
    drawings: Sequence[PublishedDrawing]
    motion: Mapping[str, float | None]
    captions: Mapping[str, str | None]
    vectors: Mapping[str, Sequence[float]]

    @property
    def name(self) -> str:
        return f"episode_{self.number:03d}"


def export_episode(
    episode: Episode, layers: LayerFiles, files: ExportFiles, *, jpeg_quality: int, threads: int = 1
) -> list[Record]:
    """Write one episode under data/<shard>/episode_NNN/ and return its records. Memory holds a drawing per thread."""
    vectors = _Vectors()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        written = pool.map(
            lambda drawing: _write_layers(episode, drawing, layers, files, jpeg_quality), episode.drawings
        )
        records = list(_records(episode, written, vectors))
    _link(records)
    ids = {"video_id": episode.video_id}
    for name, value in (
        ("metadata/frame_annotations.json", records),
        ("metadata/temporal_mapping.json", temporal_mapping(episode)),
        (
            "statistics/scene_distribution.json",
            scene_distribution(episode.name, records, episode.drawings, episode.times),
        ),
        ("statistics/quality_report.json", quality_report(episode.name, records)),
    ):
        role = "statistics" if name.startswith("statistics") else "metadata"
        files.write_text(f"{episode.name}/{name}", _json(value), role=role, **ids)
    files.write_bytes(
        f"{episode.name}/metadata/character_embeddings.npy", vectors.npy(), role="embeddings", **ids
    )
    return records


def frame_id(drawing: PublishedDrawing) -> str:
    """scene0000_frame000000: the shot and the frame number in the video."""
    return f"scene{drawing.shot:04d}_frame{drawing.start:06d}"


def temporal_mapping(episode: Episode) -> dict[str, Any]:
    """{scene: the frames of the video that each record stands for}, ends exclusive."""
    scenes: dict[str, list[dict[str, Any]]] = {}
    for drawing in episode.drawings:
        entry = {"frame_id": frame_id(drawing), "start_frame": drawing.start, "end_frame": drawing.end}
        scenes.setdefault(f"scene{drawing.shot:04d}", []).append(entry)
    return {
        "episode": episode.name,
        "source_path": episode.path,
        "video_id": episode.video_id,
        "scenes": scenes,
    }


def _records(episode: Episode, written: Iterable[Record], vectors: _Vectors) -> Iterator[Record]:
    seen: set[int] = set()
    for drawing, layers in zip(episode.drawings, written, strict=True):
        yield {
            "episode": episode.name,
            "frame_id": frame_id(drawing),
            "timestamp": f"{float(episode.times.seconds(drawing.start) - episode.times.seconds(0)):.2f}s",
            "layers": layers,
            "annotations": _annotations(episode, drawing, vectors),
            "temporal": {
                "scene_id": f"scene{drawing.shot:04d}",
                "is_scene_start": drawing.shot not in seen,
                "prev_frame": None,
                "next_frame": None,
                "motion_magnitude": episode.motion.get(drawing.clip_id),
            },
        }
        seen.add(drawing.shot)


def _write_layers(
    episode: Episode,
    drawing: PublishedDrawing,
    layers: LayerFiles,
    files: ExportFiles,
    jpeg_quality: int,
) -> Record:
    name = frame_id(drawing)
    ids = {"video_id": episode.video_id, "clip_id": drawing.clip_id}
    root = f"{episode.name}/"
    rgba = layers.character(drawing)
    paths = {
        "character": f"layers/character/{name}_char.png",
        "effects": f"layers/effects/{name}_effect.png",
        "background": f"layers/background/{name}_bg.jpg",
    }
    files.write_png(root + paths["character"], rgba, role="character", **ids)
    effect = layers.effect(drawing)
    if effect is not None:
        files.write_png(root + paths["effects"], effect_rgba(effect, drawing.blend), role="effect", **ids)
    jpeg = encode_jpeg(layers.background(drawing), quality=jpeg_quality)
    files.write_bytes(root + paths["background"], jpeg, role="background", **ids)
    alpha = np.ascontiguousarray(rgba[..., 3])
    return {
        "character": {
            "path": paths["character"],
            "bbox": bounding_box(alpha),
            "mask_quality": mask_quality(alpha),
            "has_transparent": bool((alpha < 255).any()),
        },
        "effects": {
            "path": None if effect is None else paths["effects"],
            "detected_types": [] if effect is None or drawing.effect_kind is None else [drawing.effect_kind],
            "intensity": drawing.effect_intensity,
        },
        "background": {
            "path": paths["background"],
            "inpainted": drawing.inpainted,
            "quality": drawing.background_quality,
        },
    }


def _annotations(episode: Episode, drawing: PublishedDrawing, vectors: _Vectors) -> Record:
    return {
        "scene_type": None,
        "scene_confidence": None,
        "mood": None,
        "visual_style": None,
        "character_caption": episode.captions.get(drawing.clip_id),
        "action": None,
        "pose": None,
        "expression": None,
        "clip_embedding": vectors.row(episode.vectors.get(drawing.drawing_id)),
        "dinov2_embedding": None,
    }


def _link(records: Sequence[Record]) -> None:
    """Each record names its neighbours inside its scene."""
    for before, after in itertools.pairwise(records):
        if before["temporal"]["scene_id"] == after["temporal"]["scene_id"]:
            before["temporal"]["next_frame"] = after["frame_id"]
            after["temporal"]["prev_frame"] = before["frame_id"]


class _Vectors:
    """Rows of character_embeddings.npy in the order of the records; a record holds its row's number."""

    def __init__(self) -> None:
        self._rows: list[Sequence[float]] = []

    def row(self, vector: Sequence[float] | None) -> int | None:
        if vector is None:
            return None
        self._rows.append(vector)
        return len(self._rows) - 1

    def npy(self) -> bytes:
        """float32 [n, dimensions]; [0, 0] without any."""
        matrix = np.array(self._rows, np.float32) if self._rows else np.zeros((0, 0), np.float32)
        sink = io.BytesIO()
        np.save(sink, matrix, allow_pickle=False)
        return sink.getvalue()


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def episodes_file(episodes: Iterable[Episode]) -> str:
    """episodes.json: which video each episode is."""
    listed = {e.name: {"video_id": e.video_id, "source_path": e.path} for e in episodes}
    return _json(listed)
