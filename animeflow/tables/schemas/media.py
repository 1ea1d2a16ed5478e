"""Tables of the group `media`: encodes, key frames, clip files."""

from __future__ import annotations

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import (
    CLIP_ID,
    F32,
    FRAME,
    I32,
    I64,
    SHOT,
    STR,
    VIDEO_ID,
    media_columns,
    scalar,
)

AV1_VIDEOS = TableSpec(
    name="av1_videos",
    version=1,
    grain="one encoded video",
    key=("video_id",),
    columns=(
        VIDEO_ID,
        *media_columns("the MKV/AV1 file"),
        Column("source_bytes", I64, "size of the source file", "bytes"),
        Column("frames", I64, "packets of the video stream", "frames"),
        Column("key_frames", I32, "key frames of the encode", "frames"),
        Column("cuts", I32, "cuts that were asked to be key frames, all of them verified", "frames"),
        Column("encoder", STR, "encoder and its version"),
        Column("profile", STR, "name of the encoder profile"),
        Column("crf", F32, "constant rate factor"),
        scalar("ssim", "mean SSIM of luma against the source", "0-1", null="the metric was not asked for"),
        Column("streams_json", STR, "what became of each source stream, as a JSON list"),
        scalar(
            "offset_s",
            "by how much every frame is later than in the source, on the containers' clocks",
            "s",
            null="the encode was made before this was kept",
        ),
        Column(
            "decoded_frames",
            I64,
            "frames that were decoded from the encode as a proof",
            "frames",
            "media.av1.full_decode is off: the encode was not decoded",
        ),
        Column(
            "fidelity_json",
            STR,
            "every property that went in and came out, as a JSON list of stream, property, in, out, same, why",
            null_reason="the encode was made before this was kept",
        ),
    ),
)

KEY_FRAMES = TableSpec(
    name="key_frames",
    version=1,
    grain="one picture of a shot",
    key=("video_id", "shot", "role"),
    columns=(
        VIDEO_ID,
        SHOT,
        FRAME,
        Column(
            "role", STR, "middle (frame in the middle of the shot) or cover (first clear, colourful frame)"
        ),
        *media_columns("the WebP picture"),
        Column("width", I32, "width of the picture", "px"),
        Column("height", I32, "height of the picture", "px"),
    ),
)

CLIP_VIDEOS = TableSpec(
    name="clip_videos",
    version=1,
    grain="one kept clip as a file",
    key=("clip_id",),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        *media_columns("the MKV/AV1 clip"),
        Column("frames", I32, "frames of the file, counted", "frames"),
        Column("method", STR, "copy (packets of the encode) or encode (it does not start on a key frame)"),
    ),
)

TABLES = (AV1_VIDEOS, KEY_FRAMES, CLIP_VIDEOS)
