"""The sound of a clip as a file of its own: whole packets, times counted from the clip's first frame."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

from animeflow.errors import EncodeError
from animeflow.media.command import check_stop
from animeflow.media.demux.container import open_container
from animeflow.media.demux.streams import AudioTrack

MICROSECONDS = 1_000_000  # libavformat's clock of a whole file
# NUT has no place for a codec's delay. In Matroska each clip would bring that of the whole track along (priming, an
# edit list), and every player drop as much from the clip's beginning. What NUT does not hold (TrueHD) has none.
_CONTAINERS = ("nut", "matroska")
_ENOUGH = 8  # packets by which a reader knows rate and channels of a codec


def write_clip_sound(
    source: Path, tracks: Sequence[AudioTrack], target: Path, *, first: Fraction, last: Fraction
) -> tuple[tuple[AudioTrack, ...], Fraction]:
    """Write the packets of `tracks` that begin in [first, last) seconds: (the tracks that have any, in order, when the
    first packet begins, in seconds of the clip).

    Nothing is written where none has. Sound keeps its own packet borders: it begins up to one packet late, and MP3 is
    silent for three more, whose bits lie in the packets before. Raises `EncodeError`.
    """
    with open_container(source, error=EncodeError) as container:
        streams = {track.index: container.streams[track.index] for track in tracks}
        packets = _packets(container, streams, first, last) if streams else []
        there = {packet.stream_index for packet in packets}
        sounding = tuple(track for track in tracks if track.index in there)
        begins = min((packet.pts * packet.time_base for packet in packets), default=Fraction(0))
        if sounding:
            _write(target, container, {track.index: streams[track.index] for track in sounding}, first, last)
    return sounding, begins


def _packets(container: Any, streams: dict[int, Any], first: Fraction, last: Fraction) -> list[Any]:
    """The packets that begin in [first, last) seconds, read from the file, times counted from `first`."""
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
            packet.pts -= round(first / packet.time_base)
            packet.dts = packet.pts
            found.append(packet)
    return found


def _write(target: Path, source: Any, streams: dict[int, Any], first: Fraction, last: Fraction) -> None:
    """Into the first container that gives the same codecs back: NUT has one number for AC-3 and E-AC-3."""
    import av

    names = [stream.codec_context.name for stream in streams.values()]
    failure = ""
    for container in _CONTAINERS:
        # Read anew each time: muxing gives packets the stream and the clock of the file they were written to.
        packets = _packets(source, streams, first, last)
        try:
            with ExitStack() as held:
                models = streams
                if container != "nut":
                    models = {n: _without_delay(stream, packets, held) for n, stream in streams.items()}
                _mux(target, container, models, packets)
            with av.open(f"file:{target}", format=container) as written:
                found = [stream.codec_context.name for stream in written.streams.audio]
        except (av.FFmpegError, ValueError) as error:
            failure = str(error)
            continue
        if found == names:
            return
        failure = f"{container} makes {', '.join(found)} of {', '.join(names)}"
    raise EncodeError(f"the sound of a clip cannot be copied: {failure}", path=target)


def _without_delay(stream: Any, packets: Sequence[Any], held: ExitStack) -> Any:
    """The stream as a format says that has no place for its codec's delay: NUT, or the bare packets (`eac3`).

    The stream itself where neither gives its codec back. `held` keeps open what the answer lies in.
    """
    import av

    codec, few = (
        stream.codec_context.codec.canonical_name,
        [p for p in packets if p.stream_index == stream.index],
    )
    for kind in ("nut", codec):
        memory = BytesIO()
        try:
            with av.open(memory, "w", format=kind) as out:
                copy = out.add_stream_from_template(stream, opaque=True)
                for packet in few[:_ENOUGH]:
                    out.mux(_copied(packet, copy))
            memory.seek(0)
            read = held.enter_context(av.open(memory, format=kind)).streams.audio[0]
        except (av.FFmpegError, ValueError, IndexError):
            continue
        if read.codec_context.codec.canonical_name == codec:
            return read
    return stream


def _copied(packet: Any, stream: Any) -> Any:
    """The packet for a stream of another file: the packet itself keeps its own stream and clock."""
    import av

    copy = av.Packet(bytes(packet))
    copy.pts = copy.dts = packet.pts
    copy.time_base, copy.duration, copy.stream = packet.time_base, packet.duration, stream
    return copy


def _mux(target: Path, container: str, streams: dict[int, Any], packets: Sequence[Any]) -> None:
    """The packets of `streams` (by index in their source), in new streams modelled on these."""
    import av

    with av.open(f"file:{target}", "w", format=container, options={"fflags": "+bitexact"}) as out:
        copies = {
            index: out.add_stream_from_template(stream, opaque=True) for index, stream in streams.items()
        }
        for packet in packets:
            packet.stream = copies[packet.stream_index]
            out.mux(packet)
