"""Settings of the group `media`: encodes, key frames, clip files."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from animeflow.settings.base import Section, no_digest

_FROM_SOURCE = "the source says it"
_CUTS = "key frames are forced on cuts"
SET_ELSEWHERE = {
    "crf": "media.av1.encoder.crf is",
    "qp": "media.av1.encoder.crf is",
    "rc": "media.av1.encoder.crf makes it constant quality",
    "lp": "run.threads is",
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


class SvtEncoder(Section):
    """SVT-AV1: the default."""

    kind: Literal["svt"] = "svt"
    profile: Literal["animation", "default", "fast", "draft"] = "animation"
    """Preset 6 tuned for drawn pictures, 6 as it comes, 8 tuned, or 10; all 10 bit."""
    crf: float | None = Field(None, ge=1, le=63)
    """Constant rate factor, quarter steps; lower is better and larger. None takes the profile's: 26, 26, 28, 32."""
    params: tuple[str, ...] = ()
    """Further keys of SVT-AV1, as key=value. One that it does not use, or that is set elsewhere, is an error."""

    @field_validator("params")
    @classmethod
    def _not_set_elsewhere(cls, params: tuple[str, ...]) -> tuple[str, ...]:
        for name in (text.partition("=")[0].strip() for text in params):
            if name in SET_ELSEWHERE:
                raise ValueError(f"{name} is not used: {SET_ELSEWHERE[name]}")
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
    """Constant quality, a scale of its own; lower is better and larger."""
    preset: Literal["p1", "p2", "p3", "p4", "p5", "p6", "p7"] = "p7"
    """p1 is the fastest, p7 the best."""


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
    target: float = Field(95.0, gt=0, le=100)
    """VMAF 0-100, SSIM of luma 0-1, or XPSNR of luma in dB."""
    max_probes: int = Field(4, ge=1, le=12)
    """Sample encodes per group, at most. A sample has up to 96 frames."""
    tolerance: float | None = Field(None, ge=0)
    """How near to the target is near enough. None: VMAF 0.5, SSIM 0.001, XPSNR 0.25 dB."""


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
    """Encoder processes at once. 0: one per two cores that has 1.2 GB of memory."""
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
    """The encode fails when the metric is below this. None: SSIM 0.9, XPSNR 30 dB, VMAF 80."""
    full_decode: bool = True
    """Decode the whole encode, while it is written, and count its frames before it counts as done."""
    audio_md5: bool = True
    """Compare the bytes of every copied sound and subtitle packet with the source's: both files are read to the end."""
    timeout_s: float = no_digest(6 * 3600.0, gt=0)
    """Longest time one encode may take, in seconds."""

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

    audio: Literal["both", "mute", "un-mute"] = "un-mute"
    """un-mute keeps the sound, mute leaves it out, both writes a second file without it."""
    container: Literal["mkv", "mp4"] = "mkv"
    """mkv holds every kind of sound; in mp4 what it does not hold becomes AAC of 192 kbit/s."""
    codec: Literal["copy", "h264"] = "copy"
    """copy takes the encode's AV1 packets where a clip begins on a key frame; h264 encodes 8 bit, for OpenCV."""
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


class MediaSettings(Section):
    """Encodes, key frames, clip files."""

    av1: Av1Settings = Av1Settings()
    key_frames: KeyFrameSettings = KeyFrameSettings()
    clips: ClipFileSettings = ClipFileSettings()
