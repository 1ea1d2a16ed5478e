"""Cut clips out of an encode: packets copied where the clip starts on a key frame, else encoded again."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from animeflow.errors import ContractError, EncodeError, InputError
from animeflow.media.clip_files import ClipFile, ending, mute, read_clip_file
from animeflow.media.clip_shape import ClipShape, Pictures, filters, sound_args, target_size
from animeflow.media.command import check_stop, run_command
from animeflow.media.container import main_video_stream, open_container
from animeflow.media.counting import count_decoded
from animeflow.media.encode import require_clean
from animeflow.media.encoders import Encoder, svt
from animeflow.media.ffmpeg import ffmpeg_path, input_args, memory_for
from animeflow.media.frame_index import FrameIndex, index_packets
from animeflow.media.streams import AudioTrack, list_audio

_TIME_TOLERANCE_S = 0.0011
_SECONDS = "{:.6f}"
_AS_IT_IS = ClipShape()


@dataclass(frozen=True)
class ClipSource:
    """An encode that clips are cut from. Build it with `clip_source`, once for all clips of a file."""

    path: Path
    index: FrameIndex
    time_base: Fraction
    start_time: Fraction
    """Seconds; ffmpeg counts from here."""
    video_stream: int
    audio: tuple[AudioTrack, ...]
    pictures: Pictures
    copies: bool
    """Whether packets are in presentation order (AV1), so that counting packets counts frames."""

    @property
    def square_pixels(self) -> bool:
        return self.pictures.aspect == 1

    @property
    def ticks(self) -> int:
        """Of an MP4, a second: the source's own clock where it is a whole number, else a fine one."""
        return self.time_base.denominator if self.time_base.numerator == 1 else 90_000

    def seconds(self, frame: int) -> Fraction:
        """When a frame is shown, on the container's own clock; past the last frame, one frame later."""
        pts = self.index.pts
        if frame < len(pts):
            return int(pts[frame]) * self.time_base
        last_step = int(pts[-1] - pts[-2]) if len(pts) > 1 else 0
        return (int(pts[-1]) + last_step) * self.time_base


@dataclass(frozen=True)
class CutClip:
    """A clip as a file, its counted frames, how it was made, and what it holds."""

    path: Path
    frames: int
    method: Literal["copy", "encode"]
    codec: str
    width: int
    height: int
    muted: Path | None = None
    """The same pictures without the sound, where it was asked for and there is sound."""


def clip_source(path: Path | str) -> ClipSource:
    """Read the packet list of an encode. Raises `InputError` where frames have no usable times."""
    path = Path(path)
    with open_container(path) as container:
        stream = main_video_stream(container, path)
        context = stream.codec_context
        pictures = Pictures(
            context.width, context.height, stream.sample_aspect_ratio or Fraction(1), int(context.color_trc)
        )
        codec = stream.codec_context.codec.canonical_name
        time_base, number = stream.time_base, stream.index
        audio = list_audio(container)
        start = Fraction(container.start_time or 0, 1_000_000)
        index = index_packets(container, stream)
    if index is None or not len(index):
        raise InputError("has frames without a usable time: no clip can be cut", path=path)
    return ClipSource(path, index, time_base, start, number, audio, pictures, codec == "av1")


