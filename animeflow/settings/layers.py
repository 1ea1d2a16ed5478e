"""The section `layers`: separation of a shot into character, effect and background layers."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from animeflow.settings.base import Section


class SegmentationSettings(Section):
    """Where the characters are, roughly: networks on some drawings, flow between them, GrabCut."""

    net_drawings: int = Field(4, ge=1, le=10_000)
    """Drawings of a clip that the networks and GrabCut see at least, spread evenly; the maps of the others are carried
    by optical flow (count). A network call costs more than everything else that is done for a drawing."""
    net_every: int = Field(8, ge=1, le=10_000)
    """They see at least every so many drawings, however long the clip is (count)."""
    work_side_px: int = Field(480, ge=128, le=4096)
    """Longer side of the picture on which seeds are made, at most (px); the plate refines them at full size."""
    grabcut_iterations: int = Field(2, ge=0, le=20)
    """Rounds of GrabCut that refine the networks' maps (count; 0: the mean of the maps is the seed). One to four
    rounds gave a mean IoU of .821, .826, .824, .824 over 66 drawn frames; each adds 25 ms of CPU per picture."""
    smooth: bool = True
    """Median of a seed and its flow-warped neighbours, where the flow is consistent."""


class BackgroundSettings(Section):
    """Camera motion, the cel plate, and whether the shot has one."""

    samples: int = Field(40, ge=4, le=96)
    """Frames of a clip that vote for the plate, at most (count)."""
    low_quantile: float = Field(0.25, gt=0, le=0.5)
    """Quantile in luma order where a brightening effect is off in part of the frames; 0.5 elsewhere (0-1)."""
    max_unexplained: float = Field(0.05, ge=0, le=1)
    """Share of pixels outside the seeds that differ from the plate up to which the plate is valid without a further
    look (0-1)."""
    max_unexplained_effects: float = Field(0.15, ge=0, le=1)
    """The same share up to which it is valid when the difference looks like an effect; above it there is no plate
    (0-1)."""
    max_canvas_mpx: float = Field(40.0, gt=0, le=1000)
    """Largest canvas of a plate; a clip that needs more has none (megapixels)."""
    inpaint_radius_px: float = Field(5.0, ge=1, le=64)
    """Neighbourhood from which a pixel that no frame reveals is filled (px)."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_unexplained > self.max_unexplained_effects:
            raise ValueError("max_unexplained is above max_unexplained_effects")
        return self


class CharacterSettings(Section):
    """The matte: what differs from the plate and belongs to a seed."""

    tolerance: float = Field(6.0, ge=0, le=64)
    """Difference to the plate that is always noise, before the codec noise of the clip is added (8-bit levels)."""
    min_instance_px: int = Field(400, ge=1, le=1_000_000)
    """Smallest connected part of a character that counts as an instance, at 640x360; scales with the picture (px)."""


class EffectSettings(Section):
    """Light and smoke over the plate."""

    enabled: bool = True
    """Whether effects are looked for; without it they stay in no layer and show in the recomposition."""
    min_peak: float = Field(24.0, ge=0, le=255)
    """Strongest difference that a spot of light must reach (8-bit levels)."""
    sure_peak: float = Field(60.0, ge=0, le=255)
    """A spot this strong needs no second drawing to support it (8-bit levels)."""
    hole_margin_px: int = Field(5, ge=0, le=64)
    """No effect is believed this near to a filled pixel (px)."""


class SmoothingSettings(Section):
    """Stable alpha in drawing time."""

    enabled: bool = True
    """Median of alpha and its flow-warped neighbours, where the flow is consistent."""
    min_excess: float = Field(1.0, ge=0, le=255)
    """Flicker (mean |alpha - warped previous| x 1000) under which a clip is left as it is."""
    max_flow_error_px: float = Field(1.0, gt=0, le=16)
    """Forward-backward difference up to which flow is consistent (px)."""
    max_colour_error: float = Field(14.0, gt=0, le=255)
    """Blurred colour difference of a drawing and its warped neighbour up to which flow is consistent (8-bit levels)."""


class LayersSettings(Section):
    """The section `layers`, one part per asset."""

    segmentation: SegmentationSettings = SegmentationSettings()
    background: BackgroundSettings = BackgroundSettings()
    character: CharacterSettings = CharacterSettings()
    effects: EffectSettings = EffectSettings()
    smoothing: SmoothingSettings = SmoothingSettings()
