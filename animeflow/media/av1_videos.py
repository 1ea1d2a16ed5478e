"""The table `av1_videos`: one verified MKV/AV1 encode of a video, key frames on its cuts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from animeflow.media.encode import EncodeProgress, encode_video
from animeflow.media.encode_plan import make_plan
from animeflow.media.encoders import choose_encoder
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.fidelity import fidelity_json
from animeflow.media.probe import probe
from animeflow.settings.media import Av1Settings
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging


def encode_to_table(
    source: Path,
    *,
    video_id: str,
    pts: Sequence[int],
    cuts: Sequence[int],
    staging: Staging,
    settings: Av1Settings,
    ffmpeg: Path | None = None,
    threads: int = 0,
    on_progress: Callable[[EncodeProgress], None] | None = None,
) -> pa.Table:
    """Encode a video into the staging folder and return its row.

    `pts` are those of all frames as the analysis decoded them, `cuts` the first frames of the shots after the first.
    Raises EncodeError when the encode does not hold the source's frames, times, cuts and streams.
    """
    chosen = choose_encoder(settings.encoder, ffmpeg or ffmpeg_path())
    plan = make_plan(probe(source), cuts=cuts, pts=pts, encoder=chosen.encoder, threads=threads)
    target = staging.path(f"{video_id}.mkv")
    report = encode_video(
        plan,
        target,
        cuts=cuts,
        pts=pts,
        full_decode=settings.full_decode,
        metric=settings.metric,
        min_metric=settings.min_metric,
        audio_md5=settings.audio_md5,
        ffmpeg=ffmpeg,
        timeout_s=settings.timeout_s,
        on_progress=on_progress,
    )
    row = {
        "video_id": video_id,
        **staging.add(target).columns(),
        "source_bytes": report.bytes_in,
        "frames": report.frames,
        "key_frames": report.key_frames,
        "cuts": report.cuts,
        "encoder": report.encoder,
        "profile": report.profile,
        "crf": report.crf,
        "ssim": report.metric_value,
        "streams_json": json.dumps(plan.outcome_rows(), sort_keys=True, ensure_ascii=False),
        "offset_s": report.offset_s,
        "decoded_frames": report.decoded,
        "fidelity_json": fidelity_json(report.fidelity),
    }
    return TABLES["av1_videos"].table([row])
