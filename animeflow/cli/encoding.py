"""The ffmpeg and the encoder of a run, proved before anything starts: a dry run says the same."""

from __future__ import annotations

from collections.abc import Iterable

from animeflow.media.encode.encoders import choose_encoder
from animeflow.media.ffmpeg import ffmpeg_path, proved_ffmpeg
from animeflow.settings.media import SvtEncoder
from animeflow.settings.tree import Settings

ENCODING = ("av1_videos", "clip_videos")
"""The stages that encode with `media.av1.encoder`."""


def encodes(stages: Iterable[str]) -> bool:
    """Whether one of these stages encodes."""
    return any(name in ENCODING for name in stages)


def needs_proof(settings: Settings) -> bool:
    """Whether the encoder of the settings may be absent here, or may not take its parameters; SVT-AV1 is part of the
    bundled ffmpeg.
    """
    encoder = settings.media.av1.encoder
    return not isinstance(encoder, SvtEncoder) or bool(encoder.params) or settings.run.ffmpeg is not None


def prove_ffmpeg(settings: Settings) -> None:
    """SettingsError where the ffmpeg of the settings is not here, or is none."""
    proved_ffmpeg(settings.run.ffmpeg)


def prove_encoder(settings: Settings) -> str:
    """`encoder: …` in one line, after the trial that the run makes. SettingsError where the encoder is not here."""
    chosen = choose_encoder(settings.media.av1.encoder, ffmpeg_path(settings.run.ffmpeg))
    if chosen.fell_back is not None:
        return f"encoder: {chosen.encoder.library}, because {chosen.fell_back}"
    proved = ", which encoded a frame here" if needs_proof(settings) else ""
    return f"encoder: {chosen.encoder.library}{proved}"
