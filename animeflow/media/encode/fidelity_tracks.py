"""Of an encode's sound and subtitles: codec, channels, place in time and packets beside those of its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from animeflow.media.demux.streams import AudioTrack, SubtitleTrack
from animeflow.media.demux.time_resets import read_clocks, worst_place_s
from animeflow.media.encode.fidelity_picture import repaired
from animeflow.media.encode.fidelity_row import MS, FidelityRow, Side, compared, tag_rows, within
from animeflow.media.encode.plan import EncodePlan
from animeflow.media.encode.stream_outcomes import OPUS_LAYOUTS, StreamOutcome
from animeflow.media.probe.file import Probe
from animeflow.media.probe.stream_facts import StreamFacts, first_sound_s

# An Opus stream begins with up to 6.5 ms that are not shown (RFC 7845, pre-skip).
_PRE_SKIP_S = 0.0065 + MS
_PRIMING_S = 0.1
# Sound may come this much earlier or later than its picture and nobody sees it (ITU-R BT.1359: 45 ms early).
_JOINED_S = 0.045
# FFmpeg's name of N channels of which nobody says more: the encode holds them in the same order.
_DEFAULT_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
# Flags that FFmpeg's Matroska muxer writes and its demuxer reads back, as measured with each of streams.DISPOSITIONS;
# Matroska has no element for the others.
_FLAGS = frozenset({"default", "dub", "original", "comment", "forced", "hearing_impaired", "visual_impaired"})
_HELD_FLAGS = {"audio": _FLAGS, "subtitle": _FLAGS | {"descriptions"}}
_EXCLUSIVE_FLAGS = frozenset({"dub", "original"})
_REWRITTEN = {"wavpack": "Matroska leaves out WavPack's block headers; readers write them anew"}


def place_rows(
    plan: EncodePlan, sides: tuple[Side, Side], pts: Sequence[int] | None
) -> Iterator[FidelityRow]:
    """Where time begins anew in the source: how far sound lies from its pictures after it, in seconds.

    ffmpeg puts the sound of a new clock behind that of the old one, not to its pictures: where both ended and began
    together this is less than a packet.
    """
    source, result = (side.probe for side in sides)
    kept = plan.of_kind("audio")
    if pts is None or not kept or not repaired(source.video, pts):
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
            yield compared(f"audio {number}", name, 0.0, "unknown")
            continue
        yield compared(
            f"audio {number}", name, 0.0, round(off, 6), close=within(MS), expected=abs(off) <= _JOINED_S,
            why="sound of the new clock follows that of the old one without a gap",
        )  # fmt: skip


def track_rows(kind: str, plan: EncodePlan, sides: tuple[Side, Side], ffmpeg: Path) -> Iterator[FidelityRow]:
    (source, before), (result, after) = ((side.probe, side.facts) for side in sides)
    audio = kind == "audio"
    old: dict[int, AudioTrack | SubtitleTrack] = {
        t.index: t for t in (plan.probe.audio if audio else plan.probe.subtitles)
    }
    new: Sequence[AudioTrack | SubtitleTrack] = result.audio if audio else result.subtitles
    kept = plan.of_kind(kind)
    if len(kept) != len(new):
        yield compared(kind, "tracks", len(kept), len(new))
    for number, (outcome, track) in enumerate(zip(kept, new, strict=False), start=1):
        name, origin = f"{kind} {number}", old[outcome.index]
        yield compared(
            name, "codec", origin.codec, track.codec,
            why=outcome.why or "as asked", expected=track.codec == outcome.to,
        )  # fmt: skip
        for field in ("language", "title"):
            yield compared(name, field, getattr(origin, field), getattr(track, field))
        held = held_flags(kind, origin.dispositions)
        yield compared(
            name, "dispositions", origin.dispositions, track.dispositions,
            why="Matroska has no place for the others", expected=track.dispositions == held,
        )  # fmt: skip
        yield from tag_rows(name, before.tags[outcome.index], after.tags[track.index])
        if isinstance(origin, AudioTrack) and isinstance(track, AudioTrack):
            yield from _sound_rows(name, outcome, origin, track)
        if audio or outcome.action == "copy":
            yield _offset_row(name, outcome, track, sides, ffmpeg)
        yield from _digest_rows(name, outcome, track.index, before, after, source)


def held_flags(kind: str, flags: Sequence[str]) -> tuple[str, ...]:
    """Those of a track's flags that its copy in Matroska can have. A track says whether it is the original or a dub in
    one element: of one that claims both, the muxer writes neither.
    """
    lost = _EXCLUSIVE_FLAGS if _EXCLUSIVE_FLAGS.issubset(flags) else frozenset()
    return tuple(flag for flag in flags if flag in _HELD_FLAGS[kind] - lost)


def _sound_rows(
    name: str, outcome: StreamOutcome, origin: AudioTrack, track: AudioTrack
) -> Iterator[FidelityRow]:
    opus = outcome.to == "opus" and outcome.action == "convert"
    yield compared(name, "channels", origin.channels, track.channels)
    expected, why = _layout(outcome, origin)
    yield compared(name, "layout", origin.layout, track.layout, why=why, expected=track.layout == expected)
    yield compared(
        name, "sample rate", origin.sample_rate, track.sample_rate, why="Opus has 48 kHz", expected=opus
    )


def _layout(outcome: StreamOutcome, origin: AudioTrack) -> tuple[str | None, str]:
    """The name that a track's channels have in the encode where it is another one, and why; None where none is."""
    unnamed = f"{origin.channels} channels"
    if (outcome.to or "").startswith("pcm_"):
        return unnamed, "Matroska names no channels of uncompressed sound: they stay in their order"
    if outcome.action == "copy":
        return None, "copied as it is"
    if outcome.to == "opus":
        return OPUS_LAYOUTS.get(origin.layout), "Opus's name of these channels"
    usual = _DEFAULT_LAYOUTS.get(origin.channels) if origin.layout == unnamed else None
    return usual, "the source names none: the usual one of so many channels"


def _offset_row(
    name: str,
    outcome: StreamOutcome,
    track: AudioTrack | SubtitleTrack,
    sides: tuple[Side, Side],
    ffmpeg: Path,
) -> FidelityRow:
    """When the first packet of sound or text comes after the first frame, in seconds."""
    found = tuple(zip(sides, (outcome.index, track.index), strict=True))
    starts = [_packet_offset_s(side, index, outcome) for side, index in found]
    tolerance = MS if outcome.action == "copy" else _PRE_SKIP_S
    row = compared(name, "offset", *starts, close=within(tolerance))
    if row.same or outcome.action == "copy" or None in starts:
        return row
    # A decoder may drop whole packets before its first sound, and the new packets begin where that is heard.
    heard = [first_sound_s(side.probe.path, index, ffmpeg) for side, index in found]
    if None in heard:
        return row
    old, new = (at - side.first_s for at, side in zip(heard, sides, strict=True) if at is not None)
    in_place = abs(new - old) <= 2 * MS  # sources of whole milliseconds round, too
    return replace(
        row, why="its packets begin with the first sound, which is in its place" if in_place else None
    )


def _packet_offset_s(side: Side, index: int, outcome: StreamOutcome) -> float | None:
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
    yield compared(name, "packets", old.count, None if new is None else new.count)
    yield compared(
        name, "packets md5", old.md5, None if new is None else new.md5,
        why=_REWRITTEN.get(outcome.codec), expected=outcome.codec in _REWRITTEN,
    )  # fmt: skip
