"""Tables of the group `speech`: stems, segments of speech, subtitle files."""

from __future__ import annotations

import pyarrow as pa

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import F32, F64, I32, I64, STR, VIDEO_ID, media_columns

_NO_STEM = "not separated, see reason"


def _stem(name: str, text: str) -> tuple[Column, Column, Column]:
    return (
        Column(f"{name}_path", STR, f"{text} (FLAC in Matroska)", None, _NO_STEM, null_on_embedded=True),
        Column(f"{name}_bytes", I64, f"size of {text}", "bytes", _NO_STEM, null_on_embedded=True),
        Column(f"{name}_sha256", STR, f"sha256 of {text}", None, _NO_STEM, null_on_embedded=True),
    )


AUDIO_STEMS = TableSpec(
    name="audio_stems",
    version=1,
    grain="the audio stream of a video that is listened to; no row for a video without sound",
    key=("video_id",),
    columns=(
        VIDEO_ID,
        Column("stream", I32, "index of the stream in the source file"),
        Column("sample_rate", I32, "samples per second of the stream", "Hz"),
        Column("channels", I32, "channels of the stream"),
        Column("model", STR, "kind of the separator; `none` where there is none"),
        *_stem("vocals", "the voices"),
        *_stem("accompaniment", "everything but the voices"),
        Column("reason", STR, "why there are no stems", None, "there are"),
    ),
)

TRANSCRIPTS = TableSpec(
    name="transcripts",
    version=1,
    grain="one segment of speech",
    key=("video_id", "segment"),
    columns=(
        VIDEO_ID,
        Column("segment", I32, "number of the segment in its video, from 0"),
        Column("stream", I32, "index of the stream in the source file"),
        Column("heard", STR, "mix or vocals: what was listened to"),
        Column("sample_rate", I32, "unit of the sample numbers", "Hz"),
        Column("start_sample", I64, "first sample, counted from time 0 of the container", "samples"),
        Column("end_sample", I64, "sample after the last one", "samples"),
        Column("start_s", F64, "start on the container's clock, the clock of the video's pts", "s"),
        Column("end_s", F64, "end on the container's clock", "s"),
        Column("clip_ids", pa.list_(pa.string()), "clips during which it is heard"),
        Column("voice_model", STR, "kind of the voice activity detector"),
        Column("model", STR, "kind of the recogniser; `none` where there is none"),
        Column("text", STR, "what is said", None, "not recognised, see reason", null_on_embedded=True),
        Column("language", STR, "ISO 639 code", None, "not recognised, see reason", null_on_embedded=True),
        Column(
            "confidence",
            F32,
            "the recogniser's mean probability",
            "0-1",
            "not recognised",
            null_on_embedded=True,
        ),
        Column("reason", STR, "why there is no text", None, "there is"),
    ),
)

TRANSCRIPT_FILES = TableSpec(
    name="transcript_files",
    version=1,
    grain="one subtitle file of a video",
    key=("video_id", "format"),
    columns=(
        VIDEO_ID,
        Column("format", STR, "json (intervals of speech), srt or vtt (where there is text)"),
        *media_columns("the file"),
    ),
)

TABLES = (AUDIO_STEMS, TRANSCRIPTS, TRANSCRIPT_FILES)
