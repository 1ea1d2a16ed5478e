"""Image embeddings of the drawings of kept clips, where a network is; null with the reason where not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.annotation.shown import shown_drawings
from animeflow.errors import ContractError
from animeflow.media.chosen import chosen_frames
from animeflow.media.decode.reader import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.decode.seeking import FrameTimes
from animeflow.models.embed import Embedder
from animeflow.models.optional import Maybe
from animeflow.settings.annotation import EmbeddingSettings
from animeflow.settings.isolation import IsolationSettings
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
    isolation: IsolationSettings | None = None,
) -> dict[str, pa.Table]:
    """The table `embeddings` of a video: one row per drawing of a kept clip.

    `clips` are the video's rows of `kept_clips`, `drawings` those of `drawings`. Only frames that stand for a drawing
    are decoded, each once, and none without a network. Raises DecodeError.
    """
    shown = shown_drawings(clips, drawings)
    vectors: dict[int, list[float]] = {}
    if embedder.model is not None:
        frames = sorted({item.frame for item in shown})
        times = FrameTimes.of_rows(drawings)
        with closing(
            chosen_frames(path, frames, purpose="embeddings", times=times, limits=limits, isolation=isolation)
        ) as pictures:
            vectors = _vectors(pictures, len(frames), embedder.model, settings.batch, on_picture)
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
    pictures: Iterator[tuple[int, U8]], count: int, model: Embedder, batch: int, on_picture: OnPicture | None
) -> dict[int, list[float]]:
    """{frame: unit vector}."""
    found: dict[int, list[float]] = {}
    while some := list(islice(pictures, batch)):
        vectors = model.embed([picture for _, picture in some])
        if len(vectors) != len(some):
            raise ContractError(f"the network gave {len(vectors)} vectors for {len(some)} pictures")
        found |= {number: vector.tolist() for (number, _), vector in zip(some, vectors, strict=True)}
        if on_picture is not None:
            on_picture(len(found), count)
    return found
