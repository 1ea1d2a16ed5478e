"""The section `shots`: the one decode, shot detection, drawings, clips."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from animeflow.settings.base import Section, no_digest
from animeflow.settings.isolation import IsolationSettings


class DecodeSettings(IsolationSettings):
    """What one file may ask of the decoder, and how much damage is borne."""

    max_pixels: int = Field(36_000_000, ge=64 * 64, le=400_000_000)
    """Most pixels of a picture (px); 8K has 33.2 million."""
    max_frames: int = Field(3_000_000, ge=1, le=100_000_000)
    """Most frames of a file (frames)."""
    max_gap_s: float = Field(600.0, gt=0, le=86_400)
    """Longest time between two frames (seconds)."""
    max_corrupt_share: float = Field(0.10, ge=0, le=1)
    """Share of damaged frames beyond which the file is refused (0-1)."""
    min_frames: int = Field(2, ge=1, le=1000)
    """Fewest frames of a usable video (frames)."""
    accept_truncated: bool = False
    """Use a file whose pictures end well before its header says (an interrupted download); else it is an error."""
    threads: int = no_digest(0, ge=0, le=256)
    """Threads of the decoder (count; 0: FFmpeg chooses)."""
    backend: Literal["cpu", "auto", "nvdec"] = no_digest("cpu")
    """What decodes for the analysis. `auto` and `nvdec` take a card that proves itself on the file (16 frames equal the
    CPU's), else the CPU; `nvdec` fails where there is no card. A worker process sees none: isolate=false shows it."""


class TextSettings(Section):
    """On which frames text is looked for."""

    enabled: bool = True
    """Whether text is read at all; without it the measure `text` is null."""
    interval_s: float = Field(0.5, gt=0, le=60)
    """Time between two sampled frames; a clip of this length has a sample (seconds)."""
    min_edge_share: float = Field(0.12, ge=0, le=1)
    """Prefilter: a frame is read only where some 32x8 px window of the 320x180 luma has at least this share of
    strong horizontal steps (0-1; 0 reads every sampled frame)."""
    same_block: float = Field(2.0, ge=0, le=255)
    """A sample whose worst 8x8-block difference (320x180 luma) to the last one read is below this is the same
    picture: its boxes are taken over (8-bit levels; 0 reads every sampled frame)."""


class TransitionSettings(Section):
    """Dissolves and fades, from the network's second output and the brightness and linearity of the thumbnails."""

    min_frames: int = Field(4, ge=2, le=100)
    """Shortest transition, and shortest slope of a fade; what is shorter is a hard cut (frames)."""
    max_frames: int = Field(96, ge=4, le=1000)
    """Longest dissolve, and longest slope of a fade, which may stay black or white for any time between two (frames at
    24 fps; more of a faster video)."""
    many_hot: float = Field(0.25, gt=0, lt=1)
    """Probability of the network above which a frame may lie in a dissolve (0-1)."""
    many_hot_peak: float = Field(0.5, gt=0, lt=1)
    """Probability that a dissolve reaches somewhere (0-1)."""
    min_change: float = Field(4.0, ge=0, le=255)
    """Mean RGB difference of the two ends from which a dissolve's ends are placed by its mixture (8-bit levels)."""
    bent: float = Field(0.15, gt=0, le=1)
    """How far the shares of a dissolve's frames may lie beside a straight line in time, twice that where all
    frames resemble their neighbours (0-1)."""
    black: float = Field(8.0, ge=0, le=64)
    """Mean RGB level under which a frame is black (8-bit levels)."""
    white: float = Field(12.0, ge=0, le=64)
    """Distance of the mean RGB level from 255 under which a frame is white (8-bit levels)."""
    plain: float = Field(16.0, ge=0, le=64)
    """How far the values of each channel lie apart at most in a frame of one colour, to which pictures fade too
    (8-bit levels)."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_frames > self.max_frames:
            raise ValueError("min_frames is more than max_frames: no transition would be found")
        return self


class _Detector(Section):
    min_shot_frames: int = Field(15, ge=1, le=1000)
    """Shortest shot (frames)."""


class ContentDetector(_Detector):
    """PySceneDetect's content detector on the stored components: equal cuts, no decode. It types no transitions: clips
    keep their fades and dissolves."""

    kind: Literal["content"] = "content"
    """Threshold on the change of hue, saturation and value."""
    threshold: float = Field(30.0, gt=0, le=255)
    """Mean of the weighted components at which a cut is made (8-bit levels; PySceneDetect's own default is 27)."""
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Weights of the changes of hue, saturation and value (ratio)."""


class AdaptiveDetector(_Detector):
    """PySceneDetect's adaptive detector on the stored components: equal cuts, no decode. It types no transitions:
    clips keep their fades and dissolves."""

    kind: Literal["adaptive"] = "adaptive"
    """Threshold on the change relative to the mean of its neighbours."""
    ratio: float = Field(3.0, gt=0, le=255)
    """Change over the mean change of the neighbours at which a cut is made (ratio)."""
    min_content: float = Field(15.0, ge=0, le=255)
    """Change that a cut has at least (8-bit levels)."""
    window_frames: int = Field(2, ge=1, le=100)
    """Neighbours on each side (frames)."""
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Weights of the changes of hue, saturation and value (ratio)."""


class TransNetV2Detector(_Detector):
    """The network alone, on the stored thumbnails."""

    kind: Literal["transnetv2"] = "transnetv2"
    """Shot boundary network."""
    threshold: float = Field(0.5, gt=0, lt=1)
    """Probability above which a frame is the last one of its shot (0-1)."""
    min_shot_frames: int = Field(2, ge=1, le=1000)
    """Shortest shot (frames)."""
    min_transition_frames: int = Field(4, ge=2, le=100)
    """Frames that the second output marks around a cut from which it is a transition (frames)."""


class FusedDetector(_Detector):
    """The network proposes, the pictures decide: flashes that end and pans are no cuts."""

    kind: Literal["fused"] = "fused"
    """Network and pictures."""
    threshold: float = Field(0.5, gt=0, lt=1)
    """Probability from which the network is sure of a cut (0-1)."""
    doubt: float = Field(0.1, gt=0, lt=1)
    """Probability under which it sees none (0-1)."""
    sure_difference: float = Field(4.0, gt=0, le=255)
    """Difference of the two sides that a cut has where the network is sure (8-bit levels, mean RGB at 48x27 after the
    best translation, of the most similar frames)."""
    doubtful_difference: float = Field(12.0, gt=0, le=255)
    """The same where the network doubts (8-bit levels)."""
    difference: float = Field(20.0, gt=0, le=255)
    """The same where the network sees no cut (8-bit levels)."""
    still_difference: float = Field(14.0, gt=0, le=255)
    """The same where the network sees no cut, but two pictures that have nothing in common stand still (8-bit
    levels)."""
    everywhere: float = Field(0.16, ge=0, le=1)
    """Mean of the quieter half of the frame over the mean of all, of that difference: below it only a part of the frame
    changed, as by a beam of light (ratio)."""
    beyond_motion: float = Field(2.0, ge=0, le=100)
    """How much more unlike the two sides of a cut are than the drawings of the slower side are among each other, where
    the network sees no cut: the frames of a whip pan all differ alike (ratio)."""
    doubtful_beyond_motion: float = Field(1.5, ge=0, le=100)
    """The same where the network doubts (ratio)."""
    still_beyond_motion: float = Field(2.8, ge=0, le=100)
    """The same between `still_difference` and `difference` (ratio)."""
    return_frames: int = Field(6, ge=1, le=25)
    """Frames on both sides that are compared: a flash is over within them (frames)."""
    min_shot_frames: int = Field(4, ge=1, le=1000)
    """Shortest shot, but at the ends of the video (frames)."""
    transitions: TransitionSettings = TransitionSettings()
    """Dissolves and fades."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.doubt > self.threshold:
            raise ValueError("doubt is above threshold: lower doubt, or raise threshold")
        return self


Detector = Annotated[
    ContentDetector | AdaptiveDetector | TransNetV2Detector | FusedDetector, Field(discriminator="kind")
]


class DrawingSettings(Section):
    """When a frame is a new drawing and when it repeats the one before."""

    strong: float = Field(2.0, gt=0, le=64)
    """Worst 4x4-block mean of what differs by more than 3 levels (160x90 luma) above which a frame is new, whatever the
    noise (8-bit levels)."""
    block: float = Field(0.56, gt=0, le=64)
    """Worst 4x4-block difference above which a frame is new where there is no noise (8-bit levels)."""
    noise_factor: float = Field(2.0, ge=1, le=10)
    """How far above the noise of held frames a weak change has to lie (ratio)."""
    noise_quantile: float = Field(0.9, gt=0, lt=1)
    """Quantile of the weak changes of the video that is its noise (0-1)."""
    weak: float = Field(1.0, gt=0, le=64)
    """Strong difference up to which a change is weak and counts for the noise (8-bit levels)."""
    spread: float = Field(0.7, gt=0, le=64)
    """Rms change of the 160x90 luma beyond its noise above which a frame is new (8-bit levels)."""
    spread_factor: float = Field(1.2, ge=1, le=10)
    """How far that rms has to lie above its noise at least: grain is not equal in all shots (ratio)."""
    colour: float = Field(0.12, gt=0, le=64)
    """How far the mean RGB change (48x27) lies above the rms change of the luma and its own noise where colours alone
    move (8-bit levels)."""
    refined_share: float = Field(0.35, ge=0, lt=1)
    """Share of a change that the encoder may put right in the frames after it; weak changes below it are no drawing."""
    repainted_share: float = Field(0.05, ge=0, lt=1)
    """The same of strong and spread changes, for strong and spread ones: coarse frames are painted anew. None after
    a cut, whose first frame is fine."""
    refined_frames: int = Field(3, ge=1, le=50)
    """For how long after a change it does so (frames)."""
    key_strong: float = Field(4.0, gt=0, le=64)
    """As `strong`, at key frames inside a shot and in the first frames of the video (8-bit levels)."""
    key_local: float = Field(12.0, ge=1, le=100)
    """At a key frame a weaker change is new where its worst block is more than so many times its rms: in one place
    (ratio)."""
    key_block: float = Field(1.2, gt=0, le=64)
    """As `block`, in the frames after a key frame, which the encoder refines (8-bit levels)."""
    key_frames: int = Field(12, ge=1, le=100)
    """For how long after a key frame it does so; key frames this close are no refreshes but noise (frames)."""
    drift: float = Field(3.0, ge=1, le=100)
    """Held frames whose first and last differ by more than so many single steps move slowly (ratio, 48x27)."""
    drift_frames: int = Field(8, ge=2, le=1000)
    """A run of held frames longer than this is checked for that (frames)."""


class ClipSettings(Section):
    """How shots become clips."""

    min_s: float = Field(0.5, ge=0, le=600)
    """Shortest clip; what is left of a shot under it gives none (seconds)."""
    max_s: float = Field(20.0, gt=0, le=7200)
    """Longest clip; a longer shot is split into equal parts (seconds)."""
    margin_frames: int = Field(0, ge=0, le=100)
    """Frames left out at both ends of a shot beside its transitions (frames)."""
    window_frames: int = Field(121, ge=0, le=100_000)
    """Length of the windows that are listed inside each clip, for trainers that take a fixed number of frames; nothing
    is cut by them (frames; 0: none)."""
    window_stride_frames: int = Field(60, ge=1, le=100_000)
    """From the beginning of one window to that of the next (frames)."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_s < 2 * self.min_s:
            raise ValueError("max_s is less than twice min_s: a split could be too short")
        return self


class ShotsSettings(Section):
    """The stages of the group `shots`."""

    decode: DecodeSettings = DecodeSettings()
    """The one decode."""
    text: TextSettings = TextSettings()
    """Text on sampled frames."""
    detector: Detector = FusedDetector()
    """How shots are found. Kinds content and adaptive know hard cuts only, transnetv2 calls every transition a
    dissolve, fused tells fades and dissolves apart and finds the fades at the ends of the video too."""
    prediction_picture: Literal["none", "png"] = "png"
    """The network's probabilities drawn over the thumbnails, one picture per 12,500 frames, for looking at cuts (1 to
    2.5 kB a frame); kinds without network have none."""
    drawings: DrawingSettings = DrawingSettings()
    """Held or new."""
    clips: ClipSettings = ClipSettings()
    """From shots to clips."""
