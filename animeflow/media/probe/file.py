"""What is in a media file: container, main video, exact frame count, and every other stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from animeflow.errors import DecodeError, ProbeError
from animeflow.media.allowed import MAX_FRAMES, MAX_PIXELS
from animeflow.media.decode.picture_facts import PictureFacts
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.demux.chroma import read_chroma_location
from animeflow.media.demux.container import main_video_stream, open_container
from animeflow.media.demux.riff import is_cut_riff
from animeflow.media.demux.streams import (
    Attachment,
    AudioTrack,
    Chapter,
    OtherStream,
    SubtitleTrack,
    list_attachments,
    list_audio,
    list_chapters,
    list_others,
    list_subtitles,
    tags_of,
)
from animeflow.media.demux.timing import (
    PacketTimes,
    claimed_rate,
    header_duration_s,
    is_cut_short,
    read_packet_times,
)

FIELD_ORDERS = ("unknown", "progressive", "tt", "bb", "tb", "bt")
"""FFmpeg's AVFieldOrder by number; of two letters the first is the field coded first, the second the one shown first
(top, bottom).
"""
_LEVEL_UNKNOWN = -99  # AV_LEVEL_UNKNOWN


@dataclass(frozen=True)
class VideoTrack:
    """The main video stream. Times are pts in ticks of `time_base`; sizes are as stored, before
    rotation, in px.
    """

    index: int
    codec: str
    width: int
    height: int
    pix_fmt: str
    bit_depth: int
    time_base: Fraction
    average_rate: Fraction | None
    """Frames a second: by the times where they vary (there FFmpeg guesses the clock's own rate), else as claimed."""
    """Informative only: no time is computed from it."""
    sample_aspect_ratio: Fraction | None
    """None where the container does not say; then pixels are square."""
    color_primaries: int
    color_transfer: int
    color_space: int
    color_range: int
    """Colour as ITU-T H.273 codes (2 = unknown); range 1 limited, 2 full, 0 unknown."""
    field_order: int
    """FFmpeg's AVFieldOrder, an index of FIELD_ORDERS: 0 unknown, 1 progressive, above 1 interlaced."""
    interlaced: bool
    """Flagged by the stream or by its first picture. Flags lie: idet confirms."""
    rotation: int
    """Degrees counter-clockwise that make the picture upright: 0, 90, 180 or 270."""
    hdr: Mapping[str, Any] | None
    language: str | None
    frames: int
    """Packets that are shown: counted, not read from the header."""
    times: PacketTimes
    metadata: Mapping[str, str]
    profile: str | None = None
    level: int | None = None
    bit_rate: int | None = None
    """Bits per second, where the stream or its header says."""
    chroma_location: str | None = None
    """left, center, topleft, top, bottomleft or bottom; None where the stream does not say or nobody asked."""
    hdr_dynamic: str = "none"
    mirrored: bool = False
    """Whether left and right change places after the rotation."""
    claimed_rate: Fraction | None = None
    """As FFmpeg guesses it from header and times: what it tells an encoder."""

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) after rotation: what `open_video` delivers."""
        return (self.height, self.width) if self.rotation % 180 else (self.width, self.height)

    @property
    def upright_aspect(self) -> Fraction:
        """Width over height of a pixel after rotation; 1 where the container does not say."""
        aspect = self.sample_aspect_ratio or Fraction(1)
        return 1 / aspect if self.rotation % 180 else aspect


@dataclass(frozen=True)
class Probe:
    """Everything that is known of a file without decoding more than one picture of it."""

    path: Path
    size_bytes: int
    container: str
    duration_s: float | None
    """The container's claim; None where it makes none. Nothing is sized or looped by it."""
    start_time_s: float
    """Where the container starts: ffmpeg counts its own times from here."""
    metadata: Mapping[str, str]
    video: VideoTrack
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...]
    attachments: tuple[Attachment, ...]
    chapters: tuple[Chapter, ...]
    others: tuple[OtherStream, ...]
    """Streams that are none of these (timecode tracks, data, second videos)."""
    truncated: bool
    """The packets end more than max(1 s, 2 %) before the header says."""

    @property
    def unmapped(self) -> tuple[int, ...]:
        """Indices of the streams that no encode carries."""
        return tuple(stream.index for stream in self.others)

    def to_row(self) -> dict[str, Any]:
        """The probe columns of the table `shard_files`: plain values, stream lists as JSON."""
        video = self.video
        return {
            "container": self.container,
            "duration_s": self.duration_s,
            "codec": video.codec,
            "frames": video.frames,
            "width": video.width,
            "height": video.height,
            **_ratio("time_base", video.time_base),
            "first_pts": video.times.first_pts,
            "last_pts": video.times.last_pts,
            **_ratio("rate", video.average_rate),
            "variable_rate": video.times.variable_rate,
            **_ratio("sar", video.sample_aspect_ratio),
            "rotation": video.rotation,
            "mirrored": video.mirrored,
            "pix_fmt": video.pix_fmt,
            "bit_depth": video.bit_depth,
            "color_primaries": video.color_primaries,
            "color_transfer": video.color_transfer,
            "color_space": video.color_space,
            "color_range": video.color_range,
            "interlaced": video.interlaced,
            "hdr_json": None if video.hdr is None else _json(video.hdr),
            "audio_json": _json([asdict(t) for t in self.audio]),
            "subtitles_json": _json([asdict(t) for t in self.subtitles]),
            "attachments_json": _json([asdict(a) for a in self.attachments]),
            "chapters_json": _json([asdict(c) for c in self.chapters]),
            "start_time_s": self.start_time_s,
            "key_frames": video.times.key_frames,
            "last_duration": video.times.last_duration,
            "times_sound": video.times.sound,
            "truncated": self.truncated,
            "field_order": FIELD_ORDERS[video.field_order] if 0 <= video.field_order < 6 else "unknown",
            "profile": video.profile,
            "level": video.level,
            "bit_rate": video.bit_rate,
            "chroma_location": video.chroma_location,
            "hdr_dynamic": video.hdr_dynamic,
            "tags_json": _json({"container": tags_of(self.metadata), "video": tags_of(video.metadata)}),
            "unmapped_json": _json([asdict(s) for s in self.others]),
        }


