"""The sound of a clip as a file of its own: whole packets, times counted from the clip's first frame."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from animeflow.errors import EncodeError
from animeflow.media.command import check_stop
from animeflow.media.container import open_container
from animeflow.media.streams import AudioTrack

MICROSECONDS = 1_000_000  # libavformat's clock of a whole file
# NUT has no place for a codec's delay. In Matroska each clip would bring that of the whole track along (priming, an
# edit list), and every player drop as much from the clip's beginning. What NUT does not hold (TrueHD) has none.
_CONTAINERS = ("nut", "matroska")


def write_clip_sound(
    source: Path, tracks: Sequence[AudioTrack], target: Path, *, first: Fraction, last: Fraction
) -> tuple[tuple[AudioTrack, ...], Fraction]:
    """Write the packets of `tracks` that begin in [first, last) seconds: (the tracks that have any, in order, when the
    first packet begins, in seconds of the clip).

    Nothing is written where none has. Sound keeps its own packet borders: it begins up to one packet late. Raises
    `EncodeError`.
    """
    with open_container(source, error=EncodeError) as container:
        streams = {track.index: container.streams[track.index] for track in tracks}
        packets = _packets(container, streams, first, last) if streams else []
        there = {packet.stream_index for packet in packets}
        sounding = tuple(track for track in tracks if track.index in there)
        for packet in packets:
            packet.pts -= round(first / packet.time_base)
            packet.dts = packet.pts
        begins = min((packet.pts * packet.time_base for packet in packets), default=Fraction(0))
        if sounding:
            _write(target, [streams[track.index] for track in sounding], packets)
    return sounding, begins


def _packets(container: Any, streams: dict[int, Any], first: Fraction, last: Fraction) -> list[Any]:
    found = []
    container.seek(max(0, int((first - 1) * MICROSECONDS)), backward=True)
    going = set(streams)
    for packet in container.demux(list(streams.values())):
        check_stop()
        if packet.pts is None or packet.size == 0:
            continue
        at = packet.pts * packet.time_base
        if at >= last:
            going.discard(packet.stream_index)
            if not going:
                break
        elif at >= first:
            found.append(packet)
    return found


def _write(target: Path, streams: Sequence[Any], packets: Sequence[Any]) -> None:
    """Into the first container that gives the same codecs back: NUT has one number for AC-3 and E-AC-3."""
    import av

    names = [stream.codec_context.name for stream in streams]
    failure = ""
    for container in _CONTAINERS:
        try:
            _mux(target, container, streams, packets)
            with av.open(f"file:{target}", format=container) as written:
                found = [stream.codec_context.name for stream in written.streams.audio]
        except (av.FFmpegError, ValueError) as error:
            failure = str(error)
            continue
        if found == names:
            return
        failure = f"{container} makes {', '.join(found)} of {', '.join(names)}"
    raise EncodeError(f"the sound of a clip cannot be copied: {failure}", path=target)


def _mux(target: Path, container: str, streams: Sequence[Any], packets: Sequence[Any]) -> None:
    import av

    with av.open(f"file:{target}", "w", format=container, options={"fflags": "+bitexact"}) as out:
        copies = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in streams}
        for packet in packets:
            packet.stream = copies[packet.stream_index]
            out.mux(packet)
