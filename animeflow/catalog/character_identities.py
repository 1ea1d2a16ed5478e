"""The same character across clips and shards, by the embeddings of its drawings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.catalog.shards import finished
from animeflow.settings.catalog import IdentitySettings
from animeflow.tables.specs import TABLES
from animeflow.tables.workspace import Workspace

NO_EMBEDDINGS = "no embeddings: no model is chosen in annotation.embeddings.model"
NOT_FINISHED = "embeddings have not finished for this shard"

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Clip:
    shard: str
    clip_id: str
    video_id: str
    vector: F32 | None
    reason: str | None


def identify_characters(workspace: Workspace, settings: IdentitySettings) -> pa.Table:
    """The table `character_identities`: kept clips whose mean embeddings are alike share an identity.

    Clips join, in order of (shard, clip), the identity whose centre is most similar, at least `min_similarity`, else
    they found one; its id is made of the founding clip, so that adding shards behind renames nothing. Without
    embeddings the identity is null, and why stands beside it.
    """
    centres: list[F32] = []
    names: list[str] = []
    rows = []
    for clip in _clips(workspace):
        row: dict[str, Any] = {"shard": clip.shard, "clip_id": clip.clip_id, "video_id": clip.video_id}
        if clip.vector is None:
            rows.append(row | {"reason": clip.reason})
            continue
        place, similarity = _nearest(clip.vector, centres)
        if similarity < settings.min_similarity:
            place, similarity = len(centres), 1.0
            centres.append(np.zeros_like(clip.vector))
            names.append("c" + hashlib.sha256(f"{clip.shard}/{clip.clip_id}".encode()).hexdigest()[:12])
        centres[place] = centres[place] + clip.vector
        rows.append(row | {"identity": names[place], "similarity": similarity})
    return TABLES["character_identities"].table(rows)


def _clips(workspace: Workspace) -> Iterator[_Clip]:
    for shard in finished(workspace):
        if "kept_clips" not in shard.assets:
            continue
        vectors, reasons = (
            _vectors(shard.assets["embeddings"].rows()) if "embeddings" in shard.assets else ({}, {})
        )
        default = NO_EMBEDDINGS if "embeddings" in shard.assets else NOT_FINISHED
        kept = (row for row in shard.assets["kept_clips"].rows() if row["keep"])
        for row in sorted(kept, key=lambda row: str(row["clip_id"])):
            clip_id = row["clip_id"]
            vector = vectors.get(clip_id)
            reason = None if vector is not None else reasons.get(clip_id, default)
            yield _Clip(shard.key, clip_id, row["video_id"], vector, reason)


def _vectors(rows: list[dict[str, Any]]) -> tuple[dict[str, F32], dict[str, str]]:
    """({clip: unit mean of its drawings' vectors}, {clip: why it has none})."""
    sums: dict[str, F32] = {}
    reasons: dict[str, str] = {}
    for row in rows:
        if row["vector"] is None:
            reasons[row["clip_id"]] = row["reason"]
        else:
            vector = np.asarray(row["vector"], np.float32)
            sums[row["clip_id"]] = sums.get(row["clip_id"], np.zeros_like(vector)) + vector
    return {clip: _unit(vector) for clip, vector in sums.items()}, reasons


def _nearest(vector: F32, centres: list[F32]) -> tuple[int, float]:
    if not centres:
        return -1, -2.0
    similarities = np.array([float(vector @ _unit(centre)) for centre in centres])
    best = int(np.argmax(similarities))
    return best, float(similarities[best])


def _unit(vector: F32) -> F32:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
