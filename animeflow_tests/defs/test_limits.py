"""The settings' limits of decoding hold in every decode of a source, not in the first one alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from animeflow.annotation.captions import caption_video
from animeflow.annotation.embeddings import embed_video
from animeflow.defs.stage import Stage, Video
from animeflow.errors import DecodeError, ProbeError
from animeflow.layers.store import decoded_clip, shown_in
from animeflow.measures.sampling import read_frames
from animeflow.measures.scores import scored
from animeflow.media.decode.reader import DecodeLimits
from animeflow.media.encode.av1_videos import encode_to_table
from animeflow.models.optional import Maybe
from animeflow.settings.annotation import CaptionSettings, EmbeddingSettings
from animeflow.settings.media import Av1Settings
from animeflow.tables.handle import Handle
from animeflow.tables.specs import TABLES
from animeflow.tables.workspace import Workspace

SMALL = DecodeLimits(max_pixels=64 * 64)  # the clip has 160x96
CLIP = {"clip_id": "c", "video_id": "v", "start": 0, "end": 8, "keep": True}
DRAWING = {"drawing_id": "d", "video_id": "v", "shot": 0, "start": 0, "end": 8}


class Model:
    """Whatever is asked of pictures."""

    def score(self, clips: Sequence[np.ndarray]) -> list[float]:
        return [0.5] * len(clips)

    def embed(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        return np.ones((len(frames), 4), np.float32)

    def caption(self, clips: Sequence[np.ndarray]) -> list[str]:
        return ["words"] * len(clips)


def frames(path: Path, limits: DecodeLimits) -> object:
    return list(read_frames(path, [0, 3], size=(32, 32), purpose="test", limits=limits))


def layers(path: Path, limits: DecodeLimits) -> object:
    return len(decoded_clip(path, CLIP, shown_in(CLIP, [DRAWING]), purpose="test", limits=limits).frames)


def score(path: Path, limits: DecodeLimits) -> object:
    return scored(
        path, [CLIP], TABLES["quality"], scorer=Model(), column="quality", frames=2, limits=limits
    ).num_rows


def embed(path: Path, limits: DecodeLimits) -> object:
    return embed_video(
        path, clips=[CLIP], drawings=[DRAWING], embedder=Maybe("test", Model()), settings=EmbeddingSettings(),
        limits=limits,
    )["embeddings"].num_rows  # fmt: skip


def caption(path: Path, limits: DecodeLimits) -> object:
    return caption_video(
        path, clips=[CLIP], drawings=[DRAWING], captioner=Maybe("test", Model()), settings=CaptionSettings(),
        limits=limits,
    )["captions"].num_rows  # fmt: skip


@pytest.mark.parametrize("decode", [frames, layers, score, embed, caption])
def test_a_decode_refuses_what_the_limits_refuse(
    decode: Callable[[Path, DecodeLimits], object], clip: Path
) -> None:
    assert decode(clip, DecodeLimits())
    with pytest.raises(DecodeError) as error:
        decode(clip, SMALL)
    assert error.value.reason == "too_large"


def test_an_encode_refuses_it_too(clip: Path, workspace: Workspace) -> None:
    with pytest.raises(ProbeError) as error:
        encode_to_table(
            clip, video_id="v", pts=[0], cuts=[], staging=workspace.staging("s", "av1_videos"),
            settings=Av1Settings(), limits=SMALL,
        )  # fmt: skip
    assert error.value.reason == "too_large"


def test_a_stage_hands_on_the_limits_of_its_settings(
    stage_of: Callable[..., Stage], shard_files: Handle, workspace: Workspace
) -> None:
    wanted = (
        "shots.decode.max_pixels=5000",
        "shots.decode.max_gap_s=3",
        "shots.decode.max_corrupt_share=0.5",
        "shots.decode.threads=3",
    )
    stage = stage_of("motion", shard_files, overrides=wanted)
    video = Video("v", "v.mkv", 24, stage, workspace.staging("s", "motion"))
    assert (video.limits.max_pixels, video.limits.max_gap_s, video.limits.max_corrupt_share) == (5000, 3, 0.5)
    assert video.limits.threads == video.isolation.threads == 3
