"""The section `measures`: how clips are measured. No threshold that keeps or drops is here."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from animeflow.settings.base import Section
from animeflow.settings.models import Plugin


class FlashSettings(Section):
    """WCAG 2.x and ITU-R BT.1702 flashes, and the brightness jumps of the earlier filter pipeline."""

    luminance_step: float = Field(0.10, gt=0, le=1)
    """Change of relative luminance that is half a flash (0-1)."""
    darker_below: float = Field(0.80, gt=0, le=1)
    """The darker of the two states is below this relative luminance (0-1)."""
    red_step: float = Field(20.0, gt=0, le=320)
    """Change of (R - G - B) x 320 in linear light that is half a red flash (WCAG 2.0 units)."""
    red_share: float = Field(0.8, gt=0, le=1)
    """R / (R + G + B) from which a state is a saturated red (0-1, linear light)."""
    area_share: float = Field(0.25, gt=0, le=1)
    """Share of the 10-degree field (a third of the width by a third of the height) that flashes together (0-1)."""
    broadcast_white: float = Field(200.0, gt=0, le=10_000)
    """BT.1702: luminance of white on the display (cd/m2)."""
    broadcast_step: float = Field(20.0, gt=0, le=10_000)
    """BT.1702: change of luminance that is half a flash (cd/m2)."""
    broadcast_darker_below: float = Field(160.0, gt=0, le=10_000)
    """BT.1702: the darker of the two states is below this luminance (cd/m2)."""
    broadcast_red_step: float = Field(0.1, gt=0, le=1)
    """BT.1702: change of R / (R + G + B) to or from a saturated red that is half a red flash (0-1)."""
    broadcast_area_share: float = Field(0.25, gt=0, le=1)
    """BT.1702: share of the whole screen that flashes together (0-1)."""
    jump_stride: int = Field(5, ge=1, le=100)
    """Every how many frames mean grey is sampled for `brightness_jumps` (frames)."""
    jump_levels: float = Field(60.0, gt=0, le=255)
    """Change of mean grey that is a jump (8-bit levels)."""


class StatisticsSettings(Section):
    """Statistics of the stored signals."""

    black_luma: float = Field(16.0, ge=0, le=255)
    """Mean luma below which a frame may be black (8-bit levels)."""
    black_contrast: float = Field(4.0, ge=0, le=128)
    """Standard deviation of luma below which such a frame is black (8-bit levels)."""


class TextMeasureSettings(Section):
    """What counts as text, and where subtitles stand."""

    min_score: float = Field(0.8, ge=0, le=1)
    """Recognition score from which a box is text (0-1): detection alone finds text on drawings. Text in a script that
    the recogniser does not know (PP-OCR: Arabic, Cyrillic, Devanagari, Greek, Hangul, Hebrew, Thai) is read below it,
    or as blanks: see `unread_lines`."""
    unread_lines: bool = True
    """A line that could not be read counts as text, as U+FFFD, where it stands in the middle of the subtitle band or
    with others as credits do: it is in a script that the recogniser does not know. False: it is no text."""
    subtitle_top: float = Field(0.72, ge=0, le=1)
    """The subtitle band begins at this share of the height, from the top (0-1)."""
    subtitle_max_height: float = Field(0.14, gt=0, le=1)
    """A higher box is no subtitle line (share of the frame's height)."""
    credits_lines: int = Field(4, ge=2, le=100)
    """So many lines of about one height that stand in rows and share edges are credits (count)."""


class SamplingSettings(Section):
    """Which frames the sparse scorers read."""

    motion_pairs: int = Field(3, ge=1, le=100)
    """Pairs of frames per clip for the motion (count)."""
    motion_step_s: float = Field(0.5, gt=0, le=10)
    """Time between the two frames of a pair; a shorter clip uses its ends (seconds)."""
    quality_frames: int = Field(32, ge=1, le=1000)
    """Frames per clip for the quality scorer (count)."""
    aesthetics_frames: int = Field(8, ge=1, le=1000)
    """Frames per clip for the aesthetic scorer (count)."""


class MotionSettings(Section):
    """Optical flow between drawings."""

    width_px: int = Field(576, ge=64, le=4096)
    """Width of the picture that flow is measured on (px)."""
    height_px: int = Field(320, ge=64, le=4096)
    """Height of the picture that flow is measured on (px)."""
    moving_px: float = Field(0.5, gt=0, le=100)
    """Flow above which a pixel moves (px between the two frames of a pair)."""
    reach_px: float = Field(40.0, gt=0, le=1000)
    """Longest mean displacement that is measured in one step; beyond it neighbouring drawings are compared (px)."""


class QualitySettings(Section):
    """Technical and artistic quality."""

    model: Plugin | None = None
    """The scorer; none: the measure is null with that reason. No known scorer has weights in a wheel."""


class AestheticsSettings(Section):
    """Aesthetic score."""

    model: Plugin | None = None
    """The scorer; none: the measure is null with that reason. No known scorer has weights in a wheel."""


class MeasuresSettings(Section):
    """The stages of the group `measures`."""

    flash: FlashSettings = FlashSettings()
    """Flashes."""
    statistics: StatisticsSettings = StatisticsSettings()
    """Picture statistics."""
    text: TextMeasureSettings = TextMeasureSettings()
    """Share of the frame under text."""
    sampling: SamplingSettings = SamplingSettings()
    """Frames that the sparse scorers read."""
    quality: QualitySettings = QualitySettings()
    """Quality."""
    aesthetics: AestheticsSettings = AestheticsSettings()
    """Aesthetics."""
    motion: MotionSettings = MotionSettings()
    """Motion."""

    @model_validator(mode="after")
    def _same_aspect(self) -> Self:
        if self.motion.reach_px > self.motion.width_px / 4:
            raise ValueError("motion.reach_px is more than a quarter of motion.width_px")
        return self
