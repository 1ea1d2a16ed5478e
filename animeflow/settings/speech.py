"""Settings of the group `speech`: separation, voice activity, transcription. Their networks are under `models`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section
from animeflow.settings.models import Plugin


class SeparationSettings(Section):
    """Vocals and accompaniment."""

    model: Plugin | None = None
    """The separator; none: the stems are null with that reason (the mix is never passed off as vocals)."""


class TranscriptionSettings(Section):
    """Who speaks when, and what."""

    stream: Literal["default", "first"] = "default"
    """Which audio stream is listened to: the one flagged default (else the first), or always the first."""
    window_s: float = Field(30.0, ge=5, le=600)
    """Sound that is handed to the recogniser at once, at most, in seconds; intervals are not cut if they fit."""
    max_line_chars: int = Field(42, ge=10, le=200)
    """Longest line in SRT and VTT files, in characters."""


class SpeechSettings(Section):
    """What is heard."""

    separation: SeparationSettings = SeparationSettings()
    transcription: TranscriptionSettings = TranscriptionSettings()
