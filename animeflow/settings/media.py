"""Settings of the group `media`: encodes, key frames, clip files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from animeflow.settings.base import Section, no_digest

_FROM_SOURCE = "the source says it"
_CUTS = "key frames are forced on cuts"
SET_ELSEWHERE = {
    "crf": "media.av1.encoder.crf is",
    "qp": "media.av1.encoder.crf is",
    "rc": "media.av1.encoder.crf makes it constant quality",
    "lp": "run.threads is",
    "preset": "media.av1.encoder.profile is",
    "keyint": _CUTS,
    "scd": _CUTS,
    "force-key-frames": _CUTS,
    "input-depth": "encodes have 10 bit",
    **dict.fromkeys(
        (
            "width", "height", "fps-num", "fps-denom", "color-primaries", "transfer-characteristics",
            "matrix-coefficients", "color-range", "chroma-sample-position", "mastering-display", "content-light",
        ),
        _FROM_SOURCE,
    ),
}  # fmt: skip
"""Keys of SVT-AV1 that another setting or the source decides, and what does."""

UNCHECKED = {
    "aq-mode": 2, "chroma-qm-max": 15, "chroma-qm-min": 15, "enable-cdef": 1, "enable-tf": 2, "qm-max": 15,
    "qm-min": 15, "scm": 3,
}  # fmt: skip
"""The largest values of keys whose values SVT-AV1 4.2 does not check: it takes a larger one without a word."""


@dataclass(frozen=True)
class MetricRange:
    """What can be asked of a metric: more than `low`, at most `high`; the target where none is set, and the floor
    below which an encode is broken, whatever was wanted of it.
    """

    low: float
    high: float
    target: float
    floor: float

    def holds(self, value: float) -> bool:
        """Whether a value can be asked for."""
        return self.low < value <= self.high


# Drawn pictures at SVT-AV1's preset 8 measured VMAF 96.1, SSIM .9855 and XPSNR 37.0 dB at CRF 42; 97.6, .9919 and 39.9
# at 32. So the targets ask for about the same.
METRICS = {
    "vmaf": MetricRange(1, 100, target=95, floor=80),
    "ssim": MetricRange(0, 1, target=0.98, floor=0.9),
    "xpsnr": MetricRange(20, 70, target=36, floor=30),
}


def _on_quarters(value: float) -> float:
    # SVT-AV1 encodes 26.1 as 26 without a word, nvenc's groups are brought to quarters: the table would be wrong.
    if value % 0.25:
        below = int(value * 4) / 4
        raise ValueError(f"the encoder has quarter steps: {below:g} or {below + 0.25:g}")
    return value


class SvtEncoder(Section):
    """SVT-AV1: the default."""

    kind: Literal["svt"] = "svt"
    profile: Literal["animation", "default", "fast", "draft"] = "animation"
    """Preset 6 tuned for drawn pictures, 6 as it comes, 8 tuned, or 9; all 10 bit."""
    crf: float | None = Field(None, ge=1, le=63)
    """Constant rate factor, quarter steps; lower is better and larger. None takes the profile's: 26, 26, 28, 32."""
    params: tuple[str, ...] = ()
    """Further keys of SVT-AV1, as key=value. One that it does not use, or that is set elsewhere, is an error."""

    @field_validator("crf")
    @classmethod
    def _on_steps(cls, crf: float | None) -> float | None:
        return None if crf is None else _on_quarters(crf)

    @field_validator("params")
    @classmethod
    def _used(cls, params: tuple[str, ...]) -> tuple[str, ...]:
        for text in params:
            if ":" in text:
                raise ValueError(f"{text!r} is more than one key=value; list them one by one")
            name, _, value = text.partition("=")
            key = name.strip()
            if key in SET_ELSEWHERE:
                raise ValueError(f"{key} is not used: {SET_ELSEWHERE[key]}")
            largest = UNCHECKED.get(key)
            if largest is not None and not (value.strip().isdecimal() and int(value) <= largest):
                raise ValueError(f"{key} is 0 to {largest}, not {value.strip()!r}")
        return params


class LibaomEncoder(Section):
    """libaom: slower and a little smaller than SVT-AV1."""

    kind: Literal["libaom"] = "libaom"
    cpu_used: int = Field(6, ge=0, le=8)
    """Speed; higher is faster and larger."""
    crf: int = Field(26, ge=0, le=63)
    """Constant rate factor, whole steps; lower is better and larger."""


