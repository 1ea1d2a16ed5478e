"""Cut clips out of an encode: packets copied where the clip starts on a key frame, else encoded again."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from animeflow.errors import ContractError, EncodeError, InputError
from animeflow.media.clips.files import ClipFile, ending, mute, read_clip_file
from animeflow.media.clips.shape import ClipShape, Pictures, filters, sound_args, target_size
from animeflow.media.clips.sound import write_clip_sound
from animeflow.media.command import check_stop, run_command
from animeflow.media.decode.counting import count_decoded
from animeflow.media.demux.container import main_video_stream, open_container
from animeflow.media.demux.frame_index import FrameIndex, index_packets
from animeflow.media.demux.streams import AudioTrack, list_audio
from animeflow.media.demux.timing import claimed_rate
from animeflow.media.encode.encoders import Encoder, paced, svt
from animeflow.media.encode.video import require_clean
from animeflow.media.ffmpeg import ffmpeg_path, input_args, memory_for, picture_args

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
    claimed_rate: Fraction | None
    """Frames a second as FFmpeg guesses them; where times vary, far from true."""
    copies: bool
    """Whether packets are in presentation order (AV1), so that counting packets counts frames."""

    @property
    def square_pixels(self) -> bool:
        return self.pictures.aspect == 1

    @property
    def ticks(self) -> int:
        """Of an MP4, a second: the source's own clock where it is a whole number, else a fine one."""
        return self.time_base.denominator if self.time_base.numerator == 1 else 90_000

    def paced(self, encoder: Encoder) -> Encoder:
        """The encoder, told the frames' own rate where it does not take the claimed one."""
        return paced(encoder, self.claimed_rate, self.index.pts.tolist(), self.time_base)

    def seconds(self, frame: int) -> Fraction:
        """When a frame is shown, on the container's own clock; past the last frame, one frame later.

        A lone frame is shown for one tick, as in the table of clips.
        """
        pts = self.index.pts
        if frame < len(pts):
            return int(pts[frame]) * self.time_base
        last_step = int(pts[-1] - pts[-2]) if len(pts) > 1 else 1
        return (int(pts[-1]) + last_step) * self.time_base

    def last_duration(self, end: int) -> int | None:
        """Ticks of `time_base` that the clip's last frame is held, where the next one tells."""
        pts = self.index.pts
        return int(pts[end] - pts[end - 1]) if end < len(pts) else None

    def duration_args(self, start: int, end: int, container: str) -> list[str]:
        """ffmpeg's: as `last_duration`, which no packet says: a held last drawing would flash by.

        An MP4 ends with the packet that is stored last, Matroska with the frame that is shown last; they are the same
        where frames are not reordered. Both times are named, or the filter would take one for the other.
        """
        if self.last_duration(end) is None:
            return []
        if end - start == 1:
            held = float(self.seconds(end) - self.seconds(start))
            return ["-bsf:v:0", f"setts=pts=PTS:dts=DTS:duration={held:.6f}/TB"]
        first, last, over = (float(self.seconds(n) - self.seconds(start)) for n in (end - 2, end - 1, end))
        which = f"eq(N,{end - start - 1})" if container == "mp4" else f"gte(PTS*TB,{(first + last) / 2:.6f})"
        return ["-bsf:v:0", f"setts=pts=PTS:dts=DTS:duration='if({which},{over:.6f}/TB-PTS,DURATION)'"]


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
            context.width,
            context.height,
            stream.sample_aspect_ratio or Fraction(1),
            int(context.color_trc),
            interlaced=int(context.field_order) > 1,
        )
        codec = context.codec.canonical_name
        time_base, number, rate = stream.time_base, stream.index, claimed_rate(stream)
        audio = list_audio(container)
        start = Fraction(container.start_time or 0, 1_000_000)
        index = index_packets(container, stream)
    if index is None or not len(index):
        raise InputError("has frames without a usable time: no clip can be cut", path=path)
    return ClipSource(path, index, time_base, start, number, audio, pictures, rate, codec == "av1")


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
    sound = Sound(output.with_name(output.name + ".sound"))
    same = shape.h264 is None and target_size(source.pictures, shape) == (
        source.pictures.width,
        source.pictures.height,
    )
    method: Literal["copy", "encode"] = (
        "copy" if same and source.copies and bool(source.index.key[start]) else "encode"
    )
    binary = ffmpeg or ffmpeg_path()
    try:
        if audio:
            sound = sound.written(source, start, end)
        if method == "encode":
            chosen = source.paced(shape.h264 or encoder or svt("fast", 20.0))
            _encode_clip(source, part, start, end, sound, shape, chosen, binary, timeout_s)
        elif source.square_pixels and shape.container == "mkv":
            _copy_packets(source, part, start, end, sound)
        else:
            # PyAV writes no pixel aspect.
            _copy_with_ffmpeg(source, part, start, end, sound, shape.container, binary, timeout_s)
        found = require_frames(part, source, start, end)
        silent = muted if muted is not None and found.sounds else None
        if silent is not None:
            held = source.duration_args(start, end, shape.container)
            mute(part, silent, held=held, ticks=source.ticks, ffmpeg=binary, timeout_s=timeout_s)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
        sound.path.unlink(missing_ok=True)
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


