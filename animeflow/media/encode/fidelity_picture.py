"""Of an encode's picture: size, pixels, colour, frames and their times beside those of its source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from animeflow.media.encode.fidelity_row import MS, FidelityRow, compared, tag_rows, within
from animeflow.media.encode.plan import EncodePlan, is_rgb, rgb_matrix
from animeflow.media.probe.file import Probe, VideoTrack
from animeflow.media.probe.stream_facts import StreamFacts

# AV1 keeps chromaticities as 0.16 and the least luminance as 18.14 bit fixed point, the largest as 24.8 (AV1 6.7.4).
_HDR_TOLERANCE = {"max_nits": 0.002}
_HDR_FINE = 3e-5
# HDR values of which zeros together say nothing.
_ZERO_SAYS_NOTHING = (
    ("max_cll",), ("max_fall",), ("red", "green", "blue", "white"), ("min_nits", "max_nits"),
)  # fmt: skip
_UNTAGGED = (0, 2)
_LIMITED, _FULL = 1, 2
_SAMPLED = re.compile(r"yuvj?a?(4\d\d)p")


def video_rows(
    source: Probe, plan: EncodePlan, result: Probe, before: StreamFacts, after: StreamFacts
) -> Iterator[FidelityRow]:
    theirs, ours = source.video, result.video
    yield compared(
        "video", "codec", theirs.codec, ours.codec, why="encoded", expected=ours.codec == plan.encoder.codec
    )
    yield compared(
        "video", "size", theirs.upright_size, ours.upright_size,
        why="reduced as media.av1.max_height asks", expected=ours.upright_size == plan.size,
    )  # fmt: skip
    yield compared(
        "video", "rotation", theirs.rotation, ours.rotation,
        why="the pictures are stored upright", expected=ours.rotation == 0,
    )  # fmt: skip
    yield compared(
        "video", "mirrored", theirs.mirrored, ours.mirrored,
        why="the pictures are stored as they are shown", expected=not ours.mirrored,
    )  # fmt: skip
    yield compared(
        "video", "bit depth", theirs.bit_depth, ours.bit_depth,
        why=f"encodes have {plan.encoder.bit_depth} bit", expected=ours.bit_depth == plan.encoder.bit_depth,
    )  # fmt: skip
    yield compared(
        "video", "chroma", subsampling(theirs.pix_fmt), subsampling(ours.pix_fmt),
        why="encodes have 4:2:0", expected=subsampling(ours.pix_fmt) == "4:2:0",
    )  # fmt: skip
    yield compared(
        "video", "pixel aspect", theirs.upright_aspect, ours.upright_aspect,
        why="Matroska holds the width that is shown in whole pixels",
        expected=abs(ours.upright_aspect - theirs.upright_aspect) * ours.upright_size[0] < 1,
    )  # fmt: skip
    yield from _colour_rows(source, plan, result, before, after)
    yield compared(
        "video", "interlaced", theirs.interlaced, ours.interlaced,
        why="AV1 has no fields: both lie in one picture, as they were", expected=theirs.interlaced,
    )  # fmt: skip
    yield compared("video", "language", _language(theirs.language), _language(ours.language))
    title = {k.upper(): v for k, v in theirs.metadata.items()}.get("TITLE")
    yield compared("video", "title", title, {k.upper(): v for k, v in ours.metadata.items()}.get("TITLE"))
    yield from tag_rows("video", theirs.metadata, ours.metadata)
    yield compared(
        "video", "closed captions", before.captions, after.captions,
        why="AV1 encoders here write none", expected=before.captions,
    )  # fmt: skip
    yield compared("video", "videos", 1, 1 + len(result.unmapped))


def _language(name: str | None) -> str | None:
    """None for what Matroska drops and MP4 writes as `und`."""
    return None if name in (None, "", "und") else name


def _colour_rows(
    source: Probe, plan: EncodePlan, result: Probe, before: StreamFacts, after: StreamFacts
) -> Iterator[FidelityRow]:
    theirs, ours = source.video, result.video
    rgb = is_rgb(theirs.pix_fmt)
    made = {"color_space": rgb_matrix(theirs)[1], "color_range": _LIMITED}
    # FFmpeg takes grey for full range whatever the stream says, and converts it: 0 and 255 become 16 and 235.
    grey = theirs.pix_fmt.startswith("gray") and (theirs.color_range, ours.color_range) == (_FULL, _LIMITED)
    for name in ("color_primaries", "color_transfer", "color_space", "color_range"):
        value = getattr(theirs, name)
        untagged = value in _UNTAGGED if name != "color_range" else value == 0
        if rgb and name in made:
            why, expected = "RGB becomes YCbCr of limited range", getattr(ours, name) == made[name]
        elif grey and name == "color_range":
            why, expected = "grey becomes YCbCr of limited range", True
        else:
            why, expected = (
                "the header does not say; what the pictures say, or the default, is written",
                untagged,
            )
        yield compared("video", name, value, getattr(ours, name), why=why, expected=expected)
    why = "the conversion of pixels drops it; readers take left where nothing is said"
    converted = after.chroma is None and (theirs.pix_fmt != ours.pix_fmt or plan.size is not None)
    yield compared(
        "video", "chroma location", before.chroma, after.chroma,
        why=why if before.chroma else "the source does not say", expected=before.chroma is None or converted,
    )  # fmt: skip
    old, new = _said(theirs.hdr), _said(ours.hdr)
    for key in sorted(old.keys() | new.keys()):
        yield compared(
            "video", f"HDR {key}", old.get(key), new.get(key), close=_near(_HDR_TOLERANCE.get(key, _HDR_FINE))
        )
    yield compared(
        "video", "dynamic HDR", theirs.hdr_dynamic, ours.hdr_dynamic,
        why="the encoder does not carry it: HDR10 values and pictures stay", expected=ours.hdr_dynamic == "none",
    )  # fmt: skip


def _said(hdr: Mapping[str, Any] | None) -> dict[str, Any]:
    """The HDR values that say something: a light level of zero is unknown (CTA-861.3; x265 writes it where it is told
    none), and an encoder that has no primaries, or no luminance, writes zeros for them.
    """
    values = dict(hdr or {})
    for names in _ZERO_SAYS_NOTHING:
        if not any(np.any(values.get(name, 0)) for name in names):
            values = {key: value for key, value in values.items() if key not in names}
    return values


def _near(tolerance: float) -> Callable[[Any, Any], bool]:
    """Numbers, or pairs of them, that differ by no more; both sides were rounded to five places."""
    slack = tolerance + 1e-5

    def close(a: Any, b: Any) -> bool:
        if isinstance(a, Sequence):
            return len(a) == len(b) and all(abs(x - y) <= slack for x, y in zip(a, b, strict=True))
        return bool(abs(a - b) <= slack)

    return close


def subsampling(pix_fmt: str) -> str:
    """How a pixel format stores colour: 4:2:0, 4:2:2, 4:4:4, …, RGB, or the format's own name."""
    match = _SAMPLED.match(pix_fmt)
    if match:
        return ":".join(match[1])
    return "RGB" if is_rgb(pix_fmt) else pix_fmt


