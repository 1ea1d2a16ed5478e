"""The table `av1_videos`: one verified MKV/AV1 encode of a video, key frames on its cuts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.media.decode.clock import stores_order_alone
from animeflow.media.decode.reader import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.encode.encoders import choose_encoder
from animeflow.media.encode.fidelity_row import fidelity_json
from animeflow.media.encode.group_plan import plan_groups
from animeflow.media.encode.plan import make_plan
from animeflow.media.encode.video import EncodeProgress, encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.isolation import isolate
from animeflow.media.probe.file import Probe
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.media import Av1Settings
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging


def same_frames(facts: Probe, pts: Sequence[int]) -> bool:
    """Whether ffmpeg, which goes by the packets of a file, sees the frames that the analysis decoded at their times."""
    times = facts.video.times
    return (
        times.sound
        and not stores_order_alone(facts.container, facts.video.codec)
        and facts.video.frames == len(pts)
        and (times.first_pts, times.last_pts) == (int(pts[0]), int(pts[-1]))
    )


def key_frames_of(shots: Iterable[Mapping[str, Any]], frames: int) -> list[int]:
    """The frames that must be key frames, from rows of `shots`: where a clip may begin.

    That is the first frame of a shot, and after a dissolve or fade the frame after it: clips leave transitions out.
    Parts of a long shot get none: they depend on the clip policy, and changing that must not encode every episode anew.
    A key frame within a drawn shot took 20 kB more at 640x360; cutting such a part encodes it again instead.
    """
    begins: set[int] = set()
    for row in shots:
        begins.add(row["start"])
        if row["transition_end"] is not None:
            begins.add(row["transition_end"])
    return sorted(frame for frame in begins if 0 < frame < frames)


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
    damaged: bool = False,
    limits: DecodeLimits = DEFAULT_LIMITS,
    isolation: IsolationSettings | None = None,
    on_progress: Callable[[EncodeProgress], None] | None = None,
) -> pa.Table:
    """Encode a video into the staging folder and return its row.

    `pts` are those of all frames as the analysis decoded them, `cuts` the first frames of the shots after the first,
    `damaged` whether the analysis met damage: then, and where the packets tell of other frames than the analysis, the
    pictures are decoded as it decoded them.
    Raises EncodeError when the encode does not hold the source's frames, times, cuts and streams.
    """
    binary = ffmpeg or ffmpeg_path()
    chosen = choose_encoder(settings.encoder, binary)
    facts: Probe = isolate.call(
        "animeflow.media.probe.file:probe",
        source,
        max_pixels=limits.max_pixels,
        max_frames=limits.max_frames,
        limits=isolation or IsolationSettings(),
    )
    decoded = damaged or not same_frames(facts, pts)
    plan = make_plan(
        facts,
        cuts=cuts,
        pts=pts,
        encoder=chosen.encoder,
        threads=threads,
        audio=settings.audio,
        chroma=settings.chroma,
        # Where the packets end with the frames of the analysis, the analysis has met the same end.
        truncated_ok=facts.truncated or not decoded,
        decoded=decoded,
        max_height=settings.max_height,
    )
    planned = plan_groups(
        plan, settings, cuts=cuts, pts=pts, ffmpeg=binary, limits=limits, isolation=isolation
    )
    plan = planned.plan
    target = staging.path(f"{video_id}.mkv")
    report = encode_video(
        plan,
        target,
        cuts=cuts,
        pts=pts,
        full_decode=settings.full_decode,
        metric=settings.metric,
        audio_md5=settings.audio_md5,
        workers=settings.workers,
        min_metric=settings.floor,
        ffmpeg=binary,
        timeout_s=settings.timeout_s,
        limits=limits,
        isolation=isolation,
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
        **planned.columns(),
        "fell_back": chosen.fell_back,
        "decoded_input": decoded,
        "ssim": report.metric_value if report.metric == "ssim" else None,
        "metric": report.metric,
        "metric_value": report.metric_value,
        "streams_json": json.dumps(plan.outcome_rows(), sort_keys=True, ensure_ascii=False),
        "offset_s": report.offset_s,
        "decoded_frames": report.decoded,
        "fidelity_json": fidelity_json(report.fidelity),
    }
    return TABLES["av1_videos"].table([row])
