"""The pictures of a damaged file, decoded as the analysis decoded them, as an input of ffmpeg.

Two versions of FFmpeg need not conceal damage alike: of 160 frames the analysis gave 156 and the encoding ffmpeg 158.
So the one that analysed decodes again, in one thread as the analysis did, and its frames reach the encoder
uncompressed, with their times, through a pipe. It does so in a worker process: of all files these are the damaged ones.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from animeflow.errors import AnimeflowError, EncodeError
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.demux.chroma import read_chroma_location
from animeflow.media.encode.plan import EncodePlan, VideoInput, video_args
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings

_TURNS = {90: ("transpose=cclock",), 180: ("hflip", "vflip"), 270: ("transpose=clock",)}
_WAIT_S = 0.05


@contextmanager
def decoded_input(
    plan: EncodePlan,
    folder: Path,
    first_pts: int,
    ffmpeg: Path,
    *,
    limits: DecodeLimits | None = None,
    isolation: IsolationSettings | None = None,
) -> Iterator[VideoInput]:
    """While the block runs, a thread decodes the plan's source into a named pipe in `folder`; its first picture has
    `first_pts`.

    Raises `DecodeError` where decoding failed, and `EncodeError` for HDR metadata, which raw pictures do not carry.
    """
    video = plan.probe.video
    if video.hdr is not None:
        raise EncodeError(
            "is damaged and has HDR metadata, which its repaired pictures would lose", path=plan.probe.path
        )
    location = read_chroma_location(plan.probe.path, video.index, ffmpeg)
    pipe = folder / "pictures.nut"
    os.mkfifo(pipe)
    writer = _Writer(plan.probe.path, pipe, limits or DecodeLimits(), isolation or IsolationSettings())
    writer.start()
    try:
        offset_s = float(first_pts * video.time_base) - plan.probe.start_time_s
        yield VideoInput(_input_args(pipe, offset_s), tuple(video_args(plan, _filters(plan, location))))
    except AnimeflowError as told:
        writer.end()
        if writer.error is not None:  # ffmpeg only met what this left of its input
            raise writer.error from told
        raise
    finally:
        writer.end()
    if writer.error is not None:
        raise writer.error


def _input_args(pipe: Path, offset_s: float) -> tuple[str, ...]:
    # ffmpeg sets the first time of an input to zero; the source's own counts from its container's start.
    return ("-protocol_whitelist", "file", "-f", "nut", "-itsoffset", f"{offset_s:.6f}", "-i", f"file:{pipe}")


def _filters(plan: EncodePlan, location: str | None) -> list[str]:
    """What raw pictures lost: their orientation, the shape of their pixels, their colours."""
    video = plan.probe.video
    aspect = video.sample_aspect_ratio or Fraction(1)
    params = "setparams=field_mode=prog"
    for name, value, unknown in (
        ("range", video.color_range, (0,)),
        ("color_primaries", video.color_primaries, (0, 2)),
        ("color_trc", video.color_transfer, (0, 2)),
        ("colorspace", video.color_space, (2,)),
        ("chroma_location", location, (None,)),
    ):
        if value not in unknown:
            params += f":{name}={value}"
    turns = (*_TURNS.get(video.rotation, ()), *(("hflip",) if video.mirrored else ()))
    return [f"setsar={aspect.numerator}/{aspect.denominator}", *turns, params]


class _Writer(threading.Thread):
    """Hands what a worker decodes of a file to a pipe. Here and not there: ffmpeg may take its time to read."""

    def __init__(self, source: Path, pipe: Path, limits: DecodeLimits, isolation: IsolationSettings) -> None:
        super().__init__(name="decoded-input", daemon=True)
        self.error: BaseException | None = None
        self._source, self._pipe, self._ended = source, pipe, threading.Event()
        self._limits, self._isolation = limits, isolation

    def run(self) -> None:
        try:
            handle = self._open_pipe()
            if handle is not None:
                with handle:
                    self._write(handle)
        except BrokenPipeError:
            pass  # ffmpeg ended: its own error tells why
        except BaseException as problem:  # noqa: BLE001 raised where the encode is waited for
            self.error = problem

    def end(self) -> None:
        """Stop and wait."""
        self._ended.set()
        self.join()

    def _open_pipe(self) -> BinaryIO | None:
        """The pipe, once ffmpeg reads it; None when it never did. Opening it plainly would wait for ever."""
        while not self._ended.is_set():
            try:
                handle = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as problem:
                if problem.errno != errno.ENXIO:
                    raise
                self._ended.wait(_WAIT_S)
            else:
                os.set_blocking(handle, True)
                return os.fdopen(handle, "wb", buffering=0)
        return None

    def _write(self, handle: BinaryIO) -> None:
        pieces = isolate.stream(
            "animeflow.media.encode.decoded_input:raw_pictures",
            self._source,
            decode=self._limits,
            limits=self._isolation,
        )
        with closing(pieces):
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    if self._ended.is_set():
                        return
                    rest = rest[handle.write(rest) :]


def raw_pictures(source: Path, *, decode: DecodeLimits) -> Iterator[bytes]:
    """A video as raw pictures in NUT, which keeps their times, a picture at a time; decoded in one thread."""
    import av
    from av.video.reformatter import VideoReformatter

    reformatter, sink = VideoReformatter(), _Sink()
    with (
        open_video(source, purpose="encode", limits=decode, threads=1) as reader,
        av.open(sink, "w", format="nut") as target,
    ):
        stream: Any = None
        for frame in reader:
            picture = frame.picture
            if stream is None:
                first = picture
                stream = target.add_stream("rawvideo", rate=reader.average_rate or 25)
                stream.width, stream.height, stream.pix_fmt = (
                    picture.width,
                    picture.height,
                    picture.format.name,
                )
                stream.time_base = stream.codec_context.time_base = reader.time_base
            elif (picture.width, picture.height, picture.format.name) != (
                first.width,
                first.height,
                first.format.name,
            ):
                picture = reformatter.reformat(
                    picture, width=first.width, height=first.height, format=first.format.name
                )
            picture.pts, picture.time_base = frame.pts, reader.time_base
            picture.pict_type = 0
            target.mux(stream.encode(picture))
            yield sink.taken()
        if stream is not None:
            target.mux(stream.encode(None))
    yield sink.taken()


class _Sink:
    """What PyAV writes, until it is taken."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        taken, self._written = bytes(self._written), bytearray()
        return taken
