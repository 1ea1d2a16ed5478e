"""What a probe does not hold of a file, for comparing two of them: tags, packets, captions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from animeflow.errors import EncodeError
from animeflow.media.command import check_stop, run_command
from animeflow.media.demux.container import open_container
from animeflow.media.ffmpeg import MEMORY_WITHOUT_DECODER, input_args
from animeflow.media.probe.file import Probe

_CHROMA = re.compile(r"\([^()]*\b(left|center|topleft|top|bottomleft|bottom)\)")
_STREAM = re.compile(r"Stream #(\d+):(\d+)\S*: Video: (.*)")
_TIME_BASE = re.compile(r"^#tb 0: (\d+)/(\d+)$", re.MULTILINE)
_FIRST_TIME = re.compile(r"^0, *-?\d+, *(-?\d+),", re.MULTILINE)
# Of AAC: the mark of a packet's element that lists channels; kinds that ADTS knows; a rate that is no number of the
# table; the bytes of a header before its list of channels, and the most that such a list takes without its comment.
_LISTS_CHANNELS, _ADTS_KINDS, _RATE_IN_FULL = 5, range(1, 5), 15
_AAC_HEADER_BYTES, _MOST_LIST_BYTES = 2, 64
# Bits that count the elements in front, at the sides, behind, of bass, of data and coupled, and bits of each element.
_CHANNEL_ELEMENTS = ((4, 5), (4, 5), (4, 5), (2, 4), (3, 4), (4, 5))
_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Packets:
    """The packets of one stream: the time of the first in seconds (None = there is none), their number, and the md5 of
    their bytes (None = not asked for).
    """

    first_s: float | None
    count: int
    md5: str | None


@dataclass(frozen=True)
class StreamFacts:
    """By absolute stream index: tags, packets of sound and subtitles.

    `chroma` is the place of the chroma samples by FFmpeg's name, None where the stream does not say; `captions` whether
    closed captions ride in the pictures.
    """

    tags: Mapping[int, Mapping[str, str]]
    packets: Mapping[int, Packets]
    chroma: str | None
    captions: bool


def read_stream_facts(facts: Probe, *, digests: bool, ffmpeg: Path) -> StreamFacts:
    """Read a probed file once more, without decoding it.

    `digests` False leaves out the md5 of packets, for which the file is read to its end.
    """
    soft = [*(t.index for t in facts.audio), *(t.index for t in facts.subtitles)]
    with open_container(facts.path) as container:
        tags = {s.index: dict(s.metadata) for s in container.streams}
        packets = _read_packets(container, soft, digests=digests) if soft else {}
    described = describe_video(facts.path, facts.video.index, ffmpeg)
    chroma = _CHROMA.search(described)
    return StreamFacts(
        tags=tags,
        packets=packets,
        chroma=chroma[1] if chroma else None,
        captions="Closed Captions" in described,
    )


def describe_video(path: Path, index: int, ffmpeg: Path) -> str:
    """FFmpeg's own line on a video stream: PyAV shows neither chroma places nor closed captions."""
    args = [str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "verbose", *input_args(path)]
    args += ["-map", f"0:{index}", "-c", "copy", "-t", "0", "-f", "null", "-"]
    result = run_command(args, timeout_s=_TIMEOUT_S, memory_bytes=MEMORY_WITHOUT_DECODER, error=EncodeError)
    for line in result.stderr:
        match = _STREAM.search(line)
        if match and int(match[2]) == index:
            return match[3]
    return ""


def first_sound_s(path: Path, index: int, ffmpeg: Path) -> float | None:
    """When the first samples that a sound stream's decoder gives are heard, on the file's own clock; None without any.

    Later than the first packet where the decoder drops what it needed to begin.
    """
    args = [str(ffmpeg), "-nostdin", "-hide_banner", "-v", "error", "-copyts", *input_args(path)]
    args += ["-map", f"0:{index}", "-frames:a", "1", "-f", "framecrc", "-"]
    result = run_command(args, timeout_s=_TIMEOUT_S, memory_bytes=MEMORY_WITHOUT_DECODER, error=EncodeError)
    printed = result.stdout.decode("utf-8", "replace")
    base, first = _TIME_BASE.search(printed), _FIRST_TIME.search(printed)
    return float(Fraction(int(first[1]) * int(base[1]), int(base[2]))) if base and first else None


