"""Tables of the group `media`: encodes, key frames, clip files."""

from __future__ import annotations

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import (
    BOOL,
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

_EARLIER = "the clip was cut before this was kept"
_NOT_MUTED = "see mute_reason"

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
        Column("profile", STR, "name of the encoder's profile, preset or speed"),
        Column("crf", F32, "constant rate factor, or nvenc's CQ"),
        Column("crf_min", F32, "lowest of the shot groups", None, "encoded by a release that made no groups"),
        Column(
            "crf_max", F32, "highest of the shot groups", None, "encoded by a release that made no groups"
        ),
        Column(
            "groups", I32, "shot groups encoded on their own", "groups", "encoded by a release that made none"
        ),
        Column(
            "quality_metric",
            STR,
            "metric of the quality that was asked for",
            None,
            "no quality was asked for",
        ),
        scalar("quality_target", "the quality that was asked for", null="no quality was asked for"),
        Column("quality_reached", BOOL, "every group's sample reached it", None, "no quality was asked for"),
        Column(
            "groups_json",
            STR,
            "per shot group: frames, chosen quality number, its metric and all probes",
            None,
            "no quality was asked for",
        ),
        Column(
            "fell_back",
            STR,
            "why the encoder is not the first choice of `auto`",
            None,
            "it is the first choice",
        ),
        Column(
            "decoded_input",
            BOOL,
            "the source was damaged: its pictures came from the decoder of the analysis",
            None,
            "encoded by a release that did not do so",
        ),
        scalar("ssim", "mean SSIM of luma against the source", "0-1", null="this metric was not asked for"),
        Column("metric", STR, "quality metric: ssim, xpsnr or vmaf", None, "no metric was asked for"),
        scalar(
            "metric_value",
            "the metric against the source: SSIM of luma 0-1, XPSNR of luma in dB, or VMAF 0-100",
            null="no metric was asked for",
        ),
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
        *media_columns("the clip"),
        Column("frames", I32, "frames of the file, counted", "frames"),
        Column(
            "method",
            STR,
            "copy (packets of the encode) or encode (it does not start on a key frame, or codec or size change)",
        ),
        Column("codec", STR, "av1 or h264", null_reason=_EARLIER),
        Column("width", I32, "width of its pictures", "px", _EARLIER),
        Column("height", I32, "height of its pictures", "px", _EARLIER),
        Column(
            "mute_media_path",
            STR,
            "the same packets without sound, relative to the asset's folder",
            null_reason=_NOT_MUTED,
        ),
        Column("mute_size_bytes", I64, "size of the file without sound", "bytes", _NOT_MUTED),
        Column("mute_sha256", STR, "sha256 of the file without sound", null_reason=_NOT_MUTED),
        Column(
            "mute_reason",
            STR,
            "why there is no file without sound: not_asked or no_sound",
            null_reason="there is one",
        ),
    ),
)

TABLES = (AV1_VIDEOS, KEY_FRAMES, CLIP_VIDEOS)