def probe(
    path: Path | str,
    *,
    max_pixels: int = MAX_PIXELS,
    max_frames: int = MAX_FRAMES,
    ffmpeg: Path | None = None,
) -> Probe:
    """Read a file's streams, count the frames of its main video by its packets, and decode one picture.

    PyAV does not see the chroma location; it is asked of an `ffmpeg` binary where one is named (50 ms). Raises
    `ProbeError` with reason empty_file, not_media, no_video, playlist, too_large, unreadable or undecodable.
    """
    path = Path(path)
    with open_container(path, max_pixels=max_pixels) as container:
        stream = main_video_stream(container, path)
        attachments = list_attachments(container)
        try:
            times = read_packet_times(container, stream, max_frames=max_frames)
        except ProbeError as error:
            raise ProbeError(error.message, reason=error.reason, path=path) from error
        if times is None:
            raise ProbeError("holds a video stream without a single frame", reason="unreadable", path=path)
        covers = {a.index for a in attachments}
        audio, subtitles = list_audio(container), list_subtitles(container)
        known = {stream.index, *covers, *(t.index for t in audio), *(t.index for t in subtitles)}
        return Probe(
            path=path,
            size_bytes=path.stat().st_size,
            container=container.format.name,
            duration_s=None if container.duration is None else container.duration / 1e6,
            start_time_s=(container.start_time or 0) / 1e6,
            metadata=dict(container.metadata),
            video=_video_track(
                stream,
                times,
                _first_picture(path, max_pixels),
                None if ffmpeg is None else read_chroma_location(path, stream.index, ffmpeg),
            ),
            audio=audio,
            subtitles=subtitles,
            attachments=attachments,
            chapters=list_chapters(container),
            others=list_others(container, known),
            truncated=is_cut_riff(path)
            or is_cut_short(
                times.reached_s(stream.time_base),
                header_duration_s(container, stream, times.first_s(stream.time_base)),
            ),
        )


def _first_picture(path: Path, max_pixels: int) -> PictureFacts:
    try:
        with open_video(
            path, purpose="probe", limits=DecodeLimits(max_pixels=max_pixels), threads=1
        ) as reader:
            return reader.first_picture
    except DecodeError as error:
        raise ProbeError(error.message, reason=error.reason, path=path) from error


def _video_track(
    stream: Any, times: PacketTimes, picture: PictureFacts, chroma_location: str | None
) -> VideoTrack:
    context = stream.codec_context
    return VideoTrack(
        index=stream.index,
        codec=context.codec.canonical_name,
        width=context.width,
        height=context.height,
        pix_fmt=context.pix_fmt or "unknown",
        bit_depth=_bit_depth(context),
        time_base=stream.time_base,
        average_rate=_average_rate(stream, times),
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        color_primaries=int(context.color_primaries),
        color_transfer=int(context.color_trc),
        color_space=int(context.colorspace),
        color_range=int(context.color_range),
        field_order=int(context.field_order),
        interlaced=picture.interlaced or int(context.field_order) > 1,
        rotation=picture.rotation,
        mirrored=picture.mirrored,
        hdr=picture.hdr,
        language=stream.language,
        frames=times.frames,
        times=times,
        metadata=dict(stream.metadata),
        profile=context.profile or None,
        level=None if context.level == _LEVEL_UNKNOWN else int(context.level),
        bit_rate=context.bit_rate or None,
        chroma_location=chroma_location,
        hdr_dynamic=picture.hdr_dynamic,
        claimed_rate=claimed_rate(stream),
    )


def _average_rate(stream: Any, times: PacketTimes) -> Fraction | None:
    varies = times.variable_rate and times.sound
    measured = times.rate(stream.time_base).limit_denominator(1000) if varies else None
    return measured or stream.average_rate or stream.guessed_rate


def _bit_depth(context: Any) -> int:
    pixel_format = context.format
    return max((c.bits for c in pixel_format.components), default=8) if pixel_format is not None else 8


def _ratio(name: str, value: Fraction | None) -> dict[str, int | None]:
    return {
        f"{name}_num": None if value is None else value.numerator,
        f"{name}_den": None if value is None else value.denominator,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
