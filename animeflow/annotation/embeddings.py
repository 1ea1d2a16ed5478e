"""Image embeddings of the drawings of kept clips, where a network is; null with the reason where not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.annotation.shown import Shown, shown_drawings
from animeflow.errors import ContractError
from animeflow.media.decode import DEFAULT_LIMITS, DecodeLimits, open_video
from animeflow.models.embed import Embedder
from animeflow.models.optional import Maybe
from animeflow.settings.annotation import EmbeddingSettings
from animeflow.tables.specs import TABLES

U8 = npt.NDArray[np.uint8]
OnPicture = Callable[[int, int], None]


def embed_video(
    path: Path,
    *,
    clips: Sequence[Mapping[str, Any]],
    drawings: Sequence[Mapping[str, Any]],
    embedder: Maybe[Embedder],
    settings: EmbeddingSettings,
    on_picture: OnPicture | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
) -> dict[str, pa.Table]:
    """The table `embeddings` of a video: one row per drawing of a kept clip.

    `clips` are the video's rows of `kept_clips`, `drawings` those of `drawings`. Only frames that stand for a drawing
    are decoded, each once, and none without a network. Raises DecodeError.
    """
    shown = shown_drawings(clips, drawings)
    vectors: dict[int, list[float]] = {}
    if embedder.model is not None:
        vectors = _vectors(path, shown, embedder.model, settings.batch, on_picture, limits)
    rows = [
        {
            "clip_id": item.clip_id,
            "drawing_id": item.drawing_id,
            "video_id": item.video_id,
            "model": embedder.kind,
            "vector": vectors.get(item.frame),
            "reason": embedder.reason,
        }
        for item in shown
    ]
    return {"embeddings": TABLES["embeddings"].table(rows)}


def _vectors(
    path: Path,
    shown: Sequence[Shown],
    model: Embedder,
    batch: int,
    on_picture: OnPicture | None,
    limits: DecodeLimits,
) -> dict[int, list[float]]:
    """{frame: unit vector}."""
    frames = sorted({item.frame for item in shown})
    found: dict[int, list[float]] = {}
    for numbers, pictures in _batches(path, frames, batch, limits):
        vectors = model.embed(pictures)
        if len(vectors) != len(pictures):
            raise ContractError(f"the network gave {len(vectors)} vectors for {len(pictures)} pictures")
        found |= {number: vector.tolist() for number, vector in zip(numbers, vectors, strict=True)}
        if on_picture is not None:
            on_picture(len(found), len(frames))
    return found


def _batches(
    path: Path, frames: Sequence[int], batch: int, limits: DecodeLimits
) -> Iterator[tuple[list[int], list[U8]]]:
    if not frames:
        return
    numbers: list[int] = []
    pictures: list[U8] = []
    with open_video(path, purpose="embeddings", limits=limits) as reader:
        for frame in reader.pick(frames):
            numbers.append(frame.index)
            pictures.append(frame.rgb())
            if len(pictures) == batch:
                yield numbers, pictures
                numbers, pictures = [], []
    if pictures:
        yield numbers, pictures
