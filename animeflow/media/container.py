"""Opening a container: the allow-lists, odd names, and a clear reason when it does not open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from animeflow.errors import AnimeflowError, ProbeError
from animeflow.media.allowed import (
    CONTAINER_HEADS,
    INPUT_OPTIONS,
    MAX_PIXELS,
    PLAYLIST_HEADS,
    PLAYLIST_XML,
    SOUND_HEADS,
)

_HEAD_BYTES = 4096
_STILL_CODECS = frozenset({"mjpeg", "png", "bmp", "gif", "webp", "tiff", "jpegxl"})
_ATTACHED_PIC = 1024  # AV_DISPOSITION_ATTACHED_PIC


@contextmanager
def open_container(
    path: Path | str,
    *,
    error: type[AnimeflowError] = ProbeError,
    max_pixels: int = MAX_PIXELS,
    hwaccel: Any = None,
) -> Iterator[Any]:
    """Open a local media file with PyAV, held to the allow-lists of `media.allowed`.

    A stream with larger pictures than `max_pixels` stays unopened (0x0): opening decodes a picture of some
    codecs. `hwaccel` is PyAV's (see `media.hwdecode`). Raises `error` with reason empty_file,
    playlist, not_media, no_video (a sound file) or unreadable.
    """
    import av

    path = Path(path)
    head = _read_head(path, error)
    with _utf8_url(path) as url:
        try:
            options = INPUT_OPTIONS | {"max_pixels": str(max_pixels)}
            container = av.open(url, options=options, metadata_errors="replace", hwaccel=hwaccel)
        except (av.error.FFmpegError, UnicodeError) as problem:
            raise _refusal(path, head, problem, error) from problem
        with container:
            yield container


def main_video_stream(container: Any, path: Path | str, *, error: type[AnimeflowError] = ProbeError) -> Any:
    """The stream that holds the film: the largest picture that is no cover.

    A cover is flagged (attached_pic), or, where a remux lost the flag, a still-image codec with at most one
    frame and no rate beside a real video. Raises `error` with reason no_video.
    """
    candidates = [s for s in container.streams.video if not int(s.disposition) & _ATTACHED_PIC]
    films = [s for s in candidates if not looks_like_cover(s)] or candidates
    films = [s for s in films if s.codec_context is not None]
    if not films:
        raise error("holds no video stream", reason="no_video", path=path)
    film = max(films, key=lambda s: (s.codec_context.width * s.codec_context.height, -s.index))
    if not film.codec_context.width:
        raise _sizeless(Path(path), film.index, error)
    return film


def _sizeless(path: Path, index: int, error: type[AnimeflowError]) -> AnimeflowError:
    """Why a stream has no size: too large by its header, or nothing in it was readable."""
    import av

    with (
        _utf8_url(path) as url,
        av.open(url, options=INPUT_OPTIONS | {"codec_whitelist": "none"}) as container,
    ):
        # Read again without decoders a damaged file may show fewer streams.
        stream = container.streams[index] if index < len(container.streams) else None
        context = None if stream is None else stream.codec_context
        width, height = (context.width, context.height) if context is not None else (0, 0)
    if width * height > 0:
        return error(f"has pictures of {width}x{height}, too large to open", reason="too_large", path=path)
    return error(
        "has a video stream of unknown size: no part of it is readable", reason="unreadable", path=path
    )


def looks_like_cover(stream: Any) -> bool:
    """Whether a video stream is a cover picture."""
    if int(stream.disposition) & _ATTACHED_PIC:
        return True
    codec = stream.codec_context.name if stream.codec_context is not None else ""
    return codec in _STILL_CODECS and (stream.frames == 1 or stream.average_rate is None)


def _read_head(path: Path, error: type[AnimeflowError]) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # Opening a pipe would wait for its writer.
            raise error("is not a regular file", reason="unreadable", path=path)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as problem:
        raise error(f"cannot be read: {problem.strerror}", reason="unreadable", path=path) from problem
    if not head:
        raise error("is an empty file", reason="empty_file", path=path)
    if is_playlist(head):
        raise error("is a playlist or script, not a video", reason="playlist", path=path)
    return head


def is_playlist(head: bytes) -> bool:
    """Whether the first bytes of a file are a text that names other files."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(PLAYLIST_HEADS) or (
        text.startswith(b"<") and any(tag in text for tag in PLAYLIST_XML)
    )


def _refusal(path: Path, head: bytes, problem: Exception, error: type[AnimeflowError]) -> AnimeflowError:
    if head.startswith(SOUND_HEADS) or (head[:4] == b"RIFF" and head[8:12] == b"WAVE"):
        return error("is a sound file", reason="no_video", path=path)
    if any(head[at : at + len(magic)] == magic for at, magic in CONTAINER_HEADS):
        return error(f"is a damaged or unfinished video ({_plain(problem)})", reason="unreadable", path=path)
    return error(f"is not a video of a known kind ({_plain(problem)})", reason="not_media", path=path)


def _plain(problem: Exception) -> str:
    """FFmpeg's own words, without the path that PyAV appends."""
    return str(getattr(problem, "strerror", None) or problem)


@contextmanager
def _utf8_url(path: Path) -> Iterator[str]:
    """A URL that PyAV can pass to FFmpeg: names that are not UTF-8 go by their descriptor."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        fd = os.open(path, os.O_RDONLY)
        try:
            yield f"file:/proc/self/fd/{fd}"
        finally:
            os.close(fd)
    else:
        yield f"file:{path}"
