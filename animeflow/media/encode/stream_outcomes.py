"""What becomes of every stream of a source in its MKV/AV1 encode. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animeflow.media.demux.streams import AudioTrack, SubtitleTrack
from animeflow.media.encode.encoders import Encoder, svt
from animeflow.media.probe.file import Probe, VideoTrack

# Codecs that Matroska carries as they are.
COPIED_AUDIO = frozenset({
    "aac", "ac3", "eac3", "dts", "truehd", "mlp", "flac", "alac", "mp3", "mp2", "opus", "vorbis", "tta", "wavpack",
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f64le", "pcm_u8",
})  # fmt: skip
# Uncompressed sound of up to 24 bits: FLAC loses nothing (32-bit integers it would cut to 24). It has 8 channels at
# most: more are copied.
FLAC_AUDIO = frozenset({
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_bluray", "pcm_dvd", "pcm_s8", "pcm_s8_planar",
})  # fmt: skip
_FLAC_CHANNELS = 8
# Uncompressed sound that Matroska does not carry, and that which holds the same samples; FLAC has it where it can.
SAME_SAMPLES = {
    "pcm_f32be": "pcm_f32le", "pcm_f64be": "pcm_f64le", "pcm_s8": "pcm_s16le", "pcm_s8_planar": "pcm_s16le",
    "pcm_bluray": "pcm_s24le", "pcm_dvd": "pcm_s24le",
}  # fmt: skip
COPIED_SUBTITLES = frozenset({"ass", "subrip", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"})
TEXT_SUBTITLES = frozenset(
    {"mov_text", "text", "microdvd", "subviewer", "sami", "realtext", "jacosub", "stl"}
)
# By the source's layout, the Opus layout that holds the same channels, each in its place, as measured. The encoder
# refuses side layouts ("Invalid channel layout 5.1(side)") but carries their channels. 2.1 and 4.0 would be mixed into
# others, and FFmpeg takes 3 and 4 channels of which nobody says more for those; libopus in FFmpeg 9 writes 5.0 and 6.1
# out of order.
OPUS_LAYOUTS = {
    "mono": "mono", "stereo": "stereo", "3.0": "3.0", "quad": "quad", "quad(side)": "quad", "5.1": "5.1",
    "5.1(side)": "5.1", "7.1": "7.1",
    "1 channels": "mono", "2 channels": "stereo", "6 channels": "5.1", "8 channels": "7.1",
}  # fmt: skip
_CHROMA = (("444", "4:4:4"), ("422", "4:2:2"), ("440", "4:4:0"), ("411", "4:1:1"), ("410", "4:1:0"))
_SUBSAMPLED = ("420", "nv12", "p010", "p012", "p016", "gray")


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


def picture_loss(video: VideoTrack, encoder: Encoder) -> str | None:
    """What the encoder's 4:2:0 and bit depth do not keep of a source's pictures; None where they keep all."""
    found = []
    name = video.pix_fmt
    chroma = next((text for key, text in _CHROMA if key in name), None)
    if chroma is None and not any(key in name for key in _SUBSAMPLED):
        chroma = "RGB" if any(key in name for key in ("rgb", "bgr", "gbr", "pal8")) else None
    if chroma is not None:
        found.append(f"chroma {chroma} -> 4:2:0")
    if video.bit_depth > encoder.bit_depth:
        found.append(f"{video.bit_depth} -> {encoder.bit_depth} bit")
    return ", ".join(found) or None


def stream_outcomes(
    probe: Probe, *, audio: Literal["copy", "opus"] = "copy", encoder: Encoder | None = None
) -> tuple[StreamOutcome, ...]:
    """The fate of every stream, in source order."""
    encoder = encoder or svt()
    video = probe.video
    outcomes = [
        StreamOutcome(
            video.index, "video", video.codec, "encode", encoder.codec, picture_loss(video, encoder)
        )
    ]
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


def _audio_outcome(track: AudioTrack, audio: Literal["copy", "opus"]) -> StreamOutcome:
    def outcome(
        action: Literal["copy", "convert", "drop"], to: str | None, why: str | None = None
    ) -> StreamOutcome:
        return StreamOutcome(track.index, "audio", track.codec, action, to, why)

    fits_flac = track.channels <= _FLAC_CHANNELS
    if audio == "copy" and track.codec in FLAC_AUDIO and fits_flac:
        return outcome("convert", "flac", "the same samples, smaller")
    if audio == "copy" and track.codec in COPIED_AUDIO:
        return outcome("copy", track.codec)
    if audio == "copy" and track.codec in SAME_SAMPLES:
        return outcome("convert", SAME_SAMPLES[track.codec], "the same samples, as Matroska carries them")
    if track.codec == "unknown" or not track.sample_rate:
        return outcome("drop", None, "no decoder knows it")
    if track.layout not in OPUS_LAYOUTS:
        if track.codec in COPIED_AUDIO and not fits_flac:
            return outcome("copy", track.codec, f"neither Opus nor FLAC has {track.channels} such channels")
        return outcome("convert", "flac", f"Opus has no layout for the channels of {track.layout}")
    return outcome("convert", "opus", None if audio == "opus" else "Matroska does not carry it")


def _subtitle_outcome(track: SubtitleTrack) -> StreamOutcome:
    if track.codec in COPIED_SUBTITLES:
        return StreamOutcome(track.index, "subtitle", track.codec, "copy", track.codec)
    if track.codec in TEXT_SUBTITLES:
        return StreamOutcome(
            track.index, "subtitle", track.codec, "convert", "subrip", "Matroska does not carry it"
        )
    return StreamOutcome(track.index, "subtitle", track.codec, "drop", why="has no form in Matroska")
