"""The section `curation`: every threshold that keeps or drops a clip, and nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section

Limit = float | None


class CurationSettings(Section):
    """Thresholds on measures. None switches a rule off; without the measure a clip passes as `unmeasured`."""

    min_duration_s: Limit = Field(0.5, ge=0)
    """Shortest kept clip (seconds)."""
    max_corrupt_share: Limit = Field(0.05, ge=0, le=1)
    """Most frames with concealed damage (0-1)."""
    max_black_share: Limit = Field(0.5, ge=0, le=1)
    """Most black frames (0-1)."""
    max_flashes: Limit = Field(3.0, ge=0)
    """Most general flashes in any second; WCAG 2.x allows three (flashes per second)."""
    max_red_flashes: Limit = Field(3.0, ge=0)
    """Most saturated-red flashes in any second; WCAG 2.x allows three (flashes per second)."""
    max_broadcast_flashes: Limit = Field(3.0, ge=0)
    """Most flashes in any second by ITU-R BT.1702, which allows three (flashes per second)."""
    max_broadcast_red_flashes: Limit = Field(3.0, ge=0)
    """Most flashes to and from a saturated red in any second by ITU-R BT.1702 (flashes per second)."""
    max_brightness_jumps: Limit = Field(None, ge=0, le=1)
    """Share of samples whose mean grey jumps that drops a clip; the earlier filter pipeline has 0.2 (0-1)."""
    subtitles: Literal["keep", "drop"] = "keep"
    """What becomes of clips with burned-in subtitles (in the subtitle band)."""
    max_subtitle_area: float = Field(0.002, ge=0, le=1)
    """With `subtitles: drop`, largest share of the frame under text in the subtitle band (0-1)."""
    max_text_area: Limit = Field(0.03, ge=0, le=1)
    """Largest share of the frame under text outside the subtitle band: credits, signs, title cards (0-1)."""
    unread_text: Literal["keep", "drop"] = "drop"
    """What becomes of a clip whose text was to be read and was not (no weights, no sampled frame): what is unknown does
    not pass a text rule. With `shots.text.enabled: false` nothing was to be read, and the rule is `unmeasured`."""
    max_still_share: Limit = Field(None, ge=0, le=1)
    """Most frames that repeat the one before; a still shot has 1 - 1/frames (0-1)."""
    min_sharpness: Limit = Field(None, ge=0)
    """Least sharpness (8-bit levels squared); soft, painterly shots are low without being bad."""
    min_motion: Limit = Field(None, ge=0)
    """Least motion at 576x320 (px per second)."""
    max_motion: Limit = Field(None, ge=0)
    """Most motion at 576x320 (px per second)."""
    min_quality: Limit = Field(None, ge=0, le=1)
    """Least DOVER quality (0-1)."""
    min_aesthetics: Limit = Field(None, ge=0, le=10)
    """Least aesthetic score (1-10)."""