class NvencEncoder(Section):
    """AV1 on an NVIDIA card that has the encoder. Where it does not encode, the run ends."""

    kind: Literal["nvenc"] = "nvenc"
    cq: float = Field(30.0, ge=1, le=63)
    """Constant quality, a scale of its own, quarter steps; lower is better and larger."""
    preset: Literal["p1", "p2", "p3", "p4", "p5", "p6", "p7"] = "p7"
    """p1 is the fastest, p7 the best."""

    @field_validator("cq")
    @classmethod
    def _on_steps(cls, cq: float) -> float:
        return _on_quarters(cq)


class AutoEncoder(Section):
    """nvenc where the card has it, else SVT-AV1, and the table says which: bytes depend on the machine."""

    kind: Literal["auto"] = "auto"
    nvenc: NvencEncoder = NvencEncoder()
    svt: SvtEncoder = SvtEncoder()


EncoderChoice = SvtEncoder | LibaomEncoder | NvencEncoder | AutoEncoder


class QualitySettings(Section):
    """Picks the CRF of every shot group by sample encodes, instead of one CRF for all."""

    metric: Literal["vmaf", "ssim", "xpsnr"] = "vmaf"
    """What is measured, on every frame of the sample."""
    target: float | None = Field(None, gt=0, le=100)
    """VMAF above 1 up to 100, SSIM of luma up to 1, or XPSNR of luma above 20 up to 70 dB. None: VMAF 95, SSIM 0.98,
    XPSNR 36 dB."""
    max_probes: int = Field(4, ge=1, le=12)
    """Sample encodes per group, at most. A sample has up to 96 frames."""
    tolerance: float | None = Field(None, ge=0)
    """How near to the target is near enough, up to a tenth of the scale. None: VMAF 0.5, SSIM 0.001, XPSNR 0.25 dB."""

    @model_validator(mode="after")
    def _on_its_scale(self) -> Self:
        scale = METRICS[self.metric]
        if not scale.holds(self.goal):
            raise ValueError(
                f"target is not on the scale of metric: {_scale_of(self.metric, self.goal)}; set target so, or to null "
                f"for {scale.target:g}"
            )
        widest = (scale.high - scale.low) / 10
        if self.tolerance is not None and self.tolerance > widest:
            raise ValueError(
                f"tolerance is too wide for metric: at most {widest:g}, a tenth of the scale of {self.metric}, or null"
            )
        return self

    @property
    def goal(self) -> float:
        """The target; where none is set, the metric's own."""
        return METRICS[self.metric].target if self.target is None else self.target


def _scale_of(metric: str, value: float) -> str:
    """The scale of a metric in words, for a value that is not on it."""
    scale = METRICS[metric]
    said = f"values of {metric} are above {scale.low:g} and at most {scale.high:g}"
    return f"{said}, {value:g} is like one of ssim" if value <= METRICS["ssim"].high else said


