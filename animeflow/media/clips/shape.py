"""What a clip's file is to be: container, codec, size, and the filters and sound that follow. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from animeflow.errors import EncodeError
from animeflow.media.demux.streams import AudioTrack
from animeflow.media.encode.encoders import Encoder
from animeflow.media.encode.size import even, reduced_size

# Codecs that MP4 carries as they are and players read there.
MP4_AUDIO = frozenset({"aac", "ac3", "eac3", "mp3", "opus", "flac", "alac"})
_ALAC_SAMPLES = 4096  # of a packet, which neither says itself nor lets a parser say
_AAC = ("aac", "192k")
# H.273 transfer characteristics of HDR: PQ and HLG.
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_TONEMAP = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv"
)


@dataclass(frozen=True)
class ClipShape:
    """`encoder` is that for clips which are encoded; None where packets alone are asked for (a clip that does not begin
    on a key frame then takes the encode's own kind).
    """

    container: Literal["mkv", "mp4"] = "mkv"
    h264: Encoder | None = None
    max_height: int | None = None
    tonemap: bool = False


@dataclass(frozen=True)
class Pictures:
    """Of the encode: size as stored in px, width over height of a pixel, H.273 transfer characteristic, and whether its
    container says that two fields lie in each picture (AV1 itself has none).
    """

    width: int
    height: int
    aspect: Fraction
    transfer: int
    interlaced: bool = False


def target_size(pictures: Pictures, shape: ClipShape) -> tuple[int, int]:
    """(width, height) of the clip in px.

    H.264 with 4:2:0 needs even sides, and its readers know no pixel aspect: pixels become square. AV1 keeps both as
    they are, and even sides where it is reduced.
    """
    width, height = pictures.width, pictures.height
    reduced = reduced_size(width, height, shape.max_height)
    if shape.h264 is None:
        return reduced or (width, height)
    new_height = height if reduced is None or shape.max_height is None else shape.max_height
    return even(Fraction(width * new_height, height) * pictures.aspect), even(Fraction(new_height))


def _lasting(seconds: Fraction) -> str:
    """ffmpeg's filter of packets that gives those a length which have none: an MP4 ends before such a last one."""
    return f"setts=pts=PTS:dts=DTS:duration='if(DURATION,DURATION,{float(seconds):.6f}/TB)'"


def filters(pictures: Pictures, shape: ClipShape) -> str:
    """The filter chain of a clip that is encoded: time from zero, then size, range and pixels.

    Raises `EncodeError` for HDR pictures that would become 8 bit without a tone map.
    """
    chain = ["setpts=PTS-STARTPTS"]
    hdr = _HDR_TRANSFERS.get(pictures.transfer)
    if shape.h264 is not None and hdr:
        if not shape.tonemap:
            raise EncodeError(
                f"has HDR pictures ({hdr}), which H.264 of 8 bit cannot show",
                hint="set media.clips.tonemap to true, or media.clips.codec to copy",
            )
        chain.append(_TONEMAP)
    size = target_size(pictures, shape)
    if size != (pictures.width, pictures.height):
        fields = ":interl=1" if pictures.interlaced and size[1] != pictures.height else ""
        chain.append(f"scale={size[0]}:{size[1]}:flags=lanczos{fields}")
    if shape.h264 is not None:
        chain.append("setsar=1")
    return ",".join(chain)


def sound_args(tracks: Sequence[AudioTrack], container: str) -> list[str]:
    """How each sound track is written: copied, or AAC where MP4 does not hold it."""
    args: list[str] = []
    for number, track in enumerate(tracks):
        if container == "mp4" and track.codec not in MP4_AUDIO:
            args += [f"-c:a:{number}", _AAC[0], f"-b:a:{number}", _AAC[1]]
        else:
            args += [f"-c:a:{number}", "copy"]
            if container == "mp4" and track.codec == "alac" and track.sample_rate:
                args += [f"-bsf:a:{number}", _lasting(Fraction(_ALAC_SAMPLES, track.sample_rate))]
    return args
