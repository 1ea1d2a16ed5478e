"""A clip's file, read again: frames and their times, codec, size, sound, and the digest of its picture packets."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from animeflow.errors import EncodeError
from animeflow.media.command import check_stop, run_command
from animeflow.media.demux.container import main_video_stream, open_container
from animeflow.media.demux.frame_index import FrameIndex, index_packets
from animeflow.media.ffmpeg import MEMORY_WITHOUT_DECODER, input_args


@dataclass(frozen=True)
class ClipFile:
    """What a clip file holds. `index` is None where frames have no times of their own, `sounds` the sound tracks."""

    codec: str
    width: int
    height: int
    time_base: Fraction
    index: FrameIndex | None
    sounds: int


def read_clip_file(path: Path) -> ClipFile:
    """Read a clip's packets without decoding them. Raises `EncodeError` for what is no video."""
    with open_container(path, error=EncodeError) as container:
        stream = main_video_stream(container, path, error=EncodeError)
        context = stream.codec_context
        return ClipFile(
            codec=context.codec.canonical_name,
            width=context.width,
            height=context.height,
            time_base=stream.time_base,
            index=index_packets(container, stream),
            sounds=len(container.streams.audio),
        )


def picture_md5(path: Path) -> str:
    """md5 over the bytes of all picture packets, in the order of the file."""
    digest = hashlib.md5(usedforsecurity=False)
    with open_container(path, error=EncodeError) as container:
        for packet in container.demux(main_video_stream(container, path, error=EncodeError)):
            check_stop()
            digest.update(bytes(packet))
    return digest.hexdigest()


def mute(
    clip: Path, target: Path, *, held: Sequence[str], ticks: int, ffmpeg: Path, timeout_s: float
) -> None:
    """Write the pictures of a finished clip alone, packet by packet; the same container as `target` is named for.

    `held` are ffmpeg's arguments that say how long the last picture is shown (no packet of Matroska does), `ticks` a
    second is the clock of an MP4. Raises `EncodeError` when the copy differs in a packet or a time.
    """
    args = [str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", "-y", *input_args(clip)]
    args += ["-map", "0:v:0", "-c", "copy", *held, *ending(target, ticks)]
    run_command(args, timeout_s=timeout_s, memory_bytes=MEMORY_WITHOUT_DECODER, error=EncodeError)
    ours, theirs = read_clip_file(target), read_clip_file(clip)
    if ours.sounds:
        raise EncodeError("the muted clip has sound", path=target)
    if picture_md5(target) != picture_md5(clip) or not _same_times(ours, theirs):
        raise EncodeError("the muted clip has other pictures than its clip", path=target)


def _same_times(a: ClipFile, b: ClipFile) -> bool:
    if a.index is None or b.index is None or len(a.index) != len(b.index):
        return False
    starts = int(a.index.pts[0]) * a.time_base, int(b.index.pts[0]) * b.time_base
    return all(
        abs((int(p) * a.time_base - starts[0]) - (int(q) * b.time_base - starts[1])) <= Fraction(1, 900)
        for p, q in zip(a.index.pts, b.index.pts, strict=True)
    )


def ending(path: Path, ticks: int) -> list[str]:
    """ffmpeg's last arguments: nothing of the episode's chapters and tags, the same bytes every time.

    The container is that of the file's name (`x.mp4` and `x.mp4.part` are MP4). Unasked, MP4 would count in other ticks
    than the source and end with its index: readers of a stream want that first.
    """
    args = ["-map_chapters", "-1", "-map_metadata", "-1", "-fflags", "+bitexact"]
    if path.name.removesuffix(".part").endswith(".mp4"):
        args += ["-video_track_timescale", str(ticks), "-movflags", "+faststart", "-f", "mp4"]
    else:
        args += ["-f", "matroska"]
    return [*args, f"file:{path}"]
