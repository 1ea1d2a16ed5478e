"""Opening a container: the allow-lists, odd names, and a clear reason when it does not open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from animeflow.errors import AnimeflowError, ProbeError
from animeflow.media.allowed import INPUT_OPTIONS, MAX_PIXELS
from animeflow.media.command import check_stop
from animeflow.media.demux.heads import HEAD_BYTES, begins_as_video, is_playlist, is_sound, other_video

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
    codecs. `hwaccel` is PyAV's (see `media.decode.hwdecode`). Raises `error` with reason empty_file,
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

    Raises `error` with reason no_video.
    """
    covers = {s.index for s in cover_streams(container)}
    films = [s for s in container.streams.video if s.index not in covers and s.codec_context is not None]
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
        av.open(
            url, options=INPUT_OPTIONS | {"codec_whitelist": "none"}, metadata_errors="replace"
        ) as container,
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


def cover_streams(container: Any) -> list[Any]:
    """The video streams that are cover pictures, in stream order.

    A cover is flagged (attached_pic), or, where a remux lost the flag, a still-image codec with at most one picture
    beside a film. Where the header does not count pictures (Matroska), the file is read for that, once in a process;
    the container stays where it is.
    """
    unflagged = [s for s in container.streams.video if not _is_flagged(s)]
    stills = [s for s in unflagged if _is_still(s)]
    lost = (
        _single(container, stills) if stills and len(unflagged) > 1 else frozenset()
    )  # alone it is the film
    if len(lost) == len(unflagged):
        lost = frozenset()
    return [s for s in container.streams.video if _is_flagged(s) or s.index in lost]


def _is_flagged(stream: Any) -> bool:
    return bool(int(stream.disposition) & _ATTACHED_PIC)


def _is_still(stream: Any) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in _STILL_CODECS


def _single(container: Any, stills: Sequence[Any]) -> frozenset[int]:
    """Indices of the streams with at most one picture. Rates do not tell: FFmpeg makes one up for a single packet."""
    uncounted = [s for s in stills if not s.frames]
    single = frozenset(s.index for s in stills if s.frames == 1)
    if not uncounted:
        return single
    if container.file is not None:  # an object that is read, which cannot be opened once more
        return single | {s.index for s in uncounted if s.average_rate is None}
    url, options = str(container.name), tuple(sorted(container.options.items()))
    facts = Path(url.removeprefix("file:")).stat()
    wanted = frozenset(s.index for s in uncounted)
    return single | _of_one_packet(url, options, wanted, facts.st_ino, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _of_one_packet(
    url: str,
    options: tuple[tuple[str, str], ...],
    wanted: frozenset[int],
    inode: int,
    size: int,
    mtime_ns: int,
) -> frozenset[int]:
    """Read on until each of the wanted streams had a second packet, or to the end of what is readable; the others."""
    import av

    del inode, size, mtime_ns  # they tell one state of the file from another
    found = dict.fromkeys(wanted, 0)
    left = set(wanted)
    try:
        with av.open(url, options=dict(options), metadata_errors="replace") as container:
            # The film's packets too: so a stop is seen while there is none of the cover.
            for packet in container.demux(container.streams.video):
                check_stop()
                index = packet.stream_index
                if index in left and packet.size > 0:
                    found[index] += 1
                    if found[index] > 1:
                        left.discard(index)
                if not left:
                    break
    except (av.error.FFmpegError, IndexError):  # PyAV looks for a stream that appeared since: IndexError
        pass
    return frozenset(left)


def _read_head(path: Path, error: type[AnimeflowError]) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # Opening a pipe would wait for its writer.
            raise error("is not a regular file", reason="unreadable", path=path)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as problem:
        raise error(f"cannot be read: {problem.strerror}", reason="unreadable", path=path) from problem
    if not head:
        raise error("is an empty file", reason="empty_file", path=path)
    if is_playlist(head):
        raise error("is a playlist or script, not a video", reason="playlist", path=path)
    return head


def _refusal(path: Path, head: bytes, problem: Exception, error: type[AnimeflowError]) -> AnimeflowError:
    if is_sound(head):
        return error("is a sound file", reason="no_video", path=path)
    if begins_as_video(head):
        return error(f"is a damaged or unfinished video ({_plain(problem)})", reason="unreadable", path=path)
    if (other := other_video(head)) is not None:
        what, hint = other
        return error(what, reason="not_media", path=path, hint=hint)
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