@dataclass(frozen=True)
class Sound:
    """The sound of a clip: a file of its own with these tracks, in order; none: no file. It begins at `begins` s."""

    path: Path
    tracks: tuple[AudioTrack, ...] = ()
    begins: Fraction = Fraction(0)

    def written(self, source: ClipSource, start: int, end: int) -> Sound:
        """The same after the packets of frames start..end-1 were copied into it."""
        first, last = source.seconds(start), source.seconds(end)
        found = write_clip_sound(source.path, source.audio, self.path, first=first, last=last)
        return Sound(self.path, *found)

    @property
    def input_args(self) -> list[str]:
        """ffmpeg's, as the second input, which it would move to time zero."""
        if not self.tracks:
            return []
        return ["-itsoffset", _SECONDS.format(float(self.begins)), "-i", f"file:{self.path}"]

    def output_args(self, container: str) -> list[str]:
        """ffmpeg's: every track with its names and flags (dropping the file's tags drops the tracks' too)."""
        args = []
        for n, track in enumerate(self.tracks):
            args += ["-map", f"1:{n}", f"-disposition:a:{n}", "+".join(track.dispositions) or "0"]
            for key, value in _names(track).items():
                args += [f"-metadata:s:a:{n}", f"{key}={value}"]
        return args + (sound_args(self.tracks, container) if self.tracks else [])


def _copy_packets(source: ClipSource, part: Path, start: int, end: int, sound: Sound) -> None:
    """Mux the clip's packets with PyAV: 5 ms a clip, a sixth of an ffmpeg process."""
    import av

    with ExitStack() as stack:
        container = stack.enter_context(open_container(source.path))
        target = stack.enter_context(
            av.open(f"file:{part}", "w", format="matroska", options={"fflags": "+bitexact"})
        )
        video = container.streams[source.video_stream]
        # opaque: the codec is only a label; without it libdav1d, a decoder, is looked up as an encoder.
        picture = target.add_stream_from_template(video, opaque=True)
        packets = [_picture_packets(source, container, start, end, picture)]
        if sound.tracks:
            heard = stack.enter_context(av.open(f"file:{sound.path}", metadata_errors="replace"))
            copies = [target.add_stream_from_template(one, opaque=True) for one in heard.streams.audio]
            for track, copy in zip(sound.tracks, copies, strict=True):
                copy.metadata.update(_names(track))
                copy.disposition = container.streams[track.index].disposition
            packets.append((p, copies[p.stream_index]) for p in heard.demux() if p.size)
        for packet, copy in heapq.merge(*packets, key=lambda pair: pair[0].pts * pair[0].time_base):
            packet.stream = copy
            target.mux(packet)


