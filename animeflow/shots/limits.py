"""What a file must be to be analysed."""

from __future__ import annotations

from pathlib import Path

from animeflow.errors import DecodeError
from animeflow.media.decode.reader import DecodeLimits
from animeflow.settings.shots import DecodeSettings


def decode_limits(settings: DecodeSettings) -> DecodeLimits:
    """The decoder's limits from the settings."""
    return DecodeLimits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        max_gap_s=settings.max_gap_s,
        max_corrupt_share=settings.max_corrupt_share,
        threads=settings.threads,
    )


def require_frames(frames: int, settings: DecodeSettings, path: Path | str) -> None:
    """DecodeError (too_short) for a video with fewer frames than settings.min_frames."""
    if frames < settings.min_frames:
        raise DecodeError(
            f"has {frames} frame{'s' if frames != 1 else ''}, at least {settings.min_frames} are needed",
            reason="too_short",
            path=path,
        )
