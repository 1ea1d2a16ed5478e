"""Settings of the group `media`: encodes, key frames, clip files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section, no_digest


class Av1Settings(Section):
    """The MKV/AV1 encode of a whole video."""

    profile: Literal["animation", "fast", "draft"] = "animation"
    """Encoder profile: SVT-AV1 preset 6, 8 or 10, 10 bit, tuned for drawn pictures."""
    crf: float = Field(26.0, ge=1, le=63)
    """Constant rate factor of SVT-AV1; lower is better and larger."""
    metric: Literal["none", "ssim"] = "none"
    """Quality metric measured against the source after the encode."""
    min_metric: float = Field(0.9, ge=0, le=1)
    """The encode fails when the metric is below this."""
    full_decode: bool = True
    """Decode the whole encode and count its frames before it counts as done."""
    timeout_s: float = no_digest(6 * 3600.0, gt=0)
    """Longest time one encode may take, in seconds."""


class KeyFrameSettings(Section):
    """Pictures per shot."""

    quality: int = Field(90, ge=1, le=100)
    """WebP quality."""
    method: int = Field(2, ge=0, le=6)
    """WebP effort; 2 is within 0.5 % of the size of 4 at 0.4 of its time."""
    long_edge: int = Field(2048, ge=16, le=16383)
    """Longest side in px; larger pictures are reduced."""
    cover_saturation: float = Field(0.1, ge=0, le=1)
    """Least mean HSV saturation of a cover frame."""
    cover_sharpness: float = Field(80.0, ge=0)
    """Least Laplacian variance of a cover frame, at 320x180, not at its native size (8-bit levels squared)."""


class ClipFileSettings(Section):
    """Clips as files."""

    audio: bool = True
    """Keep the audio streams in the clips."""


class MediaSettings(Section):
    """Encodes, key frames, clip files."""

    av1: Av1Settings = Av1Settings()
    key_frames: KeyFrameSettings = KeyFrameSettings()
    clips: ClipFileSettings = ClipFileSettings()