def cut_clip(
    source: ClipSource,
    output: Path,
    *,
    start: int,
    end: int,
    audio: bool = True,
    muted: Path | None = None,
    shape: ClipShape = _AS_IT_IS,
    encoder: Encoder | None = None,
    ffmpeg: Path | None = None,
    timeout_s: float = 3600.0,
) -> CutClip:
    """Write frames start..end-1, with all audio tracks if `audio`; subtitles and chapters stay behind.

    A clip that starts on a key frame and keeps codec and size is copied, bit for bit; another is encoded again: with
    the H.264 encoder of its `shape`, else with `encoder` (None: SVT-AV1, profile `fast`, CRF 20). `muted` names a
    second file for the same packets without sound. The same input gives the same bytes. Raises `EncodeError` when a
    written file does not hold exactly these frames.
    """
    if not 0 <= start < end <= len(source.index):
        raise ContractError(f"a clip {start}..{end} of a video of {len(source.index)} frames")
    part = output.with_name(output.name + ".part")
    same = shape.h264 is None and target_size(source.pictures, shape) == (
        source.pictures.width,
        source.pictures.height,
    )
    method: Literal["copy", "encode"] = (
        "copy" if same and source.copies and bool(source.index.key[start]) else "encode"
    )
    binary = ffmpeg or ffmpeg_path()
    try:
        if method == "encode":
            chosen = shape.h264 or encoder or svt("fast", 20.0)
            _encode_clip(source, part, start, end, audio, shape, chosen, binary, timeout_s)
        elif source.square_pixels and shape.container == "mkv":
            _copy_packets(source, part, start, end, audio)
        else:
            # PyAV writes no pixel aspect.
            _copy_with_ffmpeg(source, part, start, end, audio, shape.container, binary, timeout_s)
        found = require_frames(part, source, start, end)
        silent = muted if muted is not None and found.sounds else None
        if silent is not None:
            mute(part, silent, ticks=source.ticks, ffmpeg=binary, timeout_s=timeout_s)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return CutClip(output, end - start, method, found.codec, found.width, found.height, silent)


def require_frames(path: Path, source: ClipSource, start: int, end: int) -> ClipFile:
    """Read a clip's file. Raises `EncodeError` unless it holds as many frames as the clip, at the same distances, from
    a key frame on.
    """
    found = read_clip_file(path)
    index = found.index
    if index is None or len(index) != end - start:
        held = "frames without times" if index is None else f"{len(index)} frames"
        raise EncodeError(f"the clip has {held}, not {end - start}", path=path)
    if not index.key[0]:
        raise EncodeError("the clip does not start with a key frame", path=path)
    wanted = (source.index.pts[start:end] - source.index.pts[start]) * float(source.time_base)
    got = (index.pts - index.pts[0]) * float(found.time_base)
    worst = int(np.argmax(np.abs(got - wanted)))
    if abs(got[worst] - wanted[worst]) > _TIME_TOLERANCE_S:
        raise EncodeError(
            f"frame {worst} of the clip is {1000 * (got[worst] - wanted[worst]):+.2f} ms off", path=path
        )
    return found


def _copy_packets(source: ClipSource, part: Path, start: int, end: int, audio: bool) -> None:
    """Mux the clip's packets with PyAV: 5 ms a clip, a sixth of an ffmpeg process."""
    import av

    with ExitStack() as stack:
        container = stack.enter_context(open_container(source.path))
        target = stack.enter_context(
            av.open(f"file:{part}", "w", format="matroska", options={"fflags": "+bitexact"})
        )
        streams = {source.video_stream: container.streams[source.video_stream]}
        if audio:
            streams |= {t.index: container.streams[t.index] for t in source.audio}
        # opaque: the codec is only a label; without it libdav1d, a decoder, is looked up as an encoder.
        copies = {n: target.add_stream_from_template(s, opaque=True) for n, s in streams.items()}
        for track in source.audio if audio else ():
            copies[track.index].metadata.update(_names(track))
            copies[track.index].disposition = streams[track.index].disposition
        video = streams[source.video_stream]
        container.seek(int(source.index.pts[start]), stream=video, backward=True)
        for packet, copy in _clip_packets(source, container, copies, start, end):
            packet.stream = copy
            target.mux(packet)


