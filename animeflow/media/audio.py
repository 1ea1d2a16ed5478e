"""Sound of a media file as float32 samples, in blocks of bounded memory, on the video's clock."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.errors import DecodeError, InputError
from animeflow.media.command import check_stop, run_command
from animeflow.media.demux.container import cover_streams, open_container
from animeflow.media.ffmpeg import ffmpeg_path, input_args
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings

F32 = npt.NDArray[np.float32]
_SOUND_BYTES = 2 << 30  # more than any filter of sound holds
_LAYOUTS = {1: "mono", 2: "stereo"}
# A hole longer than this is filled with silence; shorter ones are rounding of timestamps (Matroska: 1 ms, AAC at 44.1
# kHz).
_HOLE_S = 0.05
_LONGEST_HOLE_S = 3600.0


@dataclass(frozen=True)
class AudioBlock:
    """`samples` float32 [channels, n] in -1..1, the first of them at `start` samples after the clock's zero."""

    start: int
    samples: F32


def read_audio(
    path: Path | str,
    *,
    rate: int = 16000,
    channels: int = 1,
    track: int = 0,
    block: int = 1 << 16,
    clock_zero_s: float | None = None,
) -> Iterator[AudioBlock]:
    """Decode one sound track as blocks of `block` samples (the last may be shorter), resampled to `rate` Hz.

    `track` counts the file's sound tracks from 0. Sample 0 is at `clock_zero_s` seconds of the container's clock, by
    default where the main video starts: sound before it is cut, and a track that begins later, or has holes, gets
    silence. Damaged packets are passed over.

    Raises `InputError` (no_audio) when there is no such track, `DecodeError` when nothing of it decodes.
    """
    if channels not in _LAYOUTS or rate < 1 or block < 1:
        raise InputError(
            f"sound of {channels} channels at {rate} Hz in blocks of {block}: 1 or 2 channels, above 0"
        )
    with open_container(path, error=DecodeError) as container:
        stream = _audio_stream(container, track, path)
        zero = _clock_zero(container) if clock_zero_s is None else Fraction(clock_zero_s)
        yield from _blocks(_placed(container, stream, rate, channels, zero, path), channels, block)


def isolated_audio(
    path: Path | str,
    *,
    rate: int = 16000,
    channels: int = 1,
    track: int = 0,
    clock_zero_s: float | None = None,
    isolation: IsolationSettings | None = None,
) -> Generator[AudioBlock, None, None]:
    """As `read_audio`, of a stranger's file: decoded in a worker process. Raises also what `isolate.stream` makes of a
    decoder that crashes, hangs or takes too much memory.
    """
    return isolate.stream(
        "animeflow.media.audio:read_audio",
        Path(path),
        rate=rate,
        channels=channels,
        track=track,
        clock_zero_s=clock_zero_s,
        limits=isolation or IsolationSettings(),
    )


def read_all_audio(path: Path | str, *, rate: int = 16000, channels: int = 1, track: int = 0) -> F32:
    """The whole track as float32 [channels, n]: 0.23 GB an hour of mono at 16 kHz."""
    blocks = [b.samples for b in read_audio(path, rate=rate, channels=channels, track=track)]
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((channels, 0), np.float32)


def _audio_stream(container: Any, track: int, path: Path | str) -> Any:
    streams = container.streams.audio
    if not 0 <= track < len(streams):
        raise InputError(
            f"has {len(streams)} sound tracks; track {track} was asked for", reason="no_audio", path=path
        )
    if streams[track].codec_context is None:
        raise DecodeError("has a sound track that no decoder knows", path=path)
    return streams[track]


def _clock_zero(container: Any) -> Fraction:
    """Where the first video starts that is no cover, by its header; the container's start where there is none."""
    covers = {stream.index for stream in cover_streams(container)}
    for stream in container.streams.video:
        if stream.index in covers:
            continue
        if stream.start_time is not None and stream.average_rate is not None:
            return Fraction(stream.start_time * stream.time_base)
    return Fraction(container.start_time or 0, 1_000_000)


def _placed(
    container: Any, stream: Any, rate: int, channels: int, zero: Fraction, path: Path | str
) -> Iterator[tuple[int, F32]]:
    """(position in output samples, samples) of each resampled frame, positions from the frames' own times."""
    position: int | None = None
    resampler = _Resampler(rate, channels)
    for frame in _frames(container, stream):
        if frame.pts is not None:
            at = round((frame.pts * frame.time_base - zero) * rate)
            if position is None or abs(at - position) > _HOLE_S * rate:
                _require_credible(at, position, rate, path)
                position = at
        position = position or 0
        for samples in resampler.feed(frame):
            yield position, samples
            position += samples.shape[1]
    if position is None:
        raise DecodeError("no sound can be decoded", path=path)
    for samples in resampler.feed(None):
        yield position, samples
        position += samples.shape[1]


