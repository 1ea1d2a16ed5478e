"""What only a decoded picture tells: rotation, interlacing, HDR metadata."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# AVMasteringDisplayMetadata: AVRational display_primaries[3][2], white_point[2], min and max luminance, two
# flags.
_MASTERING = struct.Struct("<20i2i")
_LIGHT = struct.Struct("<2I")
_MATRIX = struct.Struct("<9i")
# Side data by which dynamic HDR metadata is known; their values change from scene to scene and stay in the file.
_DYNAMIC = {
    "DYNAMIC_HDR_PLUS": "hdr10plus", "DOVI_RPU_BUFFER": "dovi", "DOVI_METADATA": "dovi",
    "DYNAMIC_HDR_VIVID": "vivid",
}  # fmt: skip


@dataclass(frozen=True)
class PictureFacts:
    """Of the first picture: rotation in degrees counter-clockwise that makes it upright, whether it is then mirrored
    (left becomes right), and HDR10 metadata.

    `hdr` holds `red green blue white` ([x, y] in CIE 1931), `min_nits max_nits` (cd/m2), `max_cll max_fall`
    (cd/m2), each where the stream has it. `hdr_dynamic` is none, hdr10plus, dovi, vivid, or several of them joined
    by "+".
    """

    rotation: int
    interlaced: bool
    hdr: Mapping[str, Any] | None
    hdr_dynamic: str = "none"
    mirrored: bool = False


def read_picture_facts(picture: Any) -> PictureFacts:
    """The facts of a PyAV frame."""
    hdr: dict[str, Any] = {}
    rotation, mirrored = 0, False
    dynamic: set[str] = set()
    # Iterating the mapping itself fails in PyAV 18.
    for data in picture.side_data.keys():  # noqa: SIM118
        name = data.type.name
        if name == "MASTERING_DISPLAY_METADATA":
            hdr |= parse_mastering(bytes(data))
        elif name == "CONTENT_LIGHT_LEVEL":
            hdr |= parse_light_level(bytes(data))
        elif name == "DISPLAYMATRIX":
            rotation, mirrored = parse_display_matrix(bytes(data))
        elif name in _DYNAMIC:
            dynamic.add(_DYNAMIC[name])
    words = "+".join(sorted(dynamic)) or "none"
    return PictureFacts(rotation, bool(picture.interlaced_frame), hdr or None, words, mirrored)


def parse_display_matrix(data: bytes) -> tuple[int, bool]:
    """(rotation in whole quarters, degrees counter-clockwise; mirrored after it) of FFmpeg's display matrix.

    Its rows a b u, c d v, x y w map a point (p, q) to (a p + c q, b p + d q), q down.
    """
    if len(data) < _MATRIX.size:
        return 0, False
    a, b, _, c, d, *_ = _MATRIX.unpack_from(data)
    mirrored = a * d - b * c < 0
    angle = -math.degrees(math.atan2(b, -a if mirrored else a))
    return round(angle / 90) * 90 % 360, mirrored


def parse_mastering(data: bytes) -> dict[str, Any]:
    """FFmpeg's AVMasteringDisplayMetadata as plain numbers."""
    if len(data) < _MASTERING.size:
        return {}
    *ratios, has_primaries, has_luminance = _MASTERING.unpack_from(data)
    values = [a / b if b else 0.0 for a, b in zip(ratios[::2], ratios[1::2], strict=True)]
    found: dict[str, Any] = {}
    if has_primaries:
        for name, at in (("red", 0), ("green", 2), ("blue", 4), ("white", 6)):
            found[name] = [round(v, 5) for v in values[at : at + 2]]
    if has_luminance:
        found |= {"min_nits": round(values[8], 5), "max_nits": round(values[9], 5)}
    return found


def parse_light_level(data: bytes) -> dict[str, int]:
    """FFmpeg's AVContentLightMetadata."""
    if len(data) < _LIGHT.size:
        return {}
    max_cll, max_fall = _LIGHT.unpack_from(data)
    return {"max_cll": max_cll, "max_fall": max_fall}
