"""What becomes of every stream of a source in its MKV/AV1 encode, and the ffmpeg command that does it.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from animeflow.errors import ContractError, EncodeError
from animeflow.media.encoders import Encoder, svt
from animeflow.media.ffmpeg import input_args
from animeflow.media.probe import Probe
from animeflow.media.streams import AudioTrack, SubtitleTrack

# Codecs that Matroska carries as they are.
COPIED_AUDIO = frozenset({
    "aac", "ac3", "eac3", "dts", "truehd", "mlp", "flac", "alac", "mp3", "mp2", "opus", "vorbis", "tta", "wavpack",
    "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_u8",
})  # fmt: skip
# Uncompressed sound of up to 24 bits: FLAC loses nothing (32-bit integers it would cut to 24).
FLAC_AUDIO = frozenset({"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_bluray", "pcm_dvd"})
COPIED_SUBTITLES = frozenset({"ass", "subrip", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"})
TEXT_SUBTITLES = frozenset(
    {"mov_text", "text", "microdvd", "subviewer", "sami", "realtext", "jacosub", "stl"}
)
# The Opus encoder refuses side layouts ("Invalid channel layout 5.1(side)") but carries their channels.
OPUS_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_OPUS_BITS_PER_CHANNEL = 64_000
_ALPHA_FORMATS = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")
# Tags by which mkvmerge describes the packets it wrote: untrue of an encode.
STATISTICS_TAG = re.compile(r"^(BPS|DURATION|NUMBER_OF_(FRAMES|BYTES)|_STATISTICS_.*)(-.*)?$")


@dataclass(frozen=True)
class StreamOutcome:
    """What becomes of one source stream: `index` is its index there, `kind` video, audio, subtitle,
    attachment, cover or other, `action` encode, copy, convert, attach or drop; `to` the codec it ends
    as."""

    index: int
    kind: str
    codec: str
    action: Literal["encode", "copy", "convert", "attach", "drop"]
    to: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class EncodePlan:
    """All that decides the bytes of an encode but the source's own."""

    probe: Probe
    encoder: Encoder
    key_times: tuple[Fraction, ...]
    """Seconds of ffmpeg's clock (which starts at the container's start) at which the next frame becomes
    a key frame.
    """
    threads: int
    outcomes: tuple[StreamOutcome, ...]

    def of_kind(self, *kinds: str) -> list[StreamOutcome]:
        """The streams that are kept, of these kinds, in source order."""
        return [o for o in self.outcomes if o.kind in kinds and o.action != "drop"]

    def outcome_rows(self) -> list[dict[str, Any]]:
        """As plain values, for the table's `streams_json`."""
        return [asdict(o) for o in self.outcomes]


def make_plan(
    probe: Probe,
    *,
    cuts: Sequence[int],
    pts: Sequence[int],
    encoder: Encoder | None = None,
    threads: int = 0,
    audio: Literal["keep", "opus"] = "keep",
) -> EncodePlan:
    """Plan the encode of a probed file.

    `pts` are those of all frames in presentation order (ticks of the video's time base), as the analysis
    decoded them; `cuts` the frames that must become key frames. `encoder` None is SVT-AV1 with the profile
    `animation`. `threads` 0 lets the encoder choose; bytes do not depend on it. Raises `ContractError` for frames
    outside the video.
    """
    if probe.video.pix_fmt.startswith(_ALPHA_FORMATS):
        raise EncodeError(
            f"has an alpha channel ({probe.video.pix_fmt}), which AV1 does not keep", path=probe.path
        )
    return EncodePlan(
        probe=probe,
        encoder=encoder or svt(),
        key_times=key_frame_times(pts, cuts, probe.video.time_base, start_time_s=probe.start_time_s),
        threads=threads,
        outcomes=stream_outcomes(probe, audio=audio),
    )


def key_frame_times(
    pts: Sequence[int], cuts: Sequence[int], time_base: Fraction, *, start_time_s: float = 0.0
) -> tuple[Fraction, ...]:
    """Midpoints between each cut frame and the one before it, in seconds after the container's start.

    Exact frame times come one frame late where rounding moves them past the frame (5 of 11 with six
    decimals); midpoints made all 11 key frames. Frame 0 is one anyway.
    """
    start = Fraction(start_time_s).limit_denominator(1_000_000)
    times = []
    for frame in sorted(set(cuts)):
        if not 0 <= frame < len(pts):
            raise ContractError(f"a cut at frame {frame} of a video of {len(pts)} frames")
        if frame:
            times.append(Fraction(int(pts[frame - 1]) + int(pts[frame]), 2) * time_base - start)
    return tuple(times)


def stream_outcomes(probe: Probe, *, audio: Literal["keep", "opus"] = "keep") -> tuple[StreamOutcome, ...]:
    """The fate of every stream, in source order."""
    outcomes = [StreamOutcome(probe.video.index, "video", probe.video.codec, "encode", "av1")]
    outcomes += [_audio_outcome(t, audio) for t in probe.audio]
    outcomes += [_subtitle_outcome(t) for t in probe.subtitles]
    for item in probe.attachments:
        if item.kind == "cover":
            # Mapped and copied, a cover would become an ordinary video track.
            outcomes.append(StreamOutcome(item.index, "cover", item.mimetype, "attach", item.mimetype))
        else:
            outcomes.append(StreamOutcome(item.index, "attachment", item.mimetype, "copy", item.mimetype))
    outcomes += [
        StreamOutcome(index, "other", "unknown", "drop", why="timecode, data or a second video: not carried")
        for index in probe.unmapped
    ]
    return tuple(sorted(outcomes, key=lambda o: o.index))