class Av1Settings(Section):
    """The MKV/AV1 encode of a whole video."""

    encoder: EncoderChoice = Field(SvtEncoder(), discriminator="kind")
    """Which encoder, with its quality."""
    quality: QualitySettings | None = None
    """A quality to reach, for example {metric: vmaf, target: 95}. None: the encoder's own CRF everywhere."""
    parallel: Literal["auto", "on", "off"] = "auto"
    """Encode shot groups on their own and join them (not for MPEG-TS, AVI and damaged files). auto: with `quality`."""
    group_s: float = Field(10.0, gt=0)
    """Shots are merged until a group lasts this long, in seconds: each group costs a key frame and a start."""
    workers: int = no_digest(0, ge=0)
    """Encoder processes at once. 0: one per core that has its memory (1.2 GB at 720p)."""
    audio: Literal["copy", "opus"] = "copy"
    """Sound as it is, where Matroska carries it, or all of it as Opus (64 kbit/s a channel)."""
    chroma: Literal["convert", "refuse"] = "convert"
    """Sources of more chroma than 4:2:0 or more depth than the encoder's: converted (the table says so), or refused."""
    max_height: int | None = Field(None, ge=64, multiple_of=2)
    """Largest height in px, for example 720; higher pictures are reduced. None keeps the source's size."""
    metric: Literal["none", "ssim", "xpsnr", "vmaf"] = "none"
    """Quality against the source (where the encode is reduced: as reduced): SSIM or XPSNR of luma, VMAF of every third
    frame."""
    min_metric: float | None = Field(None, ge=0, le=100)
    """The encode fails when the metric is below this: a value of its scale, an error without `metric`. None: SSIM 0.9,
    XPSNR 30 dB, VMAF 80. 0: it never fails for its metric."""
    full_decode: bool = True
    """Decode the whole encode, while it is written, and count its frames before it counts as done."""
    audio_md5: bool = True
    """Compare the bytes of every copied sound and subtitle packet with the source's: both files are read to the end."""
    timeout_s: float = no_digest(6 * 3600.0, gt=0)
    """Longest time one encode may take, in seconds."""

    @field_validator("parallel", mode="before")
    @classmethod
    def _as_yaml_reads_it(cls, value: Any) -> Any:
        """YAML takes an unquoted on or off for true or false."""
        return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value

    @model_validator(mode="before")
    @classmethod
    def _take_old_names(cls, values: Any) -> Any:
        """`profile` and `crf` once stood here and meant SVT-AV1's."""
        old = (
            {key: values[key] for key in ("profile", "crf") if key in values}
            if isinstance(values, dict)
            else {}
        )
        if not old:
            return values
        encoder = values.get("encoder") or {}
        given = encoder.model_dump() if isinstance(encoder, Section) else dict(encoder)
        if given.get("kind", "svt") != "svt":
            raise ValueError(
                f"{' and '.join(old)} stand in media.av1.encoder, whose kind here is {given['kind']}"
            )
        rest = {key: value for key, value in values.items() if key not in old}
        return rest | {"encoder": {"kind": "svt"} | given | old}

    @model_validator(mode="after")
    def _floor_of_its_metric(self) -> Self:
        if self.min_metric is None:
            return self
        if self.metric == "none":
            raise ValueError(
                "min_metric is not used, metric is none: set metric to vmaf, ssim or xpsnr, or min_metric to null"
            )
        if self.min_metric and not METRICS[self.metric].holds(self.min_metric):
            raise ValueError(
                f"min_metric is not on the scale of metric: {_scale_of(self.metric, self.min_metric)}; set min_metric "
                f"so, or to null for {METRICS[self.metric].floor:g}"
            )
        return self

    @property
    def floor(self) -> float | None:
        """Below which the encode fails; None where no metric is measured."""
        if self.metric == "none" or self.min_metric is not None:
            return self.min_metric
        return METRICS[self.metric].floor


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


_OF_H264 = ("crf", "preset", "tonemap")


class ClipFileSettings(Section):
    """Clips as files."""

    audio: Literal["both", "mute", "un-mute"] = "un-mute"
    """un-mute keeps the sound, mute leaves it out, both writes a second file without it."""
    container: Literal["mkv", "mp4"] = "mkv"
    """mkv holds every kind of sound; in mp4 what it does not hold becomes AAC of 192 kbit/s."""
    codec: Literal["copy", "h264"] = "copy"
    """copy takes the encode's AV1 packets where a clip begins on a key frame; h264 encodes 8 bit, for OpenCV.
    `crf`, `preset` and `tonemap` are for h264 alone."""
    max_height: Literal[720] | None = None
    """Largest height in px; higher pictures are reduced, which means encoding again. None keeps the size."""
    crf: float = Field(23.0, ge=0, le=51)
    """Constant rate factor of H.264; lower is better and larger."""
    preset: Literal[
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
    ] = "veryfast"
    """Speed of H.264; slower is smaller."""
    tonemap: bool = False
    """Bring HDR pictures into the range of BT.709 for H.264. Without it they are refused: 8 bit cannot show them."""

    @field_validator("audio", mode="before")
    @classmethod
    def _take_old_values(cls, value: Any) -> Any:
        """It was once true or false."""
        return {True: "un-mute", False: "mute"}.get(value, value) if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _h264_has_its_own(self) -> Self:
        # Compared by value: a tree that was merged or read back sets every key.
        fields = type(self).model_fields
        unused = [name for name in _OF_H264 if getattr(self, name) != fields[name].default]
        if self.codec != "h264" and unused:
            names = " and ".join(unused)
            raise ValueError(
                f"{names} would not be used: codec is {self.codec}, not h264; set it so, or leave {names} out"
            )
        return self


class MediaSettings(Section):
    """Encodes, key frames, clip files."""

    av1: Av1Settings = Av1Settings()
    key_frames: KeyFrameSettings = KeyFrameSettings()
    clips: ClipFileSettings = ClipFileSettings()
