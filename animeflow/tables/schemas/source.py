"""Tables of the group `source`."""

from __future__ import annotations

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import BOOL, F64, I32, I64, STR

_NO = "the file is not a readable video"
_UNKNOWN = "the container does not say"
_SAME = "no two fields of a frame are of different moments"
_CLEAR = "no frame was looked at: flags and rate say enough"
_NO_FILM = "the video is not telecined"
_AS_IS = "media_path is the source's own file"
_UNSAID = "the stream does not say"


def _probe(name: str, kind: object, text: str, unit: str | None = None, null: str = _NO) -> Column:
    return Column(name, kind, text, unit, null)


SHARD_FILES = TableSpec(
    name="shard_files",
    version=1,
    grain="one file of the unit",
    key=("path",),
    columns=(
        Column("path", STR, "path of the file inside its unit (POSIX)"),
        Column("video_id", STR, "id of the video", null_reason="the file could not be read at all"),
        Column("size_bytes", I64, "size of the file", "bytes"),
        Column("sha256", STR, "sha256 of the file", null_reason="the file could not be read at all"),
        Column("usable", BOOL, "whether later stages work on it"),
        Column("error", STR, "why not, in words", null_reason="the file is usable"),
        Column(
            "media_path",
            STR,
            "the file, relative to the asset's folder",
            null_reason="the file is not usable",
        ),
        _probe("container", STR, "name of the demuxer"),
        _probe("duration_s", F64, "the container's claim of its duration", "s", _UNKNOWN),
        _probe("codec", STR, "codec of the main video stream"),
        _probe("frames", I64, "frames of the main video stream, counted from its packets", "frames"),
        _probe("width", I32, "coded width", "px"),
        _probe("height", I32, "coded height", "px"),
        _probe("time_base_num", I32, "numerator of the time base of the video stream"),
        _probe("time_base_den", I32, "denominator of the time base of the video stream"),
        _probe("first_pts", I64, "pts of the first frame", "time base of the video stream"),
        _probe("last_pts", I64, "pts of the last frame", "time base of the video stream"),
        _probe("rate_num", I32, "numerator of the average frame rate (informative)", None, _UNKNOWN),
        _probe("rate_den", I32, "denominator of the average frame rate (informative)", None, _UNKNOWN),
        _probe("variable_rate", BOOL, "whether the distance of the pts varies beyond rounding"),
        _probe("sar_num", I32, "sample aspect ratio, numerator", None, _UNKNOWN),
        _probe("sar_den", I32, "sample aspect ratio, denominator", None, _UNKNOWN),
        _probe("rotation", I32, "rotation by the display matrix", "degrees"),
        _probe("mirrored", BOOL, "whether left and right change places after the rotation"),
        _probe("pix_fmt", STR, "pixel format"),
        _probe("bit_depth", I32, "bits per component", "bits"),
        _probe("color_primaries", I32, "ITU-T H.273 code; 2 is unknown"),
        _probe("color_transfer", I32, "ITU-T H.273 code; 2 is unknown"),
        _probe("color_space", I32, "ITU-T H.273 code; 2 is unknown"),
        _probe("color_range", I32, "1 limited, 2 full, 0 unknown"),
        _probe("interlaced", BOOL, "whether the stream or its first frame is flagged interlaced"),
        _probe("hdr_json", STR, "HDR10 static metadata as JSON", None, "the stream has none"),
        _probe("audio_json", STR, "audio streams as a JSON list"),
        _probe("subtitles_json", STR, "subtitle streams as a JSON list"),
        _probe("attachments_json", STR, "attachments and cover art as a JSON list"),
        _probe("chapters_json", STR, "chapters as a JSON list"),
        _probe("start_time_s", F64, "where the container's clock starts", "s"),
        _probe("key_frames", I64, "packets that are key frames", "frames"),
        _probe("last_duration", I64, "how long the last frame is shown", "time base of the video stream"),
        _probe("times_sound", BOOL, "whether every frame has a timestamp and none repeats"),
        _probe("truncated", BOOL, "whether the pictures end well before the header says"),
        _probe("field_order", STR, "field order by the stream: unknown, progressive, tt, bb, tb or bt"),
        _probe("profile", STR, "profile of the codec", None, _UNSAID),
        _probe("level", I32, "level of the codec, as FFmpeg numbers it", None, _UNSAID),
        _probe("bit_rate", I64, "bit rate of the video stream", "bit/s", _UNSAID),
        _probe("chroma_location", STR, "where chroma samples lie: left, center, topleft, …", None, _UNSAID),
        _probe("hdr_dynamic", STR, "dynamic HDR metadata: none, hdr10plus, dovi, vivid; several joined by +"),
        _probe("tags_json", STR, "tags of the container and of the video stream, as a JSON object"),
        _probe("unmapped_json", STR, "streams that no encode carries (index, kind, codec), as a JSON list"),
        _probe(
            "scan",
            STR,
            "progressive, interlaced, telecine_hard, telecine_soft, mixed, or unknown where nothing moves",
        ),
        _probe("scan_field_first", STR, "field shown first: top or bottom", None, _SAME),
        _probe("scan_repeated_share", F64, "share of frames that repeat a field (0-1)", None, _CLEAR),
        _probe(
            "scan_frames", I64, "frames whose fields were compared; 0: flags and rate say enough", "frames"
        ),
        _probe("film_rate_num", I32, "rate of the film inside, numerator", None, _NO_FILM),
        _probe("film_rate_den", I32, "rate of the film inside, denominator", None, _NO_FILM),
        _probe(
            "restored", STR, "filters by which media_path was made; probe columns describe it", None, _AS_IS
        ),
        _probe("restored_from_frames", I64, "frames of the file before", "frames", _AS_IS),
    ),
)

TABLES = (SHARD_FILES,)