def _picture_packets(source: ClipSource, container: Any, start: int, end: int, copy: Any) -> Iterator[Any]:
    """(packet, output stream) of the clip's frames, times counted from the first."""
    video = container.streams[source.video_stream]
    container.seek(int(source.index.pts[start]), stream=video, backward=True)
    first, last = int(source.index.pts[start]), source.seconds(end)
    held = source.last_duration(end)
    for packet in container.demux(video):
        check_stop()
        if packet.pts is None or packet.size == 0:
            continue
        if packet.pts * packet.time_base >= last:
            return
        if packet.pts >= first:
            if held is not None and packet.pts == int(source.index.pts[end - 1]):
                packet.duration = held
            packet.pts -= first
            packet.dts = packet.pts if packet.dts is None else packet.dts - first
            yield packet, copy


def _copy_with_ffmpeg(
    source: ClipSource,
    part: Path,
    start: int,
    end: int,
    sound: Sound,
    container: str,
    ffmpeg: Path,
    timeout_s: float,
) -> None:
    """START is the key frame's time as stored: half a frame later gave one frame too many in 11 of 12 clips."""
    args = [*_beginning(ffmpeg), "-ss", _SECONDS.format(float(source.seconds(start) - source.start_time))]
    if end < len(source.index):  # of the pictures alone: the sound goes on while the last one is held
        step = source.seconds(end) - source.seconds(end - 1)
        args += ["-t", _SECONDS.format(float(source.seconds(end) - source.seconds(start) - step / 4))]
    args += [*input_args(source.path), *sound.input_args, "-map", f"0:{source.video_stream}"]
    args += [*sound.output_args(container), "-c:v", "copy", *source.duration_args(start, end, container)]
    # An MP4 hides what AAC writes before its first sample (an edit list). Counted from there, the pictures come up to
    # 22 ms late.
    args += ["-avoid_negative_ts", "auto" if container == "mp4" else "make_zero", *ending(part, source.ticks)]
    run_command(args, timeout_s=timeout_s, memory_bytes=_memory_for(source), error=EncodeError)


def _encode_clip(
    source: ClipSource,
    part: Path,
    start: int,
    end: int,
    sound: Sound,
    shape: ClipShape,
    encoder: Encoder,
    ffmpeg: Path,
    timeout_s: float,
) -> None:
    """Decode from the key frame before, keep the clip's frames, encode them."""
    first = source.seconds(start) - source.start_time
    # Between the frame before and the first: no rounding can take one too many or too few.
    from_s = (source.seconds(start - 1) - source.start_time + first) / 2 if start else Fraction(0)
    args = [*_beginning(ffmpeg), "-ss", _SECONDS.format(float(from_s)), *picture_args(ffmpeg, source.path)]
    args += [*sound.input_args, "-map", f"0:{source.video_stream}"]
    # Not -frames:v: it ends the sound with the last frame's time, however long that frame is held.
    chain = f"trim=end_frame={end - start},{filters(source.pictures, shape)}"
    args += ["-filter:v:0", chain, *sound.output_args(shape.container)]
    # The encoder's own clock has one tick a frame: times of a varying rate would be rounded to it.
    args += ["-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", "demux", *encoder.args()]
    args += [*source.duration_args(start, end, shape.container), *ending(part, source.ticks)]
    result = run_command(args, timeout_s=timeout_s, memory_bytes=_memory_for(source), error=EncodeError)
    require_clean(encoder, result.stderr, {}, source.path)
    count_decoded("cut", end - start)


def _names(track: AudioTrack) -> dict[str, str]:
    return {key: value for key, value in (("language", track.language), ("title", track.title)) if value}


def _memory_for(source: ClipSource) -> int:
    return memory_for(source.pictures.width, source.pictures.height)


def _beginning(ffmpeg: Path) -> list[str]:
    return [str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", "-y"]