def time_rows(source: Probe, result: Probe, pts: Sequence[int] | None) -> Iterator[FidelityRow]:
    theirs, ours = source.video, result.video
    # The plan's frame list, as decoded, is what the packets are held against; here the headers and packets speak.
    fewer = ours.frames < theirs.frames
    broken = "packets of the source that give no picture"
    yield compared("video", "frames", theirs.frames, ours.frames, why=broken, expected=fewer)
    shown = [round(v.times.shown_s(v.time_base), 6) for v in (theirs, ours)]
    # The last frame has no successor: its length is the container's word, or a guess where it is not held.
    held = theirs.times.held_s(theirs.time_base) is not None
    frames_s = [float(v.times.last_duration * v.time_base) for v in (theirs, ours)]
    close = within(MS + (theirs.times.usual_s(theirs.time_base) if held else max(frames_s)))
    by_decode = repaired(theirs, pts) and close(_decoded_s(theirs, pts or ()), shown[1])
    yield compared(
        "video", "end", *shown, close=close, expected=by_decode or fewer,
        why="the packets' times do not ascend: frames follow each other as decoded" if by_decode else broken,
    )  # fmt: skip
    yield compared(
        "file", "cut short", source.truncated, result.truncated,
        why="the new header claims what is there", expected=source.truncated,
    )  # fmt: skip


def repaired(video: VideoTrack, pts: Sequence[int] | None) -> bool:
    """Whether frames were given other times than their packets have: those repeat, are missing, or begin anew."""
    return pts is not None and (not video.times.sound or int(pts[-1]) != video.times.last_pts)


def _decoded_s(video: VideoTrack, pts: Sequence[int]) -> float:
    """Seconds from the first decoded frame to the end of the last."""
    return float((int(pts[-1]) + video.times.last_duration - int(pts[0])) * video.time_base)
