"""What labels read of the published layers of one video."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.media.images import read_image
from animeflow.tables.handle import Handle

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Row = dict[str, Any]


class PublishedLayers:
    """Characters from `smoothed_layers`, and the camera from `camera_motion` of `background_layers`.

    Pictures are read when they are asked for, one at a time.
    """

    def __init__(self, smoothed_layers: Handle, background_layers: Handle, video_id: str) -> None:
        self._layers = smoothed_layers
        rows = _rows(smoothed_layers, "smoothed_layers", video_id)
        self._paths = {(row["clip_id"], row["drawing_id"]): row["character_path"] for row in rows}
        plates = _rows(background_layers, "background_layers", video_id)
        with_plate = {row["clip_id"] for row in plates if row["canvas_width"] is not None}
        moves = _rows(background_layers, "camera_motion", video_id)
        self._moves = _by_clip(row for row in moves if row["clip_id"] in with_plate)

    def camera(self, clip_id: str) -> tuple[F64, tuple[int, int]] | None:
        """([drawings, 3, 3] frame px -> plate px, (width, height) in px); None for a clip without plate or layers."""
        rows = sorted(self._moves.get(clip_id, []), key=lambda row: int(row["start"]))
        path = next((path for (clip, _), path in self._paths.items() if clip == clip_id), None)
        if not rows or path is None:
            return None
        height, width = read_image(self._layers.media(path)).shape[:2]
        return np.array([row["to_canvas"] for row in rows], np.float64).reshape(-1, 3, 3), (width, height)

    def character(self, clip_id: str, drawing_id: str) -> U8 | None:
        """The character of a drawing, straight RGBA [h, w, 4]; None where no layers are published."""
        path = self._paths.get((clip_id, drawing_id))
        return None if path is None else read_image(self._layers.media(path), mode="RGBA")


def _rows(handle: Handle, table: str, video_id: str) -> list[Row]:
    return [row for row in handle.rows(table, video_id=video_id) if row["video_id"] == video_id]


def _by_clip(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["clip_id"], []).append(row)
    return found
