"""Layers as files: what a stage writes for the next one, and what is published; named by clip and drawing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.layers.clip import Clip
from animeflow.layers.pixels import I32, U8
from animeflow.media.chosen import chosen_frames
from animeflow.media.decode.reader import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.decode.seeking import FrameTimes
from animeflow.media.images import encode_png, encode_webp, read_image
from animeflow.settings.isolation import IsolationSettings
from animeflow.tables.handle import Handle
from animeflow.tables.staging import Staging

IN_MEMORY_BYTES = 256_000_000  # pictures of a clip beyond this lie in a file that the system may page out
# libwebp's effort at method 0: 25 takes 0.4 of the time of its default 75, in 98 % of the bytes (sample at 640x360).
LOSSLESS_EFFORT = 25
Row = dict[str, Any]


@dataclass(frozen=True)
class ShownDrawing:
    """A drawing as a clip shows it: frames start..end-1 of the video, cut off at the ends of the clip."""

    drawing_id: str
    start: int
    end: int


def shown_in(clip: Mapping[str, Any], drawings: Sequence[Mapping[str, Any]]) -> list[ShownDrawing]:
    """The drawings of a clip in order. `drawings` (drawing_id, start, end) are those of its video."""
    inside = [d for d in drawings if d["start"] < clip["end"] and d["end"] > clip["start"]]
    return [
        ShownDrawing(d["drawing_id"], max(d["start"], clip["start"]), min(d["end"], clip["end"]))
        for d in sorted(inside, key=lambda d: d["start"])
    ]


def decoded_clip(
    path: Path,
    clip: Mapping[str, Any],
    shown: Sequence[ShownDrawing],
    *,
    purpose: str,
    times: FrameTimes | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
    isolation: IsolationSettings | None = None,
) -> Clip:
    """The clip as separation sees it: one decoded frame per drawing, which stands for the frames that hold it.

    `times` as in `chosen_frames`.
    """
    pictures: npt.NDArray[Any] = np.empty((0, 0, 0, 3), np.uint8)
    starts = [drawing.start for drawing in shown]
    found = chosen_frames(path, starts, purpose=purpose, times=times, limits=limits, isolation=isolation)
    for place, (_, picture) in enumerate(found):
        if not place:
            pictures = spacious((len(shown), *picture.shape), np.uint8)
        pictures[place] = picture
    drawing = np.repeat(np.arange(len(shown)), [d.end - d.start for d in shown]).astype(np.int32)
    ids = tuple(d.drawing_id for d in shown)
    return Clip(clip["clip_id"], _Held(pictures, drawing), drawing, ids, clip["start"])


def spacious(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array for the pictures of a clip, to be filled: in memory, or in a file when it is large."""
    if np.prod(shape) * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as spill:
        return np.memmap(spill, dtype, "w+", shape=shape)


class _Held(Sequence[U8]):
    """Frames of a clip of which only one per drawing is stored."""

    def __init__(self, pictures: U8, drawing: I32) -> None:
        self._pictures, self._drawing = pictures, drawing

    def __len__(self) -> int:
        return len(self._drawing)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._pictures[self._drawing[index]]


@dataclass(frozen=True)
class LayerWriter:
    """Writes the pictures of one clip into a staging folder.

    A picture that equals the last one of its kind (the background behind a still camera) is not encoded again.
    """

    staging: Staging
    clip_id: str
    _last: dict[str, tuple[U8, bytes]] = field(default_factory=dict, repr=False, compare=False)

    def webp(self, name: str, picture: U8, prefix: str | None = None) -> Row:
        """Write a lossless WebP; the columns of its row, named `<prefix>_path` … or `media_path` …"""

        def encode() -> bytes:
            return encode_webp(picture, lossless=True, method=0, effort=LOSSLESS_EFFORT)

        return self._written(f"{name}.webp", picture, prefix, encode)

    def png(self, name: str, picture: U8, prefix: str | None = None) -> Row:
        """The same as PNG, for maps."""
        return self._written(f"{name}.png", picture, prefix, lambda: encode_png(picture))

    def _written(self, name: str, picture: U8, prefix: str | None, encode: Callable[[], bytes]) -> Row:
        kind = f"{prefix}{Path(name).suffix}"
        last = self._last.get(kind)
        data = last[1] if last is not None and np.array_equal(last[0], picture) else encode()
        self._last[kind] = (picture, data)
        path = self.staging.path(f"{self.clip_id}/{name}")
        path.write_bytes(data)
        return self._columns(path, prefix)

    def _columns(self, path: Path, prefix: str | None) -> Row:
        ref = self.staging.add(path)
        names = ("media_path", "size_bytes", "sha256")
        if prefix:
            names = (f"{prefix}_path", f"{prefix}_bytes", f"{prefix}_sha256")
        return dict(zip(names, (ref.path, ref.size, ref.sha256), strict=True))


def picture_at(handle: Handle, path: str) -> U8:
    """A stored picture as uint8 [h, w], [h, w, 3] or [h, w, 4]."""
    return read_image(handle.media(path))


def drawing_rows(handle: Handle, table: str, clip: Clip, video_id: str) -> list[Row]:
    """The rows of a clip's drawings in a table, in the order of the clip's drawings."""
    rows = {r["drawing_id"]: r for r in handle.rows(table, video_id=video_id) if r["clip_id"] == clip.clip_id}
    return [rows[drawing_id] for drawing_id in clip.drawing_ids]


def base_row(clip: Clip, drawing: int, video_id: str, shown: Sequence[ShownDrawing]) -> Row:
    """The columns that every table of drawings begins with."""
    return {
        "clip_id": clip.clip_id,
        "drawing_id": clip.drawing_ids[drawing],
        "video_id": video_id,
        "start": shown[drawing].start,
        "end": shown[drawing].end,
    }