def _require_credible(at: int, position: int | None, rate: int, path: Path | str) -> None:
    if at - (position or 0) > _LONGEST_HOLE_S * rate:
        raise DecodeError(
            f"has {(at - (position or 0)) / rate:.0f} s without sound", reason="corrupt", path=path
        )


class _Resampler:
    """PyAV's resampler, renewed where the format changes inside a stream."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate, self._layout = rate, _LAYOUTS[channels]
        self._of: tuple[str, str, int] | None = None
        self._resampler: Any = None

    def feed(self, frame: Any) -> Iterator[F32]:
        """float32 [channels, n] pieces; None flushes."""
        from av.audio.resampler import AudioResampler

        kind = None if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is not None and kind != self._of:
            yield from self._arrays(None)
            self._resampler = None
        if frame is not None:
            if self._resampler is None:
                self._resampler = AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
                self._of = kind
            frame.pts = None  # times are kept here; the resampler refuses those that jump
            yield from self._arrays(frame)

    def _arrays(self, frame: Any) -> Iterator[F32]:
        for piece in self._resampler.resample(frame):
            yield np.asarray(piece.to_ndarray(), dtype=np.float32)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    import av

    packets = container.demux(stream)
    while True:
        check_stop()
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            return
        if packet is None:
            return
        try:
            yield from stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            continue


def _blocks(pieces: Iterator[tuple[int, F32]], channels: int, size: int) -> Iterator[AudioBlock]:
    """Gather placed pieces into blocks on one continuous axis: early samples are cut, holes are silence."""
    gather = _Gather(channels, size)
    for at, samples in pieces:
        hole = at - gather.head
        while hole > 0:
            take = min(hole, size)
            yield from gather.add(np.zeros((channels, take), np.float32))
            hole -= take
        yield from gather.add(samples[:, max(0, -hole) :])
    yield from gather.rest()


class _Gather:
    """Turns arrays of any length into blocks of one."""

    def __init__(self, channels: int, size: int) -> None:
        self.head = 0
        self._size, self._filled = size, 0
        self._buffer = np.zeros((channels, size), np.float32)

    def add(self, samples: F32) -> Iterator[AudioBlock]:
        while samples.shape[1]:
            take = min(self._size - self._filled, samples.shape[1])
            self._buffer[:, self._filled : self._filled + take] = samples[:, :take]
            samples = samples[:, take:]
            self._filled += take
            self.head += take
            if self._filled == self._size:
                yield AudioBlock(self.head - self._size, self._buffer)
                self._buffer, self._filled = np.zeros_like(self._buffer), 0

    def rest(self) -> Iterator[AudioBlock]:
        if self._filled:
            yield AudioBlock(self.head - self._filled, self._buffer[:, : self._filled].copy())


@dataclass(frozen=True)
class Loudness:
    """EBU R 128: integrated loudness and true peak in LUFS and dBTP, range in LU; None where the track is silent."""

    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None


def measure_loudness(
    path: Path | str, *, track: int = 0, ffmpeg: Path | None = None, timeout_s: float = 600.0
) -> Loudness:
    """Loudness of one sound track, by ffmpeg's loudnorm in its measuring pass. Raises `InputError` or
    `CommandFailed`.
    """
    with open_container(path) as container:
        stream = _audio_stream(container, track, path)
        index = stream.index
    # fmt: off
    args = [str(ffmpeg or ffmpeg_path()), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "info",
            *input_args(Path(path)), "-map", f"0:{index}",
            "-af", "loudnorm=I=-23:TP=-1:print_format=json", "-f", "null", "-"]
    # fmt: on
    result = run_command(args, timeout_s=timeout_s, memory_bytes=_SOUND_BYTES)
    found = re.findall(r"\{[^{}]*input_i[^{}]*\}", "\n".join(result.stderr))
    values = json.loads(found[-1]) if found else {}
    return Loudness(
        _level(values.get("input_i")), _level(values.get("input_lra")), _level(values.get("input_tp"))
    )


def _level(text: str | None) -> float | None:
    value = float(text) if text is not None else float("-inf")
    return value if np.isfinite(value) and value > -99 else None
