"""The group `media`: encodes, key frames, clip files."""

from collections.abc import Mapping

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.runner import SkipVideo
from animeflow.defs.stage import Video
from animeflow.errors import InputError
from animeflow.tables.handle import Handle
from animeflow.tables.status import Reason


@dg.asset(**declared("av1_videos"))
def av1_videos(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    frame_signals: Handle,
    shots: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Encode each video with key frames on its cuts, and prove it frame by frame."""
    from animeflow.media.encode.av1_videos import encode_to_table, key_frames_of

    stage = stages.open(context, shard_files, frame_signals, shots)

    def work(video: Video) -> Mapping[str, pa.Table]:
        pts = video.signal("pts").tolist()
        table = encode_to_table(
            video.file,
            video_id=video.id,
            pts=pts,
            cuts=key_frames_of(video.rows("shots"), len(pts)),
            staging=video.staging,
            settings=stages.settings.media.av1,
            ffmpeg=stages.settings.run.ffmpeg,
            threads=stages.settings.run.threads,
            damaged=bool(video.signal("corrupt").any()),
            limits=video.limits,
            isolation=video.isolation,
            on_progress=lambda state: video.tick(state.frames, state.expected),
        )
        return {"av1_videos": table}

    return stages.per_video(stage, work)


@dg.asset(**declared("key_frames"))
def key_frames(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    frame_signals: Handle,
    shots: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Write the middle frame and the cover of every shot as WebP."""
    from animeflow.media.decode.seeking import FrameTimes
    from animeflow.media.key_frames import key_frames_to_table
    from animeflow.tables.frames import known_by_pts

    stage = stages.open(context, shard_files, frame_signals, shots)

    def work(video: Video) -> Mapping[str, pa.Table]:
        try:
            table = key_frames_to_table(
                video.file,
                video.rows("shots"),
                saturation=video.signal("saturation"),
                sharpness=video.signal("sharpness"),
                times=FrameTimes.of_frames(video.signal("pts"))
                if known_by_pts(video.frames)
                else FrameTimes.none(),
                video_id=video.id,
                staging=video.staging,
                settings=stages.settings.media.key_frames,
                limits=video.limits,
                isolation=video.isolation,
                damaged=bool(video.signal("corrupt").any()),
            )
        except InputError as error:
            if error.reason != Reason.TOO_LARGE:
                raise
            # Skipped, not failed: a shard of one such video has no key frames and goes on.
            raise SkipVideo(Reason.TOO_LARGE, error.pathless) from error
        return {"key_frames": table}

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
    from animeflow.media.clips.videos import cut_to_table

    stage = stages.open(context, av1_videos, kept_clips, clips)

    def work(video: Video) -> Mapping[str, pa.Table]:
        table = cut_to_table(
            av1_videos.media(video.rows("av1_videos")[0]["media_path"]),
            [row for row in video.rows("kept_clips") if row["keep"]],
            video_id=video.id,
            staging=video.staging,
            settings=stages.settings.media,
            ffmpeg=stages.settings.run.ffmpeg,
            on_clip=lambda done, total: video.tick(done, total, "clips"),
        )
        return {"clip_videos": table}

    return stages.per_video(stage, work)
