"""The plan of an MKV/AV1 encode, and the ffmpeg command that carries it out. No file is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from animeflow.errors import ContractError, EncodeError
from animeflow.media.decode.frame import is_hd
from animeflow.media.encode.encoders import Encoder, paced, svt
from animeflow.media.encode.size import reduced_size
from animeflow.media.encode.stream_outcomes import OPUS_LAYOUTS, StreamOutcome, picture_loss, stream_outcomes
from animeflow.media.ffmpeg import picture_args
from animeflow.media.probe.file import Probe, VideoTrack

_OPUS_BITS_PER_CHANNEL = 64_000
_RGB_FORMATS = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8")
_RGB_MATRIX = 0  # of H.273
SAR_TERMS = 1_000_000  # setsar reduces a pixel aspect to terms of 100 where it is not told
_ALPHA_FORMATS = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")
# Tags by which mkvmerge describes the packets it wrote: untrue of an encode.
STATISTICS_TAG = re.compile(r"^(BPS|DURATION|NUMBER_OF_(FRAMES|BYTES)|_STATISTICS_.*)(-.*)?$")
_STATISTICS_NAMES = (
    "BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES", "_STATISTICS_WRITING_APP",
    "_STATISTICS_WRITING_DATE_UTC", "_STATISTICS_TAGS",
)  # fmt: skip


def is_rgb(pix_fmt: str) -> bool:
    """Whether a pixel format stores red, green and blue."""
    return pix_fmt.startswith(_RGB_FORMATS)


def rgb_matrix(video: VideoTrack) -> tuple[str, int]:
    """The matrix by which RGB becomes YCbCr, in ffmpeg's word and as H.273's code: BT.709 for HD, BT.601 below."""
    return ("bt709", 1) if is_hd(video.width, video.height) else ("bt470bg", 5)


@dataclass(frozen=True)
class PlannedGroup:
    """Frames start..end-1, encoded on their own by `encoder`."""

    start: int
    end: int
    encoder: Encoder


@dataclass(frozen=True)
class VideoInput:
    """A second input whose first stream is the video: ffmpeg's arguments for it, and for what becomes of it."""

    args: tuple[str, ...]
    video_args: tuple[str, ...]


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
    truncated_ok: bool = False
    """The source ends early, and that was accepted: ffmpeg may say so. The frame count proves the rest."""
    decoded: bool = False
    """The source is damaged: its pictures are decoded as the analysis decoded them, and handed to the encoder."""
    groups: tuple[PlannedGroup, ...] = ()
    """Shot groups that are encoded one by one and joined; none: the whole video in one process."""
    last_frame: int = 0
    """Number of the last frame."""
    size: tuple[int, int] | None = None
    """(width, height) in px to which the upright pictures are reduced; None leaves them as they are."""

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) in px of the encode."""
        return self.size or self.probe.video.upright_size

    @property
    def filters(self) -> tuple[str, ...]:
        """ffmpeg's filters that make what is encoded of upright pictures: YCbCr of RGB, and reduced ones where they are
        to be; none where they stay as they are.

        Rounding the width to an even number would make ffmpeg change the shape of pixels: it is kept.
        """
        video = self.probe.video
        # Unasked ffmpeg takes BT.601 and does not say so: HD would be read by BT.709.
        matrix = f":out_color_matrix={rgb_matrix(video)[0]}:out_range=tv" if is_rgb(video.pix_fmt) else ""
        # A matrix that only RGB can have, said of YCbCr, keeps the encoder from starting.
        tags = () if matrix or video.color_space != _RGB_MATRIX else ("setparams=colorspace=unknown",)
        if self.size is None:
            return (f"scale=flags=bicubic+accurate_rnd{matrix}",) if matrix else tags
        width, height = self.size
        fields = ":interl=-1" if video.interlaced else ""
        aspect = video.upright_aspect
        return (
            *tags,
            f"scale={width}:{height}:flags=lanczos{fields}{matrix}",
            f"setsar=sar={aspect.numerator}/{aspect.denominator}:max={SAR_TERMS}",
        )

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
    audio: Literal["copy", "opus"] = "copy",
    chroma: Literal["convert", "refuse"] = "convert",
    truncated_ok: bool = False,
    decoded: bool = False,
    max_height: int | None = None,
) -> EncodePlan:
    """Plan the encode of a probed file.

    `pts` are those of all frames in presentation order (ticks of the video's time base), as the analysis
    decoded them; `cuts` the frames that must become key frames. `encoder` None is SVT-AV1 with the profile
    `animation`. `threads` 0 lets the encoder choose; bytes do not depend on it. Pictures higher than `max_height` px
    are reduced to it. Raises `ContractError` for frames
    outside the video, `EncodeError` for pictures with alpha, and for chroma or depth that the encode would lose
    where `chroma` is refuse.
    """
    video = probe.video
    encoder = paced(encoder or svt(), video.claimed_rate, pts, video.time_base)
    alpha = _alpha(video)
    if alpha is not None:
        raise EncodeError(f"has an alpha channel ({alpha}), which AV1 does not keep", path=probe.path)
    lost = picture_loss(probe.video, encoder)
    if lost and chroma == "refuse":
        raise EncodeError(
            f"would lose {lost}", path=probe.path, hint="set media.av1.chroma=convert to encode it so"
        )
    return EncodePlan(
        probe=probe,
        encoder=encoder,
        key_times=key_frame_times(pts, cuts, probe.video.time_base, start_time_s=probe.start_time_s),
        threads=threads,
        outcomes=stream_outcomes(probe, audio=audio, encoder=encoder),
        truncated_ok=truncated_ok,
        decoded=decoded,
        last_frame=len(pts) - 1,
        size=reduced_size(*probe.video.upright_size, max_height),
    )


def _alpha(video: VideoTrack) -> str | None:
    """By what a video shows that it has alpha: its pixel format, or the tag of Matroska; None where it has none.

    VP8 and VP9 keep alpha as a second stream in the same packets, which the decoder's pixel format does not tell.
    """
    if video.pix_fmt.startswith(_ALPHA_FORMATS):
        return video.pix_fmt
    mode = {key.lower(): value for key, value in video.metadata.items()}.get("alpha_mode", "0")
    return None if mode == "0" else f"alpha_mode {mode}"


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


def encode_command(
    plan: EncodePlan, ffmpeg: Path, output: Path, covers: Sequence[Path], video: VideoInput | None = None
) -> list[str]:
    """The argument list. `covers` are files with the bytes of the plan's cover pictures, in the plan's
    order; `video` None encodes the source's own.
    """
    if len(covers) != len(plan.of_kind("cover")):
        raise EncodeError(
            f"{len(covers)} cover files for {len(plan.of_kind('cover'))} covers", path=plan.probe.path
        )
    # fmt: off
    return [
        str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", "-progress", "pipe:1",
        "-stats_period", "0.5", "-y",
        *picture_args(ffmpeg, plan.probe.path), *(video.args if video else ()),
        *_maps(plan, "0:" + str(plan.probe.video.index) if video is None else "1:v:0"),
        "-map_metadata", "0", "-map_chapters", "0",
        *(video_args(plan) if video is None else (*video.video_args, *_video_tags(plan))),
        *_last_duration(plan), *_video_dispositions(plan),
        *_audio_args(plan), *_subtitle_args(plan), *_attachment_args(plan, covers),
        # Without bitexact Matroska writes random ids and the muxer's version: no two runs were equal.
        "-max_muxing_queue_size", "4096", "-fflags", "+bitexact", "-f", "matroska", f"file:{output}",
    ]
    # fmt: on


def _maps(plan: EncodePlan, video: str) -> list[str]:
    """Streams by absolute index. Never `-map 0`: one mov_text track stops the muxer."""
    kept = [
        *plan.of_kind("audio"),
        *plan.of_kind("subtitle"),
        *plan.of_kind("attachment"),
    ]
    return ["-map", video, *(word for o in kept for word in ("-map", f"0:{o.index}"))]


# Without the source's clock the encoder rounds times to whole frames: those of a transport stream came 19 ms late.
OWN_CLOCK = ("-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", "demux")


def video_args(plan: EncodePlan, filters: Sequence[str] = ()) -> list[str]:
    """How the whole video is encoded in one process, key frames on the cuts. `filters` come before those that reduce
    it.
    """
    args = [*filter_args([*filters, *plan.filters]), *plan.encoder.args(threads=plan.threads), *OWN_CLOCK]
    if plan.key_times:
        args += ["-force_key_frames:v:0", ",".join(f"{float(t):.6f}" for t in plan.key_times)]
    return args


def filter_args(filters: Sequence[str]) -> list[str]:
    """ffmpeg's argument for a chain of filters of the first output video; nothing without any."""
    return ["-filter:v:0", ",".join(filters)] if filters else []


def _last_duration(plan: EncodePlan) -> list[str]:
    """How long the last frame is shown where it is held: no frame after it says so, and encoders forget it."""
    video = plan.probe.video
    held_s = video.times.held_s(video.time_base)
    if held_s is None:
        return []
    return [
        "-bsf:v:0",
        f"setts=pts=PTS:dts=DTS:duration='if(eq(N,{plan.last_frame}),{held_s:.6f}/TB,DURATION)'",
    ]


def _video_dispositions(plan: EncodePlan) -> list[str]:
    tags = [tag for tag in plan.probe.video.metadata if STATISTICS_TAG.match(tag)]
    return [*(w for tag in tags for w in ("-metadata:s:v:0", f"{tag}=")), "-disposition:v:0", "default"]


def _video_tags(plan: EncodePlan) -> list[str]:
    """The source's tags of its video, for a video that comes from another input."""
    video = plan.probe.video
    tags = {k: v for k, v in video.metadata.items() if not STATISTICS_TAG.match(k)}
    if video.language:
        tags["language"] = video.language
    return [word for key, value in tags.items() for word in ("-metadata:s:v:0", f"{key}={value}")]


def _no_statistics(stream: str, language: str | None) -> list[str]:
    """Clear what mkvmerge says of the packets of a track: it is untrue of a converted one.

    Older versions end the names with the track's language.
    """
    ends = ["", "-eng", *([f"-{language}"] if language and language != "eng" else [])]
    return [
        word
        for end in ends
        for name in _STATISTICS_NAMES
        for word in (f"-metadata:s:{stream}", f"{name}{end}=")
    ]


def _audio_args(plan: EncodePlan) -> list[str]:
    tracks = {t.index: t for t in plan.probe.audio}
    args: list[str] = []
    for n, outcome in enumerate(plan.of_kind("audio")):
        track = tracks[outcome.index]
        if outcome.action == "copy":
            args += [f"-c:a:{n}", "copy"]
        elif outcome.to and outcome.to != "opus":
            args += [f"-c:a:{n}", outcome.to]
        else:
            rate = str(_OPUS_BITS_PER_CHANNEL * max(track.channels, 2) // (2 if track.channels == 1 else 1))
            layout = f"aformat=channel_layouts={OPUS_LAYOUTS[track.layout]}"
            args += [f"-c:a:{n}", "libopus", f"-b:a:{n}", rate, f"-filter:a:{n}", layout]
        if outcome.action != "copy":
            args += _no_statistics(f"a:{n}", track.language)
        args += _disposition(f"a:{n}", track.dispositions)
    return args


def _subtitle_args(plan: EncodePlan) -> list[str]:
    tracks = {t.index: t for t in plan.probe.subtitles}
    args: list[str] = []
    for n, outcome in enumerate(plan.of_kind("subtitle")):
        args += [f"-c:s:{n}", "copy" if outcome.action == "copy" else "srt"]
        if outcome.action != "copy":
            args += _no_statistics(f"s:{n}", tracks[outcome.index].language)
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
