"""The published layers of a shard as exports read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.delivery.clips import Row, by_video
from animeflow.delivery.layer_files import PublishedDrawing
from animeflow.media.images import read_image
from animeflow.tables.handle import Handle

U8 = npt.NDArray[np.uint8]
# How the older pipeline's `detected_types` calls what a blend can be: light is added, smoke and glass are seen through.
KINDS = {"add": "light", "screen": "light", "over": "see_through"}


class PublishedLayers:
    """Rows and pictures of `smoothed_layers`; a picture is read when it is asked for."""

    def __init__(self, smoothed_layers: Handle) -> None:
        self._handle = smoothed_layers
        self._rows = by_video(smoothed_layers.rows("smoothed_layers"))
        self._quality = {row["clip_id"]: row["quality"] for row in smoothed_layers.rows("layer_clips")}
        self._by_drawing = {
            (row["clip_id"], row["drawing_id"]): row for rows in self._rows.values() for row in rows
        }

    @property
    def videos(self) -> set[str]:
        """Videos with published layers."""
        return set(self._rows)

    def drawings(self, video_id: str, clips: Sequence[Mapping[str, Any]]) -> tuple[PublishedDrawing, ...]:
        """The drawings of these clips of a video, in order of their first frame."""
        wanted = {clip["clip_id"] for clip in clips}
        rows = [row for row in self._rows.get(video_id, []) if row["clip_id"] in wanted]
        return tuple(
            self._drawing(row) for row in sorted(rows, key=lambda row: (row["start"], row["clip_id"]))
        )

    def character(self, drawing: PublishedDrawing) -> U8:
        """Straight RGBA [h, w, 4]."""
        return self._picture(drawing, "character_path", "RGBA")

    def background(self, drawing: PublishedDrawing) -> U8:
        """RGB [h, w, 3]."""
        return self._picture(drawing, "background_path", "RGB")

    def effect(self, drawing: PublishedDrawing) -> U8 | None:
        """RGB [h, w, 3] for add and screen, straight RGBA [h, w, 4] for over; None without one."""
        if drawing.blend is None:
            return None
        return self._picture(drawing, "effect_path", "RGBA" if drawing.blend == "over" else "RGB")

    def _picture(self, drawing: PublishedDrawing, column: str, mode: Any) -> U8:
        row = self._by_drawing[drawing.clip_id, drawing.drawing_id]
        return read_image(self._handle.media(row[column]), mode=mode)

    def _drawing(self, row: Row) -> PublishedDrawing:
        return PublishedDrawing(
            clip_id=row["clip_id"],
            drawing_id=row["drawing_id"],
            shot=row["shot"],
            start=row["start"],
            end=row["end"],
            blend=row["blend"],
            effect_kind=KINDS.get(row["blend"]),
            effect_intensity=row["effect_intensity"],
            inpainted=row["seen_share"] < 1,
            background_quality=self._quality.get(row["clip_id"]),
        )