def _clip_packets(source: ClipSource, container: Any, copies: dict[int, Any], start: int, end: int) -> Any:
    """(packet, output stream) of the clip, times counted from its first frame. Sound keeps its own packet borders."""
    first, last = source.seconds(start), source.seconds(end)
    wanted = list(copies)
    open_streams = set(wanted)
    for packet in container.demux([container.streams[n] for n in wanted]):
        check_stop()
        if packet.pts is None or packet.size == 0:
            continue
        at = packet.pts * packet.time_base
        if at >= last:
            open_streams.discard(packet.stream_index)
            if not open_streams:
                return
        elif at >= first:
            shift = round(first / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts if packet.dts is None else packet.dts - shift
            yield packet, copies[packet.stream_index]


def _copy_with_ffmpeg(
    source: ClipSource,
    part: Path,
    start: int,
    end: int,
    audio: bool,
    container: str,
    ffmpeg: Path,
    timeout_s: float,
) -> None:
    """START is the key frame's time as stored: half a frame later gave one frame too many in 11 of 12 clips."""
    args = _beginning(ffmpeg)
    args += [
        "-ss",
        _SECONDS.format(float(source.seconds(start) - source.start_time)),
        *input_args(source.path),
    ]
    args += ["-map", f"0:{source.video_stream}"]
    if audio:
        args += _audio_args(source, 0)
    if end < len(source.index):
        step = source.seconds(end) - source.seconds(end - 1)
        args += ["-t", _SECONDS.format(float(source.seconds(end) - source.seconds(start) - step / 4))]
    args += ["-c:v", "copy", *(sound_args(source.audio, container) if audio else [])]
    args += ["-avoid_negative_ts", "make_zero", *ending(part, source.ticks)]
    run_command(args, timeout_s=timeout_s, memory_bytes=_memory_for(source), error=EncodeError)


def _encode_clip(
    source: ClipSource,
    part: Path,
    start: int,
    end: int,
    audio: bool,
    shape: ClipShape,
    encoder: Encoder,
    ffmpeg: Path,
    timeout_s: float,
) -> None:
    """Decode from the key frame before, keep the clip's frames, encode them.

    Sound is copied from a second reading, so that both count from the clip's first frame.
    """
    first, last = source.seconds(start) - source.start_time, source.seconds(end) - source.start_time
    # Between the frame before and the first: no rounding can take one too many or too few.
    from_s = (source.seconds(start - 1) - source.start_time + first) / 2 if start else Fraction(0)
    args = [*_beginning(ffmpeg), "-ss", _SECONDS.format(float(from_s)), *input_args(source.path)]
    maps = ["-map", f"0:{source.video_stream}"]
    if audio and source.audio:
        span = [_SECONDS.format(float(t)) for t in (first, last - first)]
        args += ["-ss", span[0], "-t", span[1], *input_args(source.path)]
        maps += _audio_args(source, 1)
    args += [*maps, "-filter:v:0", filters(source.pictures, shape), "-frames:v:0", str(end - start)]
    # The encoder's own clock has one tick a frame: times of a varying rate would be rounded to it.
    args += ["-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", "demux", *encoder.args()]
    args += [*(sound_args(source.audio, shape.container) if audio else []), *ending(part, source.ticks)]
    result = run_command(args, timeout_s=timeout_s, memory_bytes=_memory_for(source), error=EncodeError)
    require_clean(encoder, result.stderr, {}, source.path)
    count_decoded("cut", end - start)


def _audio_args(source: ClipSource, reading: int) -> list[str]:
    """Map all sound tracks of an input, with their names and flags (dropping the file's tags drops the tracks' too)."""
    args = []
    for n, track in enumerate(source.audio):
        args += [
            "-map",
            f"{reading}:{track.index}",
            f"-disposition:a:{n}",
            "+".join(track.dispositions) or "0",
        ]
        args += [
            word for key, value in _names(track).items() for word in (f"-metadata:s:a:{n}", f"{key}={value}")
        ]
    return args


def _names(track: AudioTrack) -> dict[str, str]:
    return {key: value for key, value in (("language", track.language), ("title", track.title)) if value}


def _memory_for(source: ClipSource) -> int:
    return memory_for(source.pictures.width, source.pictures.height)


def _beginning(ffmpeg: Path) -> list[str]:
    return [str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", "-y"]
