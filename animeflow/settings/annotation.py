"""Settings of the group `annotation`: labels that need no hub, embeddings, captions."""

from __future__ import annotations

from pydantic import Field

from animeflow.settings.base import Section, no_digest
from animeflow.settings.models import Plugin


class LabelSettings(Section):
    """Rules of the labels. Each label stores the value it was read from beside it."""

    palette_colours: int = Field(6, ge=1, le=16)
    """Colours of a palette."""
    palette_pixels: int = Field(4096, ge=256, le=65536)
    """Pixels that vote for a palette, at most, taken at regular distances."""
    palette_distance: float = Field(6.0, ge=0, le=50)
    """Colours nearer than this are one colour (CIE76 difference in Lab)."""
    visible_alpha: float = Field(0.5, gt=0, lt=1)
    """Alpha from which a character's pixel counts as visible (0-1)."""
    min_character_share: float = Field(0.005, ge=0, lt=1)
    """Below this share of the frame there is no character (0-1)."""
    extreme_share: float = Field(0.6, gt=0, le=1)
    """Share of the frame from which a figure that the lower edge cuts is an extreme close-up (0-1)."""
    close_up_share: float = Field(0.2, gt=0, le=1)
    """The same for a close-up; below it is a medium shot (0-1)."""
    full_height: float = Field(0.5, gt=0, le=1)
    """Height over the frame's from which a figure that is seen down to its feet is a full shot (0-1)."""
    long_height: float = Field(0.25, gt=0, le=1)
    """The same for a long shot; below it is a very long shot (0-1)."""
    still_motion: float = Field(0.01, ge=0)
    """Flow below this many diagonals per second is still."""
    slow_motion: float = Field(0.12, gt=0)
    """Flow below this many diagonals per second is slow."""
    fast_motion: float = Field(0.6, gt=0)
    """Flow from this many diagonals per second on is fast."""
    move_share: float = Field(0.01, gt=0, lt=1)
    """Least way of the camera from where it began, as a share of the frame's diagonal, that is a pan or tilt."""
    zoom_ratio: float = Field(0.03, gt=0, lt=1)
    """Least change of scale over the clip that is a zoom."""
    shake_ratio: float = Field(4.0, gt=1)
    """Length of the way over the farthest distance from its start, from which a moving camera shakes."""
    text_area: float = Field(0.002, ge=0, le=1)
    """Least share of the frame under recognised text that is `text` (0-1)."""
    hold_share: float = Field(0.7, gt=0.5, le=1)
    """Share of a clip's time that must pass in holds of one length to call it ones, twos or threes."""


class EmbeddingSettings(Section):
    """Image embeddings per drawing."""

    model: Plugin | None = None
    """The network; none: embeddings are null with that reason."""
    batch: int = no_digest(16, ge=1, le=1024)
    """Pictures per call."""


class CaptionSettings(Section):
    """Captions per clip."""

    model: Plugin | None = None
    """The captioner; none: captions are null with that reason."""
    frames: int = Field(4, ge=1, le=64)
    """Drawings of a clip that are shown to it."""


class AnnotationSettings(Section):
    """What is said about kept clips and their drawings."""

    labels: LabelSettings = LabelSettings()
    embeddings: EmbeddingSettings = EmbeddingSettings()
    captions: CaptionSettings = CaptionSettings()