def _audio_outcome(track: AudioTrack, audio: Literal["keep", "opus"]) -> StreamOutcome:
    def outcome(
        action: Literal["copy", "convert", "drop"], to: str | None, why: str | None = None
    ) -> StreamOutcome:
        return StreamOutcome(track.index, "audio", track.codec, action, to, why)

    if audio == "keep" and track.codec in COPIED_AUDIO:
        return outcome("copy", track.codec)
    if audio == "keep" and track.codec in FLAC_AUDIO:
        return outcome("convert", "flac", "the same samples, smaller")
    if track.codec == "unknown" or not track.sample_rate:
        return outcome("drop", None, "no decoder knows it")
    if track.channels not in OPUS_LAYOUTS:
        return outcome("convert", "flac", f"Opus has no layout of {track.channels} channels")
    return outcome("convert", "opus", None if audio == "opus" else "Matroska does not carry it")


def _subtitle_outcome(track: SubtitleTrack) -> StreamOutcome:
    if track.codec in COPIED_SUBTITLES:
        return StreamOutcome(track.index, "subtitle", track.codec, "copy", track.codec)
    if track.codec in TEXT_SUBTITLES:
        return StreamOutcome(
            track.index, "subtitle", track.codec, "convert", "subrip", "Matroska does not carry it"
        )
    return StreamOutcome(track.index, "subtitle", track.codec, "drop", why="has no form in Matroska")


def encode_command(plan: EncodePlan, ffmpeg: Path, output: Path, covers: Sequence[Path]) -> list[str]:
    """The argument list. `covers` are files with the bytes of the plan's cover pictures, in the plan's
    order.
    """
    if len(covers) != len(plan.of_kind("cover")):
        raise EncodeError(
            f"{len(covers)} cover files for {len(plan.of_kind('cover'))} covers", path=plan.probe.path
        )
    # fmt: off
    return [
        str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", "-progress", "pipe:1",
        "-stats_period", "0.5", "-y",
        *input_args(plan.probe.path),
        *_maps(plan), "-map_metadata", "0", "-map_chapters", "0",
        *_video_args(plan), *_audio_args(plan), *_subtitle_args(plan), *_attachment_args(plan, covers),
        # Without bitexact Matroska writes random ids and the muxer's version: no two runs were equal.
        "-max_muxing_queue_size", "4096", "-fflags", "+bitexact", "-f", "matroska", f"file:{output}",
    ]
    # fmt: on


def _maps(plan: EncodePlan) -> list[str]:
    """Streams by absolute index. Never `-map 0`: one mov_text track stops the muxer."""
    kept = [
        *plan.of_kind("video"),
        *plan.of_kind("audio"),
        *plan.of_kind("subtitle"),
        *plan.of_kind("attachment"),
    ]
    return [word for o in kept for word in ("-map", f"0:{o.index}")]


def _video_args(plan: EncodePlan) -> list[str]:
    # Without the source's clock the encoder rounds times to whole frames: those of a transport stream came 19 ms late.
    clock = ["-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", "demux"]
    args = [*plan.encoder.args(threads=plan.threads), *clock]
    if plan.key_times:
        args += ["-force_key_frames:v:0", ",".join(f"{float(t):.6f}" for t in plan.key_times)]
    for tag in plan.probe.video.metadata:
        if STATISTICS_TAG.match(tag):
            args += ["-metadata:s:v:0", f"{tag}="]
    return [*args, "-disposition:v:0", "default"]


def _audio_args(plan: EncodePlan) -> list[str]:
    tracks = {t.index: t for t in plan.probe.audio}
    args: list[str] = []
    for n, outcome in enumerate(plan.of_kind("audio")):
        track = tracks[outcome.index]
        if outcome.action == "copy":
            args += [f"-c:a:{n}", "copy"]
        elif outcome.to == "flac":
            args += [f"-c:a:{n}", "flac"]
        else:
            rate = str(_OPUS_BITS_PER_CHANNEL * max(track.channels, 2) // (2 if track.channels == 1 else 1))
            layout = f"aformat=channel_layouts={OPUS_LAYOUTS[track.channels]}"
            args += [f"-c:a:{n}", "libopus", f"-b:a:{n}", rate, f"-filter:a:{n}", layout]
        args += _disposition(f"a:{n}", track.dispositions)
    return args


def _subtitle_args(plan: EncodePlan) -> list[str]:
    tracks = {t.index: t for t in plan.probe.subtitles}
    args: list[str] = []
    for n, outcome in enumerate(plan.of_kind("subtitle")):
        args += [f"-c:s:{n}", "copy" if outcome.action == "copy" else "srt"]
        args += _disposition(f"s:{n}", tracks[outcome.index].dispositions)
    return args


def _disposition(stream: str, words: Sequence[str]) -> list[str]:
    """Flags as the source has them: left alone, ffmpeg makes the first of several tracks the default."""
    return [f"-disposition:{stream}", "+".join(words) or "0"]


def _attachment_args(plan: EncodePlan, covers: Sequence[Path]) -> list[str]:
    items = {a.index: a for a in plan.probe.attachments}
    files, pictures = plan.of_kind("attachment"), plan.of_kind("cover")
    args: list[str] = ["-c:t", "copy"] if files else []
    for n, outcome in enumerate(files):
        if not items[outcome.index].mimetype:
            args += [f"-metadata:s:t:{n}", "mimetype=application/octet-stream"]
    for n, (outcome, path) in enumerate(zip(pictures, covers, strict=True), start=len(files)):
        item = items[outcome.index]
        args += ["-attach", str(path)]
        args += [f"-metadata:s:t:{n}", f"mimetype={item.mimetype}"]
        args += [f"-metadata:s:t:{n}", f"filename={item.name}"]
    return args
