"""The group `media`: encodes, key frames, clip files."""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.stage import Video
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import FileRef
from animeflow.tables.specs import TABLES


@dg.asset(**declared("av1_videos"))
def av1_videos(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    frame_signals: Handle,
    shots: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Encode each video to MKV/AV1 with key frames on its cuts, and prove it frame by frame."""
    from animeflow.media.encode import encode_video
    from animeflow.media.encode_plan import make_plan
    from animeflow.media.probe import probe

    stage = stages.open(context, shard_files, frame_signals, shots)
    settings, run = stages.settings.media.av1, stages.settings.run

    def work(video: Video) -> Mapping[str, pa.Table]:
        pts = video.table("frame_signals", columns=["frame", "pts"]).sort_by("frame")["pts"].to_pylist()
        cuts = sorted(row["start"] for row in video.rows("shots") if row["start"] > 0)
        source = probe(video.file)
        plan = make_plan(
            source, cuts=cuts, pts=pts, profile=settings.profile, crf=settings.crf, threads=run.threads
        )
        target = video.staging.path(f"{video.id}.mkv")
        report = encode_video(
            plan,
            target,
            cuts=cuts,
            pts=pts,
            full_decode=settings.full_decode,
            metric=settings.metric,
            ffmpeg=run.ffmpeg,
            timeout_s=settings.timeout_s,
            on_progress=lambda state: video.tick(state.frames, state.expected),
        )
        row = {
            **media_of(video.staging.add(target)),
            "video_id": video.id,
            "source_bytes": report.bytes_in,
            "frames": report.frames,
            "key_frames": report.key_frames,
            "cuts": report.cuts,
            "encoder": report.encoder,
            "profile": report.profile,
            "crf": report.crf,
            "ssim": report.metric_value,
            "streams_json": json.dumps(plan.outcome_rows(), sort_keys=True, ensure_ascii=False),
        }
        return {"av1_videos": TABLES["av1_videos"].table([row])}

    return stages.per_video(stage, work)


@dg.asset(**declared("clip_videos"))
def clip_videos(
    context: dg.AssetExecutionContext,
    av1_videos: Handle,
    kept_clips: Handle,
    clips: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Cut every kept clip out of its encode, bit for bit where it begins on a key frame."""
    from animeflow.media.cut import clip_source, cut_clip

    stage = stages.open(context, av1_videos, kept_clips, clips)
    settings, run = stages.settings.media, stages.settings.run

    def work(video: Video) -> Mapping[str, pa.Table]:
        kept = [row for row in video.rows("kept_clips") if row["keep"]]
        source = clip_source(av1_videos.media(video.rows("av1_videos")[0]["media_path"])) if kept else None
        rows = []
        for number, clip in enumerate(kept):
            video.tick(number, len(kept), "clips")
            made = cut_clip(
                source,
                video.staging.path(f"{video.id}/{clip['clip_id']}.mkv"),
                start=clip["start"],
                end=clip["end"],
                audio=settings.clips.audio,
                profile=settings.av1.profile,
                crf=settings.av1.crf,
                ffmpeg=run.ffmpeg,
                timeout_s=settings.av1.timeout_s,
            )
            file = media_of(video.staging.add(made.path))
            ids = {"clip_id": clip["clip_id"], "video_id": video.id}
            rows.append({**ids, **file, "frames": made.frames, "method": made.method})
        return {"clip_videos": TABLES["clip_videos"].table(rows)}

    return stages.per_video(stage, work)


def media_of(ref: FileRef) -> dict[str, Any]:
    """The three columns by which a row names its file."""
    return {"media_path": ref.path, "size_bytes": ref.size, "sha256": ref.sha256}
