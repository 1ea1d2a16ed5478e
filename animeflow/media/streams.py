"""The streams beside the film: sound, subtitles, attachments, cover pictures, chapters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from animeflow.errors import ProbeError
from animeflow.media.container import looks_like_cover, open_container

# Bits of FFmpeg's AV_DISPOSITION_*, with the words that its command line takes.
DISPOSITIONS = {
    0x0001: "default", 0x0002: "dub", 0x0004: "original", 0x0008: "comment", 0x0010: "lyrics", 0x0020:
    "karaoke", 0x0040: "forced", 0x0080: "hearing_impaired", 0x0100: "visual_impaired", 0x0200:
    "clean_effects", 0x10000: "captions", 0x20000: "descriptions",
}  # fmt: skip
_TEXT_LIMIT = 1000


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
    files = [
        Attachment(s.index, "attachment", _text(s.name) or "attachment", s.mimetype or "", len(s.data))
        for s in container.streams.attachments
    ]
    films = [s for s in container.streams.video if not looks_like_cover(s)]
    covers = [_cover(container, s) for s in container.streams.video if looks_like_cover(s) and films]
    if covers:
        container.seek(0)
    return tuple(sorted([*files, *covers], key=lambda a: a.index))


def _cover(container: Any, stream: Any) -> Attachment:
    kind = "jpeg" if stream.codec_context.name == "mjpeg" else stream.codec_context.name
    name = _text(stream.metadata.get("filename")) or f"cover.{'jpg' if kind == 'jpeg' else kind}"
    return Attachment(
        stream.index,
        "cover",
        name,
        stream.metadata.get("mimetype") or f"image/{kind}",
        len(_cover_bytes(container, stream)),
    )


def read_cover(path: Path, index: int) -> bytes:
    """The bytes of the cover picture in stream `index`: a whole JPEG or PNG file. Raises `ProbeError`."""
    with open_container(path) as container:
        data = _cover_bytes(container, container.streams[index])
    if not data:
        raise ProbeError(f"the cover in stream {index} has no picture", reason="unreadable", path=path)
    return data


def _cover_bytes(container: Any, stream: Any) -> bytes:
    import av

    try:
        container.seek(0)
        packet = next(container.demux(stream), None)
    except av.error.FFmpegError:
        return b""
    return bytes(packet) if packet is not None else b""


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
