"""Labels of kept clips that need no hub: each is a rule on stored measures or published layers, and says which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.annotation.camera import camera_move
from animeflow.annotation.figure import Figure, measure_figure, shot_scale
from animeflow.annotation.holds import hold_pattern
from animeflow.annotation.palette import as_rows, palette
from animeflow.annotation.shown import Shown, shown_drawings
from animeflow.annotation.thumbs import thumbnails_of
from animeflow.settings.annotation import LabelSettings
from animeflow.tables.frames import frame_times
from animeflow.tables.handle import Handle
from animeflow.tables.holds import NAMES, Holds
from animeflow.tables.specs import TABLES

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Row = dict[str, Any]

NO_LAYERS = "the clip has no published layers"
NO_CHARACTER = "no character is visible"
NO_CAMERA = "the camera was not measured"


class LayerView(Protocol):
    """What labels read of the layers of one video."""

    def camera(self, clip_id: str) -> tuple[F64, tuple[int, int]] | None:
        """([T, 3, 3] frame px -> plate px for every frame of a clip, (width, height) in px), None when not measured."""

    def character(self, clip_id: str, drawing_id: str) -> U8 | None:
        """The published character of a drawing, straight RGBA [h, w, 4]; None where there is none."""


@dataclass(frozen=True)
class Stored:
    """The rows of one video that labels are read from."""

    video_id: str
    kept_clips: Sequence[Mapping[str, Any]]
    drawings: Sequence[Mapping[str, Any]]
    motion: Sequence[Mapping[str, Any]]
    text: Sequence[Mapping[str, Any]]
    signals: Handle


@dataclass
class _Labels:
    """Columns of one clip, and how each came about."""

    row: Row
    how: dict[str, str] = field(default_factory=dict)

    def put(self, label: str, value: Any, how: str) -> None:
        self.row[label] = value
        self.how[label] = how


def label_video(
    stored: Stored, layers: LayerView, settings: LabelSettings, *, threads: int = 1
) -> dict[str, pa.Table]:
    """The tables `annotations` (one row per kept clip) and `drawing_annotations` of a video.

    Nothing is decoded: palettes come from stored thumbnails, figures from the published layers, of which memory holds
    one per thread.
    """
    shown = shown_drawings(stored.kept_clips, stored.drawings)
    thumbs = thumbnails_of(stored.signals, stored.video_id, {item.frame for item in shown})
    times = frame_times(stored.signals.frames(stored.video_id))
    motion = {row["clip_id"]: row for row in stored.motion}
    text = {row["clip_id"]: row for row in stored.text}
    kept = sorted((c for c in stored.kept_clips if c["keep"]), key=lambda c: (c["start"], c["end"]))
    clips, pictures = [], []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for clip in kept:
            clip_id = clip["clip_id"]
            mine = [item for item in shown if item.clip_id == clip_id]
            looked = list(pool.map(lambda item: _look(item, thumbs, layers, settings), mine))
            pictures += [one.row for one in looked]
            labels = _Labels({"clip_id": clip_id, "video_id": stored.video_id, "shot": clip["shot"]})
            holds = hold_pattern(
                stored.drawings, times, clip["start"], clip["end"], majority=settings.hold_share
            )
            _put_figures(labels, looked, settings)
            _put_palettes(labels, looked, thumbs, settings)
            _put_motion(labels, motion.get(clip_id), holds, settings)
            _put_camera(labels, layers.camera(clip_id), settings)
            _put_text(labels, text.get(clip_id), settings)
            _put_holds(labels, holds, settings)
            labels.row["derivation_json"] = json.dumps(labels.how, sort_keys=True, ensure_ascii=False)
            clips.append(labels.row)
    return {
        "annotations": TABLES["annotations"].table(clips),
        "drawing_annotations": TABLES["drawing_annotations"].table(pictures),
    }


@dataclass(frozen=True)
class _Look:
    """A drawing of a clip: its row, its figure, and the pixels of its characters [n, 3]."""

    item: Shown
    row: Row
    figure: Figure | None
    pixels: U8


def _look(item: Shown, thumbs: Mapping[int, U8], layers: LayerView, settings: LabelSettings) -> _Look:
    rgba = layers.character(item.clip_id, item.drawing_id)
    figure = None if rgba is None else measure_figure(np.ascontiguousarray(rgba[..., 3]), settings)
    pixels = np.zeros((0, 3), np.uint8)
    if rgba is not None and figure is not None:
        pixels = _visible(rgba, settings)
    row: Row = {
        "clip_id": item.clip_id,
        "drawing_id": item.drawing_id,
        "video_id": item.video_id,
        "frame": item.frame,
        "palette": _palette(thumbs[item.frame].reshape(-1, 3), None, settings),
        "reason": NO_LAYERS if rgba is None else NO_CHARACTER if figure is None else None,
    }
    if rgba is not None:
        row["character_share"] = figure.share if figure else 0.0
    if figure is not None:
        row |= dict(zip(("box_x", "box_y", "box_width", "box_height"), figure.box, strict=True))
        row["character_palette"] = _palette(pixels, None, settings)
    return _Look(item, row, figure, pixels)


def _put_figures(labels: _Labels, looked: Sequence[_Look], settings: LabelSettings) -> None:
    if all(one.row["reason"] == NO_LAYERS for one in looked):
        for name in ("shot_scale", "character_share", "character_height"):
            labels.put(name, None, NO_LAYERS)
        return
    frames = np.array([one.item.frames for one in looked], np.float64)
    shares = np.array([one.row.get("character_share") or 0.0 for one in looked])
    labels.put(
        "character_share", float(np.average(shares, weights=frames)), "mean over the frames of the clip"
    )
    figures = [one.figure for one in looked if one.figure is not None]
    scale = shot_scale(figures, settings)
    if scale is None:
        for name in ("shot_scale", "character_height"):
            labels.put(name, None, NO_CHARACTER)
        return
    labels.put("shot_scale", *scale)
    heights = [figure.box[3] / figure.size[1] for figure in figures]
    labels.put("character_height", median(heights), "median over the drawings with a character")


def _put_palettes(
    labels: _Labels, looked: Sequence[_Look], thumbs: Mapping[int, U8], settings: LabelSettings
) -> None:
    pixels = np.concatenate([thumbs[one.item.frame].reshape(-1, 3) for one in looked])
    per_thumb = len(pixels) // len(looked)
    weights = np.repeat(np.array([one.item.frames for one in looked], np.float32), per_thumb)
    labels.put(
        "palette", _palette(pixels, weights, settings), "k-means in Lab on 48x27 thumbnails of the drawings"
    )
    cels = [one for one in looked if len(one.pixels)]
    if not cels:
        labels.put("character_palette", None, labels.how["shot_scale"])
        return
    weights = np.concatenate(
        [np.full(len(c.pixels), c.item.frames / len(c.pixels), np.float32) for c in cels]
    )
    colours = _palette(np.concatenate([c.pixels for c in cels]), weights, settings)
    labels.put("character_palette", colours, "k-means in Lab on visible pixels of the character layers")


def _put_motion(
    labels: _Labels, row: Mapping[str, Any] | None, holds: Holds, settings: LabelSettings
) -> None:
    speed = None if row is None else row["motion_share"]
    if holds.pattern == "still":
        labels.put("motion_class", "still", "one drawing is seen throughout")
    elif speed is None:
        labels.put("motion_class", None, (row or {}).get("reason") or "motion was not measured")
    else:
        limits = (settings.still_motion, settings.slow_motion, settings.fast_motion)
        word = ("still", "slow", "moderate", "fast")[sum(speed >= limit for limit in limits)]
        labels.put("motion_class", word, f"motion_share {speed:.3f} diagonals per second against {limits}")


def _put_camera(
    labels: _Labels, measured: tuple[F64, tuple[int, int]] | None, settings: LabelSettings
) -> None:
    names = ("camera_x", "camera_y", "camera_zoom")
    if measured is None:
        for name in ("camera_move", *names):
            labels.put(name, None, NO_CAMERA)
        return
    move = camera_move(*measured, settings)
    labels.put("camera_move", move.kind, f"way of {move.path:.3f} diagonals over the plate")
    for name, value in zip(names, (move.x, move.y, move.zoom), strict=True):
        labels.put(name, value, "registration of the frames to the plate")


def _put_text(labels: _Labels, row: Mapping[str, Any] | None, settings: LabelSettings) -> None:
    for label, column in (("has_text", "other_area_max"), ("has_subtitle", "subtitle_area_max")):
        area = None if row is None else row[column]
        if area is None:
            labels.put(label, None, (row or {}).get("reason") or "text was not measured")
        else:
            labels.put(label, area >= settings.text_area, f"{column} {area:.4f} against {settings.text_area}")


def _put_holds(labels: _Labels, holds: Holds, settings: LabelSettings) -> None:
    labels.put(
        "hold_pattern",
        holds.pattern,
        f"at least {settings.hold_share:g} of the time in holds of one length",
    )
    labels.row["drawings"] = holds.drawings
    for name, share in zip(NAMES, holds.shares, strict=True):
        labels.row[f"hold_{name}"] = share


def _palette(
    pixels: U8, weights: npt.NDArray[np.float32] | None, settings: LabelSettings
) -> list[dict[str, object]]:
    return as_rows(
        palette(
            pixels,
            weights,
            colours=settings.palette_colours,
            limit=settings.palette_pixels,
            distance=settings.palette_distance,
        )
    )


def _visible(rgba: U8, settings: LabelSettings) -> U8:
    """Colours [n, 3] of the pixels that are seen, at most as many as a palette looks at, at regular distances."""
    seen = np.flatnonzero(rgba[..., 3] >= settings.visible_alpha * 255)
    step = max(1, -(-len(seen) // settings.palette_pixels))
    return np.ascontiguousarray(rgba.reshape(-1, 4)[seen[::step], :3])