def _read_packets(container: Any, indices: Sequence[int], *, digests: bool) -> dict[int, Packets]:
    """One pass over the file; without digests it ends when every stream has begun."""
    import av

    first: dict[int, float] = {}
    count = dict.fromkeys(indices, 0)
    md5 = {n: hashlib.md5(usedforsecurity=False) for n in indices}
    adts = {n for n in indices if _has_adts(container.streams[n])}
    for n in indices if digests else ():
        md5[n].update(_channel_list_of(container.streams[n]))
    try:
        for packet in container.demux([container.streams[n] for n in indices]):
            check_stop()
            if packet.size == 0:
                continue
            number = packet.stream_index
            if packet.pts is not None and number not in first:
                first[number] = float(packet.pts * packet.time_base)
            count[number] += 1
            if digests:
                data = bytes(packet)
                if number in adts:
                    data = _without_adts(data, first=count[number] == 1)
                md5[number].update(data)
            elif len(first) == len(indices):
                break
    except av.error.FFmpegError:  # damage ends the reading, as it ended that of the encode
        pass
    return {n: Packets(first.get(n), count[n], md5[n].hexdigest() if digests else None) for n in indices}


def _has_adts(stream: Any) -> bool:
    """AAC of a transport stream: every packet has a header that other containers hold once."""
    context = stream.codec_context
    return context is not None and context.name.startswith("aac") and not context.extradata


def _adts_length(data: bytes) -> int:
    """Bytes of the ADTS header at the start of a packet, 7 or with a checksum 9 (ISO 13818-7); 0 without one."""
    if len(data) < 7 or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return 0
    return 7 if data[1] & 1 else 9


def _without_adts(data: bytes, *, first: bool) -> bytes:
    """What a packet is digested as. Channels that have no number are listed in the packet: other containers hold the
    list of the first one in their header, where `_channel_list_of` finds it.
    """
    length = _adts_length(data)
    rest = data[length:]
    unnumbered = length and not (data[2] & 1 or data[3] >> 6)
    if not (first and unnumbered and rest and rest[0] >> 5 == _LISTS_CHANNELS):
        return rest
    channels, end = _read_channel_list(rest, 3)
    return channels + rest[end:]


def _channel_list_of(stream: Any) -> bytes:
    """The list of channels in an AAC stream's header (ISO 14496-3, 1.6.2.1); empty where it has a number for them."""
    context = stream.codec_context
    header = (
        bytes(context.extradata or b"") if context is not None and context.name.startswith("aac") else b""
    )
    if len(header) <= _AAC_HEADER_BYTES:
        return b""
    start = int.from_bytes(header[:_AAC_HEADER_BYTES])
    kind, rate, channels = start >> 11, start >> 7 & 15, start >> 3 & 15
    if kind not in _ADTS_KINDS or rate == _RATE_IN_FULL or channels:
        return b""
    return _read_channel_list(header, 8 * _AAC_HEADER_BYTES)[0]


def _read_channel_list(data: bytes, start: int) -> tuple[bytes, int]:
    """An AAC program_config_element (ISO 14496-3, 4.5.1.2) whose fields begin at bit `start`: the same bytes wherever
    it lies, and the byte after its end.
    """
    bits = "".join(f"{byte:08b}" for byte in data[:_MOST_LIST_BYTES])
    at = start + 10  # instance, kind, rate

    def number(width: int) -> int:
        nonlocal at
        at += width
        return int(bits[at - width : at] or "0", 2)

    elements = sum(number(count) * width for count, width in _CHANNEL_ELEMENTS)
    for width in (4, 4, 3):  # how to mix it down
        if number(1):
            at += width
    at += elements
    fields, end = bits[start:at], -(-at // 8)
    comment = data[end : end + 1 + data[end]] if end < len(data) else b""
    return fields.encode() + comment, end + len(comment)
