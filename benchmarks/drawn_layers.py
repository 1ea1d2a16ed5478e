"""A drawn shot through the five layer stages, each from the files of the one before: what accuracy judges."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np

from animeflow.layers.background_stage import background_clip, stored_background, stored_seeds
from animeflow.layers.character_stage import character_clip
from animeflow.layers.clip import Clip
from animeflow.layers.effect_stage import effect_clip
from animeflow.layers.fill import telea
from animeflow.layers.pixels import F32, U8
from animeflow.layers.seeds import Net, SeedNets
from animeflow.layers.segmentation import segment_clip
from animeflow.layers.smoothing_stage import smooth_clip, stored_alphas, stored_characters, stored_effects
from animeflow.layers.store import LayerWriter, decoded_clip, picture_at, shown_in
from animeflow.models.registry import create
from animeflow.sample import DrawnShot
from animeflow.settings.tree import Settings
from animeflow.tables import ids
from animeflow.tables.handle import Handle
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.workspace import Workspace

Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """A drawn shot, what was decoded of it, and its layers on disk."""

    shot: DrawnShot
    clip: Clip
    handles: dict[str, Handle]
    nets: SeedNets
    settings: Settings

    @cached_property
    def rows(self) -> list[Row]:
        """Rows of `smoothed_layers`, in the order of the drawings."""
        return sorted(self.handles["smoothed_layers"].rows(), key=lambda row: row["start"])

    @cached_property
    def summary(self) -> Row:
        """The row of `layer_clips`."""
        return self.handles["smoothed_layers"].rows("layer_clips")[0]

    def picture(self, drawing: int, what: str) -> np.ndarray | None:
        """A published picture reopened from disk; None where the drawing has none."""
        path = self.rows[drawing][f"{what}_path"]
        return None if path is None else picture_at(self.handles["smoothed_layers"], path)

    def alpha(self, drawing: int) -> np.ndarray:
        """Published alpha, float32 0-1."""
        layer = self.picture(drawing, "character")
        assert layer is not None
        return layer[..., 3].astype(np.float32) / np.float32(255)

    @cached_property
    def frames(self) -> np.ndarray:
        """Frame of the shot that each drawing begins with, int [D]."""
        return np.array([row["start"] for row in self.rows])


def separate_drawn(shot: DrawnShot, folder: Path) -> Published:
    """Encode a drawn shot and run the five stages on it, each from the files of the one before."""
    path = folder / "shot.mkv"
    encode(shot, path)
    settings, video = Settings(), ids.video_id(ids.file_sha256(path))
    count = len(shot.frames)
    starts = np.flatnonzero(np.diff(shot.drawing, prepend=-1))
    ends = [*starts[1:].tolist(), count]
    drawings = [
        {"drawing_id": ids.drawing_id(video, int(a)), "start": int(a), "end": int(b)}
        for a, b in zip(starts, ends, strict=True)
    ]
    row = {"clip_id": ids.clip_id(video, 0, count), "start": 0, "end": count}
    shown = shown_in(row, drawings)
    nets, space = networks(), Workspace(folder / "work")
    handles: dict[str, Handle] = {}
    lazy = decoded_clip(path, row, shown, purpose="accuracy")
    held = np.stack([lazy.picture(d) for d in range(lazy.drawings)])
    clip = Clip(row["clip_id"], held[lazy.drawing], lazy.drawing, lazy.drawing_ids, 0)
    for name, tables in _stages(clip, shown, video, nets, settings, handles):
        handles[name] = _written(space, name, tables)
    return Published(shot, clip, handles, nets, settings)


def _stages(
    clip: Clip, shown: Any, video: str, nets: SeedNets, settings: Settings, handles: dict[str, Handle]
) -> Iterator:
    layers = settings.layers

    def seeds() -> Any:
        return stored_seeds(handles["segmentation"], clip, video)

    def behind() -> Any:
        return stored_background(handles["background_layers"], clip, video)

    yield "segmentation", lambda w: {"segmentation": segment_clip(clip, shown, video, nets, w, layers)}

    def background(writer: LayerWriter) -> dict[str, list[Row]]:
        found = background_clip(clip, shown, video, seeds(), writer, layers, telea)
        return {
            "background_layers": [found.clip], "background_pictures": found.pictures, "camera_motion": found.camera,
        }  # fmt: skip

    yield "background_layers", background
    yield (
        "character_layers",
        lambda w: {"character_layers": character_clip(clip, shown, video, seeds(), behind(), w, layers)},
    )

    def effects(writer: LayerWriter) -> dict[str, list[Row]]:
        alphas = stored_alphas(handles["character_layers"], clip, video)
        return {"effect_layers": effect_clip(clip, shown, video, alphas, behind(), writer, layers)}

    yield "effect_layers", effects

    def smoothed(writer: LayerWriter) -> dict[str, list[Row]]:
        characters = stored_characters(handles["character_layers"], clip, video)
        light = stored_effects(handles["effect_layers"], clip, video)
        rows, summary = smooth_clip(clip, shown, video, 0, characters, light, behind(), writer, layers)
        return {"smoothed_layers": rows, "layer_clips": [summary]}

    yield "smoothed_layers", smoothed


def _written(space: Workspace, name: str, work: Any) -> Handle:
    staging = space.staging("drawn", name)
    found = work(LayerWriter(staging, "clip"))
    for table, rows in found.items():
        staging.write_table(table, TABLES[table].table(rows))
    finalise(Staged(staging, [], "none", {}), space.asset_dir("drawn", name))
    return space.handle("drawn", name)


def networks() -> SeedNets:
    """The two seed networks on the weights that set-up brought here, for one shot: each picture is asked once."""
    segment, matte = _loaded()
    return SeedNets(_Remembering(segment.segment), _Remembering(matte.matte))


@cache
def _loaded() -> tuple[Any, Any]:
    models, found = Settings().models, []
    for task, config in (("segment", models.segment), ("matte", models.matte)):
        adapter = create(config, task=task, threads=1)
        adapter.load()
        found.append(adapter)
    return found[0], found[1]


@dataclass
class _Remembering:
    """A network whose maps are kept: the baselines take what the seeds have asked already."""

    net: Net
    known: dict[bytes, F32] = field(default_factory=dict)

    def __call__(self, pictures: Sequence[U8]) -> list[F32]:
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: U8) -> F32:
        key = hashlib.blake2b(np.ascontiguousarray(picture).data).digest()
        if key not in self.known:
            self.known[key] = self.net([picture])[0]
        return self.known[key]


def encode(shot: DrawnShot, path: Path, *, crf: int = 23) -> None:
    """x264 in Matroska, BT.709 limited range, 4:2:0."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=shot.fps)
        stream.width, stream.height = shot.frames.shape[2], shot.frames.shape[1]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf)}
        context = stream.codec_context
        context.thread_count = 1
        # Without tags the decoder takes BT.601 below 720 lines: 34 instead of 39 dB on a perfect plate.
        context.colorspace, context.color_range = 1, 1
        context.color_primaries, context.color_trc = 1, 1
        for frame in shot.frames:
            rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            yuv = rgb.reformat(
                format="yuv420p", src_colorspace="ITU709", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            yuv.colorspace, yuv.color_range = 1, 1
            container.mux(stream.encode(yuv))
        container.mux(stream.encode())
