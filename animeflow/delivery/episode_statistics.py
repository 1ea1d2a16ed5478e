"""Statistics of an episode, recounted from its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import mean
from typing import Any

from animeflow.delivery.clips import FrameTimes
from animeflow.delivery.layer_files import PublishedDrawing

Record = Mapping[str, Any]


def scene_distribution(
    episode: str, records: Sequence[Record], drawings: Sequence[PublishedDrawing], times: FrameTimes
) -> dict[str, Any]:
    """scene_distribution.json: records, frames and seconds per scene, and their share of the episode's frames.

    `last_frame` is inclusive; `seconds` is how long the counted frames are shown, the last one too.
    """
    total = sum(drawing.end - drawing.start for drawing in drawings)
    scenes: dict[str, dict[str, Any]] = {}
    shown: dict[str, Fraction] = {}
    for record, drawing in zip(records, drawings, strict=True):
        scene_id = record["temporal"]["scene_id"]
        scene = scenes.setdefault(scene_id, {"records": 0, "frames": 0, "first_frame": drawing.start})
        shown[scene_id] = shown.get(scene_id, Fraction(0)) + times.shown(drawing.start, drawing.end)
        scene["records"] += 1
        scene["frames"] += drawing.end - drawing.start
        scene["last_frame"] = drawing.end - 1
    for scene_id, scene in scenes.items():
        scene["seconds"] = round(float(shown[scene_id]), 3)
        scene["share"] = round(scene["frames"] / total, 4)
    return {"episode": episode, "scenes": scenes, "total_scenes": len(scenes), "total_frames": total}


def quality_report(episode: str, records: Sequence[Record]) -> dict[str, Any]:
    """quality_report.json: how many records have which layer, and the mean of what is measured of it."""
    characters = [record["layers"]["character"] for record in records]
    effects = [record["layers"]["effects"] for record in records]
    backgrounds = [record["layers"]["background"] for record in records]
    types: dict[str, int] = {}
    for effect in effects:
        for kind in effect["detected_types"]:
            types[kind] = types.get(kind, 0) + 1
    return {
        "episode": episode,
        "total_frames": len(records),
        "character": {
            "present": sum(character["bbox"] is not None for character in characters),
            "mean_mask_quality": _mean(character["mask_quality"] for character in characters),
        },
        "effects": {
            "present": sum(effect["path"] is not None for effect in effects),
            "types": dict(sorted(types.items())),
            "mean_intensity": _mean(effect["intensity"] for effect in effects),
        },
        "background": {
            "inpainted": sum(bool(background["inpainted"]) for background in backgrounds),
            "mean_quality": _mean(background["quality"] for background in backgrounds),
        },
    }


def _mean(values: Any) -> float | None:
    known = [float(value) for value in values if value is not None]
    return round(mean(known), 4) if known else None
