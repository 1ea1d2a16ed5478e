"""The streams beside the film: sound, subtitles, attachments, cover pictures, chapters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from animeflow.errors import ProbeError
from animeflow.media.allowed import MAX_ATTACHMENT_BYTES
from animeflow.media.demux.container import cover_streams, open_container

# Bits of FFmpeg's AV_DISPOSITION_*, with the words that its command line takes.
DISPOSITIONS = {
    0x0001: "default", 0x0002: "dub", 0x0004: "original", 0x0008: "comment", 0x0010: "lyrics", 0x0020:
    "karaoke", 0x0040: "forced", 0x0080: "hearing_impaired", 0x0100: "visual_impaired", 0x0200:
    "clean_effects", 0x10000: "captions", 0x20000: "descriptions",
}  # fmt: skip
_TEXT_LIMIT = 1000
_MOST_TAGS = 200


@dataclass(frozen=True)
class AudioTrack:
    """`index` is the stream's absolute index in the file; rates in Hz and bits per second, None = not
    said.
    """

    index: int
    codec: str
    channels: int
    layout: str
    sample_rate: int
    sample_format: str
    bit_rate: int | None
    language: str | None
    title: str | None
    dispositions: tuple[str, ...]
    start_s: float | None = None
    """Of the container's clock."""
    profile: str | None = None
    """The codec's: LC, HE-AAC, DTS-HD MA, …"""


@dataclass(frozen=True)
class SubtitleTrack:
    """A soft subtitle stream, text or pictures."""

    index: int
    codec: str
    language: str | None
    title: str | None
    dispositions: tuple[str, ...]


@dataclass(frozen=True)
class Attachment:
    """A font or other attached file, or a cover picture (which arrives as a video stream)."""

    index: int
    kind: Literal["attachment", "cover"]
    name: str
    mimetype: str
    size_bytes: int
    sha256: str | None = None
    """None for one of more than MAX_ATTACHMENT_BYTES."""


@dataclass(frozen=True)
class OtherStream:
    """A stream that is neither film, sound, subtitle nor attachment: timecode, data, a second video."""

    index: int
    kind: str
    codec: str


@dataclass(frozen=True)
class Chapter:
    """Times in seconds of the container's clock."""

    start_s: float
    end_s: float
    title: str | None


def list_audio(container: Any) -> tuple[AudioTrack, ...]:
    """All sound streams, in stream order. One that no decoder knows is listed with the codec `unknown`."""
    return tuple(_audio_track(s) for s in container.streams.audio)


def _audio_track(stream: Any) -> AudioTrack:
    context = stream.codec_context
    known = context is not None
    return AudioTrack(
        index=stream.index,
        codec=context.codec.canonical_name if known else "unknown",
        channels=context.layout.nb_channels if known else 0,
        layout=context.layout.name if known else "unknown",
        sample_rate=int(context.sample_rate or 0) if known else 0,
        sample_format=context.format.name if known and context.format is not None else "unknown",
        bit_rate=(context.bit_rate or None) if known else None,
        language=_language(stream),
        title=_text(stream.metadata.get("title")),
        dispositions=dispositions(stream),
        start_s=None if stream.start_time is None else float(stream.start_time * stream.time_base),
        profile=_text(stream.profile) if known else None,
    )


def list_subtitles(container: Any) -> tuple[SubtitleTrack, ...]:
    """All subtitle streams, in stream order."""
    return tuple(
        SubtitleTrack(
            index=s.index,
            codec=s.codec_context.codec.canonical_name if s.codec_context is not None else "unknown",
            language=_language(s),
            title=_text(s.metadata.get("title")),
            dispositions=dispositions(s),
        )
        for s in container.streams.subtitles
    )


def list_attachments(container: Any) -> tuple[Attachment, ...]:
    """Attached files and cover pictures, in stream order. Reads packets: the container is left at its
    start.
    """
    files = [_attached(s) for s in container.streams.attachments]
    covers = [_cover(container, s) for s in cover_streams(container)]
    if covers:
        container.seek(0)
    return tuple(sorted([*files, *covers], key=lambda a: a.index))


def _attached(stream: Any) -> Attachment:
    data = stream.data  # a copy of what FFmpeg holds; one at a time
    name = _text(stream.name) or "attachment"
    return Attachment(stream.index, "attachment", name, stream.mimetype or "", len(data), _sha256(data))


def _sha256(data: bytes) -> str | None:
    return hashlib.sha256(data).hexdigest() if len(data) <= MAX_ATTACHMENT_BYTES else None


def _cover(container: Any, stream: Any) -> Attachment:
    kind = "jpeg" if stream.codec_context.name == "mjpeg" else stream.codec_context.name
    # Matroska writes names of tags in capitals: those of a cover that a remux made a track.
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    name = _text(tags.get("filename")) or f"cover.{'jpg' if kind == 'jpeg' else kind}"
    mimetype = tags.get("mimetype") or f"image/{kind}"
    packet = _cover_packet(container, stream)
    size = 0 if packet is None else int(packet.size)
    digest = None if packet is None or size > MAX_ATTACHMENT_BYTES else _sha256(bytes(packet))
    return Attachment(stream.index, "cover", name, mimetype, size, digest)


def read_cover(path: Path, index: int) -> bytes:
    """The bytes of the cover picture in stream `index`: a whole JPEG or PNG file. Raises `ProbeError`."""
    with open_container(path) as container:
        packet = _cover_packet(container, container.streams[index])
        if packet is None or not packet.size:
            raise ProbeError(f"the cover in stream {index} has no picture", reason="unreadable", path=path)
        if packet.size > MAX_ATTACHMENT_BYTES:
            text = f"the cover in stream {index} has {packet.size} bytes; {MAX_ATTACHMENT_BYTES} are allowed"
            raise ProbeError(text, reason="too_large", path=path)
        return bytes(packet)


def _cover_packet(container: Any, stream: Any) -> Any | None:
    import av

    try:
        container.seek(0)
        return next(container.demux(stream), None)
    except av.error.FFmpegError:
        return None


def list_others(container: Any, known: set[int]) -> tuple[OtherStream, ...]:
    """The streams whose index is not in `known`, in stream order."""
    return tuple(
        OtherStream(
            s.index,
            s.type or "unknown",
            s.codec_context.codec.canonical_name if s.codec_context is not None else "unknown",
        )
        for s in container.streams
        if s.index not in known
    )


def tags_of(metadata: Mapping[str, str]) -> dict[str, str]:
    """The tags of a container or stream, at most 200 of at most 1000 characters."""
    return {key[:_TEXT_LIMIT]: value[:_TEXT_LIMIT] for key, value in sorted(metadata.items())[:_MOST_TAGS]}


def list_chapters(container: Any) -> tuple[Chapter, ...]:
    """Chapters in order."""
    return tuple(
        Chapter(
            float(c["start"] * c["time_base"]),
            float(c["end"] * c["time_base"]),
            _text(c["metadata"].get("title")),
        )
        for c in container.chapters()
        if c["time_base"]
    )


def dispositions(stream: Any) -> tuple[str, ...]:
    """The words of a stream's flags: default, forced, …"""
    flags = int(stream.disposition)
    return tuple(word for bit, word in DISPOSITIONS.items() if flags & bit)


def _language(stream: Any) -> str | None:
    """None for what Matroska drops and MP4 writes as `und`."""
    language = stream.language
    return None if language in (None, "", "und") else str(language)


def _text(value: str | None) -> str | None:
    return None if not value else value[:_TEXT_LIMIT]
