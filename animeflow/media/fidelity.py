"""What went into an encode and what came out of it: one row per property, and why it changed where it had to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from animeflow.media.encode_plan import STATISTICS_TAG, EncodePlan
from animeflow.media.probe import Probe, VideoTrack
from animeflow.media.stream_facts import StreamFacts, first_sound_s, read_stream_facts
from animeflow.media.stream_outcomes import OPUS_LAYOUTS, StreamOutcome
from animeflow.media.streams import AudioTrack, SubtitleTrack
from animeflow.media.time_resets import read_clocks, worst_place_s

# Matroska keeps whole milliseconds: each side rounds by at most half of one.
_MS = 0.001 + 1e-6
# An Opus stream begins with up to 6.5 ms that are not shown (RFC 7845, pre-skip).
_PRE_SKIP_S = 0.0065 + _MS
_PRIMING_S = 0.1
# Sound may come this much earlier or later than its picture and nobody sees it (ITU-R BT.1359: 45 ms early).
_JOINED_S = 0.045
# AV1 keeps chromaticities as 0.16 and the least luminance as 18.14 bit fixed point, the largest as 24.8 (AV1 6.7.4).
_HDR_TOLERANCE = {"max_nits": 0.002}
_HDR_FINE = 3e-5
_UNTAGGED = (0, 2)
_LIMITED, _FULL = 1, 2
_SAMPLED = re.compile(r"yuvj?a?(4\d\d)p")
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8")
_OWN_ROWS = ("LANGUAGE", "TITLE", "FILENAME", "MIMETYPE")
# Tags that describe the old file, not the film.
_CONTAINER_TAGS = {
    "ENCODER": "it names the program that wrote the file",
    "MAJOR_BRAND": "it describes an MP4 file",
    "MINOR_VERSION": "it describes an MP4 file",
    "COMPATIBLE_BRANDS": "it describes an MP4 file",
    "CREATION_TIME": "a bit-exact file has no clock time",
    "VENDOR_ID": "it names the program that wrote the file",
}
# FFmpeg's name of N channels of which nobody says more: the encode holds them in the same order.
_DEFAULT_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_REWRITTEN = {"wavpack": "Matroska leaves out WavPack's block headers; readers write them anew"}


@dataclass(frozen=True)
class FidelityRow:
    """One property of one stream. `why` explains a difference; one without it is a fault."""

    stream: str
    property: str
    before: Any
    after: Any
    same: bool
    why: str | None = None

    def columns(self) -> dict[str, Any]:
        """As the table shows it: stream, property, in, out, same, why."""
        return {
            "stream": self.stream,
            "property": self.property,
            "in": _shown(self.before),
            "out": _shown(self.after),
            "same": self.same,
            "why": self.why,
        }


@dataclass(frozen=True)
class _Side:
    """One of the two files, and when its first picture is shown, in seconds of its own clock."""

    probe: Probe
    facts: StreamFacts
    first_s: float

    @classmethod
    def of(cls, probe: Probe, facts: StreamFacts, pts: Sequence[int] | None = None) -> _Side:
        """The first of `pts`, where they are known: a recording begins with packets that give no picture."""
        video = probe.video
        first = video.times.first_pts if pts is None else int(pts[0])
        return cls(probe, facts, float(first * video.time_base))


def unexplained(rows: Sequence[FidelityRow]) -> list[FidelityRow]:
    """The rows that differ without a reason."""
    return [row for row in rows if not row.same and row.why is None]


def fidelity_rows(
    source: Probe,
    plan: EncodePlan,
    result: Probe,
    *,
    ffmpeg: Path,
    digests: bool = True,
    before: StreamFacts | None = None,
    pts: Sequence[int] | None = None,
) -> list[FidelityRow]:
    """Compare a source with its encode, stream by stream. Both files are read; of them, only the first sound of a
    converted track whose packets begin elsewhere is decoded.

    `digests` compares the bytes of copied packets too, for which both files are read to their ends. `before`, where the
    caller has read the source's facts already (with the same `digests`), saves reading it again. `pts` are those of the
    source's frames as the analysis decoded them; without them its packets tell when the first picture is shown.
    """
    if before is None:
        before = read_stream_facts(source, digests=digests, ffmpeg=ffmpeg)
    after = read_stream_facts(result, digests=digests, ffmpeg=ffmpeg)
    sides = _Side.of(source, before, pts), _Side.of(result, after)
    return [
        *_video_rows(source, plan, result, before, after),
        *_time_rows(source, result, pts),
        *_place_rows(plan, sides, pts),
        *_track_rows("audio", plan, sides, ffmpeg),
        *_track_rows("subtitle", plan, sides, ffmpeg),
        *_attachment_rows(plan, result),
        *_chapter_rows(sides),
        *_tag_rows("file", source.metadata, result.metadata),
        *(
            FidelityRow(f"stream {o.index}", "codec", o.codec, None, False, o.why)
            for o in plan.outcomes
            if o.action == "drop"
        ),
    ]


def fidelity_json(rows: Sequence[FidelityRow]) -> str:
    """The rows as a JSON list, for the table `av1_videos`."""
    listed = [
        {
            "stream": row.stream,
            "property": row.property,
            "in": _plain(row.before),
            "out": _plain(row.after),
            "same": row.same,
            "why": row.why,
        }
        for row in rows
    ]
    return json.dumps(listed, sort_keys=True, ensure_ascii=False)


def _row(
    stream: str,
    name: str,
    before: Any,
    after: Any,
    *,
    close: Callable[[Any, Any], bool] | None = None,
    why: str | None = None,
    expected: bool = True,
) -> FidelityRow:
    """`why` counts only where the values differ and the new one is the `expected` one."""
    same = before == after or (close is not None and None not in (before, after) and close(before, after))
    return FidelityRow(stream, name, before, after, same, why if not same and expected else None)


def _within(tolerance: float) -> Callable[[Any, Any], bool]:
    return lambda a, b: abs(a - b) <= tolerance


def _video_rows(
    source: Probe, plan: EncodePlan, result: Probe, before: StreamFacts, after: StreamFacts
) -> Iterator[FidelityRow]:
    theirs, ours = source.video, result.video
    yield _row(
        "video", "codec", theirs.codec, ours.codec, why="encoded", expected=ours.codec == plan.encoder.codec
    )
    yield _row(
        "video", "size", theirs.upright_size, ours.upright_size,
        why="reduced as media.av1.max_height asks", expected=ours.upright_size == plan.size,
    )  # fmt: skip
    yield _row(
        "video", "rotation", theirs.rotation, ours.rotation,
        why="the pictures are stored upright", expected=ours.rotation == 0,
    )  # fmt: skip
    yield _row(
        "video", "bit depth", theirs.bit_depth, ours.bit_depth,
        why=f"encodes have {plan.encoder.bit_depth} bit", expected=ours.bit_depth == plan.encoder.bit_depth,
    )  # fmt: skip
    yield _row(
        "video", "chroma", subsampling(theirs.pix_fmt), subsampling(ours.pix_fmt),
        why="encodes have 4:2:0", expected=subsampling(ours.pix_fmt) == "4:2:0",
    )  # fmt: skip
    yield _row(
        "video", "pixel aspect", theirs.upright_aspect, ours.upright_aspect,
        why="Matroska holds the width that is shown in whole pixels",
        expected=abs(ours.upright_aspect - theirs.upright_aspect) * ours.upright_size[0] < 1,
    )  # fmt: skip
    yield from _colour_rows(source, plan, result, before, after)
    yield _row(
        "video", "interlaced", theirs.interlaced, ours.interlaced,
        why="AV1 has no fields: both lie in one picture, as they were", expected=theirs.interlaced,
    )  # fmt: skip
    yield _row("video", "language", _language(theirs.language), _language(ours.language))
    title = {k.upper(): v for k, v in theirs.metadata.items()}.get("TITLE")
    yield _row("video", "title", title, {k.upper(): v for k, v in ours.metadata.items()}.get("TITLE"))
    yield from _tag_rows("video", theirs.metadata, ours.metadata)
    yield _row(
        "video", "closed captions", before.captions, after.captions,
        why="AV1 encoders here write none", expected=before.captions,
    )  # fmt: skip
    yield _row("video", "videos", 1, 1 + len(result.unmapped))


def _language(name: str | None) -> str | None:
    """None for what Matroska drops and MP4 writes as `und`."""
    return None if name in (None, "", "und") else name


def _colour_rows(
    source: Probe, plan: EncodePlan, result: Probe, before: StreamFacts, after: StreamFacts
) -> Iterator[FidelityRow]:
    theirs, ours = source.video, result.video
    rgb = subsampling(theirs.pix_fmt) == "RGB"
    # FFmpeg takes grey for full range whatever the stream says, and converts it: 0 and 255 become 16 and 235.
    grey = theirs.pix_fmt.startswith("gray") and (theirs.color_range, ours.color_range) == (_FULL, _LIMITED)
    for name in ("color_primaries", "color_transfer", "color_space", "color_range"):
        value = getattr(theirs, name)
        untagged = value in _UNTAGGED if name != "color_range" else value == 0
        if rgb and name in ("color_space", "color_range"):
            why, expected = "RGB becomes YCbCr of limited range", True
        elif grey and name == "color_range":
            why, expected = "grey becomes YCbCr of limited range", True
        else:
            why, expected = (
                "the header does not say; what the pictures say, or the default, is written",
                untagged,
            )
        yield _row("video", name, value, getattr(ours, name), why=why, expected=expected)
    why = "the conversion of pixels drops it; readers take left where nothing is said"
    converted = after.chroma is None and (theirs.pix_fmt != ours.pix_fmt or plan.size is not None)
    yield _row(
        "video", "chroma location", before.chroma, after.chroma,
        why=why if before.chroma else "the source does not say", expected=before.chroma is None or converted,
    )  # fmt: skip
    old, new = theirs.hdr or {}, ours.hdr or {}
    for key in sorted(old.keys() | new.keys()):
        yield _row(
            "video", f"HDR {key}", old.get(key), new.get(key), close=_near(_HDR_TOLERANCE.get(key, _HDR_FINE))
        )
    yield _row(
        "video", "dynamic HDR", theirs.hdr_dynamic, ours.hdr_dynamic,
        why="the encoder does not carry it: HDR10 values and pictures stay", expected=ours.hdr_dynamic == "none",
    )  # fmt: skip


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
    return "RGB" if pix_fmt.startswith(_RGB) else pix_fmt


def _time_rows(source: Probe, result: Probe, pts: Sequence[int] | None) -> Iterator[FidelityRow]:
    theirs, ours = source.video, result.video
    # The plan's frame list, as decoded, is what the packets are held against; here the headers and packets speak.
    fewer = ours.frames < theirs.frames
    broken = "packets of the source that give no picture"
    yield _row("video", "frames", theirs.frames, ours.frames, why=broken, expected=fewer)
    shown = [round(v.times.shown_s(v.time_base), 6) for v in (theirs, ours)]
    # The last frame has no successor: its length is the container's word, or a guess.
    frame_s = max(float(v.times.last_duration * v.time_base) for v in (theirs, ours))
    close = _within(_MS + frame_s)
    repaired = _repaired(theirs, pts) and close(_decoded_s(theirs, pts or ()), shown[1])
    yield _row(
        "video", "end", *shown, close=close, expected=repaired or fewer,
        why="the packets' times do not ascend: frames follow each other as decoded" if repaired else broken,
    )  # fmt: skip
    yield _row(
        "file", "cut short", source.truncated, result.truncated,
        why="the new header claims what is there", expected=source.truncated,
    )  # fmt: skip


def _repaired(video: VideoTrack, pts: Sequence[int] | None) -> bool:
    """Whether frames were given other times than their packets have: those repeat, are missing, or begin anew."""
    return pts is not None and (not video.times.sound or int(pts[-1]) != video.times.last_pts)


def _decoded_s(video: VideoTrack, pts: Sequence[int]) -> float:
    """Seconds from the first decoded frame to the end of the last."""
    return float((int(pts[-1]) + video.times.last_duration - int(pts[0])) * video.time_base)


def _place_rows(
    plan: EncodePlan, sides: tuple[_Side, _Side], pts: Sequence[int] | None
) -> Iterator[FidelityRow]:
    """Where time begins anew in the source: how far sound lies from its pictures after it, in seconds.

    ffmpeg puts the sound of a new clock behind that of the old one, not to its pictures: where both ended and began
    together this is less than a packet.
    """
    source, result = (side.probe for side in sides)
    kept = plan.of_kind("audio")
    if pts is None or not kept or not _repaired(source.video, pts):
        return
    clocks = read_clocks(source.path, [source.video.index, *(o.index for o in kept)])
    pictures = clocks[source.video.index]
    if not pictures.resets:
        return
    shown = np.array(pts, dtype=np.float64) * float(source.video.time_base)
    copies = read_clocks(result.path, [t.index for t in result.audio])
    between = sides[0].first_s - sides[1].first_s
    for number, (outcome, track) in enumerate(zip(kept, result.audio, strict=False), start=1):
        copied = copies[track.index].moved(between)
        off = worst_place_s(pictures, shown, clocks[outcome.index], copied)
        name = "place after time began anew"
        if (
            off is None
        ):  # sound that is encoded again, lost packets, clocks of sound and pictures that do not match
            yield _row(f"audio {number}", name, 0.0, "unknown")
            continue
        yield _row(
            f"audio {number}", name, 0.0, round(off, 6), close=_within(_MS), expected=abs(off) <= _JOINED_S,
            why="sound of the new clock follows that of the old one without a gap",
        )  # fmt: skip


def _track_rows(
    kind: str, plan: EncodePlan, sides: tuple[_Side, _Side], ffmpeg: Path
) -> Iterator[FidelityRow]:
    (source, before), (result, after) = ((side.probe, side.facts) for side in sides)
    audio = kind == "audio"
    old: dict[int, AudioTrack | SubtitleTrack] = {
        t.index: t for t in (plan.probe.audio if audio else plan.probe.subtitles)
    }
    new: Sequence[AudioTrack | SubtitleTrack] = result.audio if audio else result.subtitles
    kept = plan.of_kind(kind)
    if len(kept) != len(new):
        yield _row(kind, "tracks", len(kept), len(new))
    for number, (outcome, track) in enumerate(zip(kept, new, strict=False), start=1):
        name, origin = f"{kind} {number}", old[outcome.index]
        yield _row(
            name, "codec", origin.codec, track.codec,
            why=outcome.why or "as asked", expected=track.codec == outcome.to,
        )  # fmt: skip
        for field in ("language", "title", "dispositions"):
            yield _row(name, field, getattr(origin, field), getattr(track, field))
        yield from _tag_rows(name, before.tags[outcome.index], after.tags[track.index])
        if isinstance(origin, AudioTrack) and isinstance(track, AudioTrack):
            yield from _sound_rows(name, outcome, origin, track)
        if audio or outcome.action == "copy":
            yield _offset_row(name, outcome, track, sides, ffmpeg)
        yield from _digest_rows(name, outcome, track.index, before, after, source)


def _sound_rows(
    name: str, outcome: StreamOutcome, origin: AudioTrack, track: AudioTrack
) -> Iterator[FidelityRow]:
    opus = outcome.to == "opus" and outcome.action == "convert"
    yield _row(name, "channels", origin.channels, track.channels)
    unnamed = origin.layout == f"{origin.channels} channels"
    default = unnamed and track.layout == _DEFAULT_LAYOUTS.get(origin.channels)
    yield _row(
        name, "layout", origin.layout, track.layout,
        why="Opus's name of these channels" if opus else "the source names none: the usual one of so many channels",
        expected=track.layout == OPUS_LAYOUTS.get(origin.layout) if opus else default and outcome.action == "convert",
    )  # fmt: skip
    yield _row(
        name, "sample rate", origin.sample_rate, track.sample_rate, why="Opus has 48 kHz", expected=opus
    )


def _offset_row(
    name: str,
    outcome: StreamOutcome,
    track: AudioTrack | SubtitleTrack,
    sides: tuple[_Side, _Side],
    ffmpeg: Path,
) -> FidelityRow:
    """When the first packet of sound or text comes after the first frame, in seconds."""
    found = tuple(zip(sides, (outcome.index, track.index), strict=True))
    starts = [_packet_offset_s(side, index, outcome) for side, index in found]
    tolerance = _MS if outcome.action == "copy" else _PRE_SKIP_S
    row = _row(name, "offset", *starts, close=_within(tolerance))
    if row.same or outcome.action == "copy" or None in starts:
        return row
    # A decoder may drop whole packets before its first sound, and the new packets begin where that is heard.
    heard = [first_sound_s(side.probe.path, index, ffmpeg) for side, index in found]
    if None in heard:
        return row
    old, new = (at - side.first_s for at, side in zip(heard, sides, strict=True) if at is not None)
    in_place = abs(new - old) <= 2 * _MS  # sources of whole milliseconds round, too
    return replace(
        row, why="its packets begin with the first sound, which is in its place" if in_place else None
    )


def _packet_offset_s(side: _Side, index: int, outcome: StreamOutcome) -> float | None:
    packets = side.facts.packets.get(index)
    if packets is None or packets.first_s is None:
        return None
    offset = round(packets.first_s - side.first_s, 6)
    # Samples that a codec puts before the sound and its decoder drops: another codec, other ones.
    primed = outcome.action == "convert" and -_PRIMING_S < offset < 0
    return 0.0 if primed else offset


def _digest_rows(
    name: str, outcome: StreamOutcome, index: int, before: StreamFacts, after: StreamFacts, source: Probe
) -> Iterator[FidelityRow]:
    """Copied packets are equal byte for byte. Subtitles are compared from Matroska only: others wrap them."""
    comparable = outcome.kind == "audio" or "matroska" in source.container
    old, new = before.packets.get(outcome.index), after.packets.get(index)
    if outcome.action != "copy" or not comparable or old is None or old.md5 is None:
        return
    yield _row(name, "packets", old.count, None if new is None else new.count)
    yield _row(
        name, "packets md5", old.md5, None if new is None else new.md5,
        why=_REWRITTEN.get(outcome.codec), expected=outcome.codec in _REWRITTEN,
    )  # fmt: skip


def _attachment_rows(plan: EncodePlan, result: Probe) -> Iterator[FidelityRow]:
    """By order within their kind: names may repeat."""
    items = {a.index: a for a in plan.probe.attachments}
    for kind in ("attachment", "cover"):
        kept = [items[o.index] for o in plan.of_kind(kind)]
        new = [a for a in result.attachments if a.kind == kind]
        if len(kept) != len(new):
            yield _row(f"{kind}s", "files", len(kept), len(new))
        for old, ours in zip(kept, new, strict=False):
            name = f"{kind} {old.name}"
            yield _row(name, "name", old.name, ours.name)
            yield _row(
                name, "mimetype", old.mimetype, ours.mimetype,
                why="Matroska wants one", expected=not old.mimetype,
            )  # fmt: skip
            yield _row(name, "bytes", old.size_bytes, ours.size_bytes)
            yield _row(name, "sha256", old.sha256, ours.sha256)


def _chapter_rows(sides: tuple[_Side, _Side]) -> Iterator[FidelityRow]:
    source, result = (side.probe for side in sides)
    if len(source.chapters) != len(result.chapters):
        yield _row("chapters", "number", len(source.chapters), len(result.chapters))
    starts = [side.first_s for side in sides]
    # Chapters move by the source's start alone; where sound before zero moves all streams they stay behind.
    moved = abs((starts[1] - result.start_time_s) - (starts[0] - source.start_time_s)) > _MS or (
        result.start_time_s > 0
    )
    for number, (old, new) in enumerate(zip(source.chapters, result.chapters, strict=False), start=1):
        name = f"chapter {number}"
        yield _row(name, "title", old.title, new.title)
        for field in ("start_s", "end_s"):
            times = [round(getattr(c, field) - start, 6) for c, start in zip((old, new), starts, strict=True)]
            yield _row(
                name, field, *times, close=_within(_MS),
                why="the muxer moves streams so that none starts before zero, not chapters", expected=moved,
            )  # fmt: skip


def _tag_rows(stream: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FidelityRow]:
    """Tags of the source that are more than statistics. Matroska writes names in capitals."""
    new = {key.upper(): value for key, value in after.items()}
    for key, value in sorted(before.items()):
        upper = key.upper()
        if STATISTICS_TAG.match(upper) or (stream != "file" and upper in _OWN_ROWS):
            continue
        why = _CONTAINER_TAGS.get(upper) or (None if value else "an empty tag")
        yield _row(stream, f"tag {upper}", value, new.get(upper), why=why)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value)) or None
    if isinstance(value, Fraction):
        return f"{value.numerator}:{value.denominator}"
    return value


def _shown(value: Any) -> Any:
    plain = _plain(value)
    return plain[:32].replace("\n", " ") if isinstance(plain, str) else plain
