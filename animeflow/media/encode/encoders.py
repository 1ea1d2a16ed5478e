"""The video encoders: one dataclass per kind, which knows its ffmpeg arguments, its quality scale and its version.

Nothing else in animeflow writes `-c:v`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self

from animeflow.errors import CommandFailed, ContractError, EncodeError, SettingsError
from animeflow.media.command import run_command
from animeflow.media.demux.timing import average_rate
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.media import AutoEncoder, EncoderChoice, LibaomEncoder, NvencEncoder, SvtEncoder


@dataclass(frozen=True)
class EncoderProfile:
    """SVT-AV1 settings under one name. `params` are keys of `-svtav1-params`."""

    name: str
    preset: int
    crf: float
    params: tuple[str, ...] = ()


# Screen-content tools won bytes, VMAF and XPSNR on flat drawn art (-2.1 %, +.12, +.25); SVT-AV1 4.2 turns
# them off from preset 9 on. Preset 8 is preset 6's quality at 0.56 of its CPU and 1.3 of its bytes; 9 is for
# drafts: 10 is no quicker and leaves blocks of earlier frames standing (its own log warns of "visual artifacts").
# `default` is SVT-AV1 as it comes.
PROFILES = {
    p.name: p
    for p in (
        EncoderProfile("animation", preset=6, crf=26.0, params=("tune=1", "scm=1")),
        EncoderProfile("default", preset=6, crf=26.0),
        EncoderProfile("fast", preset=8, crf=28.0, params=("tune=1", "scm=1")),
        EncoderProfile("draft", preset=9, crf=32.0),
    )
}


SETTING = "media.av1.encoder"
# The bytes of libaom and x264 depend on the number of threads (not so SVT-AV1): the same number on every machine.
_FIXED_THREADS = 4
# Lines that ffmpeg prints while it returns 0: an option the encoder does not know (-cq, -tune), an unknown key in
# -svtav1-params.
_UNUSED_OPTION = ("has not been used for any stream", "Error parsing option")
# What SVT-AV1 says of an option that it was given and does not follow. Tools that it turns off by itself for
# small pictures, and its thread count, are none.
_SVT_UNUSED = re.compile(
    r"disabled for|disabling|forcing|forced|will be disabled|ignored|incompatible|not supported|unsupported"
    r"|Switched to|Setting preset|Force (the look_ahead|low delay)|not applicable"
)
_SVT_NOISE = re.compile(r"thread priority|source dimensions|^Svt\[warn\]: TPL|[Ll]evel of parallelism")


@dataclass(frozen=True)
class Encoder(ABC):
    """One video encoder with its settings. `quality` is a CRF, or nvenc's CQ: lower is better and larger.

    The class constants are ffmpeg's name of the encoder, the codec and bit depth (4:2:0) of what it writes, and the
    range and step of its quality scale.
    """

    quality: float

    kind: ClassVar[str]
    library: ClassVar[str]
    codec: ClassVar[str] = "av1"
    bit_depth: ClassVar[int] = 10
    pix_fmt: ClassVar[str] = "yuv420p10le"
    quality_range: ClassVar[tuple[float, float]] = (1, 63)
    quality_step: ClassVar[float] = 1.0
    between_steps: ClassVar[bool] = False
    """Whether it encodes at a quality between its steps, not silently at the step below."""
    highest_rate: ClassVar[int | None] = None
    """Frames a second above which it does not open; None: it takes any."""
    _version: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")

    def __post_init__(self) -> None:
        low, high = self.quality_range
        if not low <= self.quality <= high:
            raise ContractError(f"quality {self.quality:g}; {self.library} takes {low:g} to {high:g}")
        if self.quality % self.quality_step and not self.between_steps:
            raise ContractError(
                f"quality {self.quality:g}; {self.library} takes steps of {self.quality_step:g}"
            )

    @property
    @abstractmethod
    def profile(self) -> str:
        """The name of its settings, for tables."""

    def args(self, *, threads: int = 0) -> list[str]:
        """ffmpeg's arguments for the first output video. `threads` is for SVT-AV1, whose bytes do not depend on
        it; 0 lets it choose."""
        return ["-c:v:0", self.library, "-pix_fmt:v:0", self.pix_fmt, *self._options(threads)]

    def with_quality(self, quality: float) -> Self:
        """The same encoder at another quality, brought to its range and step."""
        low, high = self.quality_range
        stepped = round(quality / self.quality_step) * self.quality_step
        return replace(self, quality=min(max(stepped, low), high))

    def at_rate(self, rate: Fraction) -> Self:
        """The same encoder, told how many frames a second come, whatever their container claims. Frames and their
        times do not depend on it.
        """
        del rate
        return self

    def version(self, stderr: Sequence[str]) -> str | None:
        """Name and version as the encoder printed them; None where the log level hid them."""
        match = self._version.search("\n".join(stderr))
        return f"{self.label} {match[1]}" if match else None

    @property
    def label(self) -> str:
        """The library's own name, for tables."""
        return self.library

    def unused_option(self, stderr: Sequence[str]) -> str | None:
        """The first line that tells of an option which the encoder was given and does not use."""
        return next((line for line in stderr if any(word in line for word in _UNUSED_OPTION)), None)

    @property
    def params_set(self) -> str | None:
        """The setting of free parameters with its value, which no rule of ours has proved; None: there are none."""
        return None

    @abstractmethod
    def _options(self, threads: int) -> list[str]:
        """ffmpeg's arguments beside the encoder's name and its pixel format."""


@dataclass(frozen=True)
class Svt(Encoder):
    """SVT-AV1, 10 bit."""

    preset: int = 6
    params: tuple[str, ...] = ()
    profile_name: str = "custom"
    rate: Fraction | None = None
    """Frames a second, where not those that the container claims."""
    setting: str = field(default=SETTING, compare=False)
    """Where its settings stand, for messages."""

    kind = "svt"
    library = "libsvtav1"
    quality_step = 0.25
    highest_rate = 240
    _version = re.compile(r"SVT-AV1 Encoder Lib (\S+)")

    @property
    def profile(self) -> str:
        return self.profile_name

    @property
    def label(self) -> str:
        return "SVT-AV1"

    def at_rate(self, rate: Fraction) -> Self:
        return replace(self, rate=rate)

    def _options(self, threads: int) -> list[str]:
        # `-crf 30.5` encodes at 30 without a word; as a parameter quarter steps are kept.
        params = [*self.params, f"crf={self.quality:g}", *([f"lp={threads}"] if threads else [])]
        if (
            self.rate is not None
        ):  # ffmpeg's `-r` would drop and double frames, and is refused beside their own times
            params += [f"fps-num={self.rate.numerator}", f"fps-denom={self.rate.denominator}"]
        return ["-preset:v:0", str(self.preset), "-svtav1-params", ":".join(params)]

    def unused_option(self, stderr: Sequence[str]) -> str | None:
        return super().unused_option(stderr) or next((s for s in stderr if self._unfollowed(s)), None)

    @property
    def params_set(self) -> str | None:
        known = PROFILES[self.profile_name].params if self.profile_name in PROFILES else ()
        own = self.params[len(known) :]  # `svt` puts the profile's first
        return f"{self.setting}.params is [{', '.join(own)}]" if own else None

    def _unfollowed(self, line: str) -> bool:
        if not line.startswith("Svt[warn]") or _SVT_NOISE.search(line) or not _SVT_UNUSED.search(line):
            return False
        # Said from preset 9 on whether screen-content tools were asked for or not.
        asked = any(p.startswith("scm=") and p != "scm=0" for p in self.params)
        return asked or "Screen-content" not in line


@dataclass(frozen=True)
class Libaom(Encoder):
    """libaom, one pass, constant quality, 10 bit. It writes two key frames where one is forced."""

    cpu_used: int = 6

    kind = "libaom"
    library = "libaom-av1"
    quality_range = (0, 63)
    _version = re.compile(r"libaom-av1 @ \w+\] v?(\d[\w.-]*)$", re.MULTILINE)

    @property
    def profile(self) -> str:
        return f"cpu-used {self.cpu_used}"

    @property
    def label(self) -> str:
        return "libaom"

    def _options(self, threads: int) -> list[str]:
        # Without -b:v 0 the CRF is capped by a default bit rate.
        args = ["-cpu-used:v:0", str(self.cpu_used), "-crf:v:0", f"{self.quality:.0f}", "-b:v:0", "0"]
        del threads
        return [*args, "-row-mt:v:0", "1", "-threads:v:0", str(_FIXED_THREADS)]


@dataclass(frozen=True)
class Nvenc(Encoder):
    """AV1 of an NVIDIA card (Ada and later; H100 has no encoder), 10 bit. It ignores -crf: its scale is CQ."""

    preset: str = "p7"

    kind = "nvenc"
    library = "av1_nvenc"
    pix_fmt = "p010le"
    quality_step = 0.25
    _version = re.compile(r"Loaded Nvenc version (\S+)")

    @property
    def profile(self) -> str:
        return self.preset

    @property
    def label(self) -> str:
        return "NVENC"

    def _options(self, threads: int) -> list[str]:
        del threads
        args = ["-preset:v:0", self.preset, "-rc:v:0", "vbr", "-cq:v:0", f"{self.quality:g}", "-b:v:0", "0"]
        # Else a forced frame is intra, but no key frame.
        return [*args, "-forced-idr:v:0", "1"]


@dataclass(frozen=True)
class X264(Encoder):
    """H.264, 8 bit 4:2:0, for readers that know nothing else (OpenCV)."""

    preset: str = "medium"
    tune: str | None = "animation"

    kind = "x264"
    library = "libx264"
    codec = "h264"
    bit_depth = 8
    pix_fmt = "yuv420p"
    quality_range = (0, 51)
    quality_step = 0.25
    between_steps = True
    _version = re.compile(r"264 - (core \d+)")

    @property
    def profile(self) -> str:
        return f"{self.preset}, {self.tune}" if self.tune else self.preset

    @property
    def label(self) -> str:
        return "x264"

    def _options(self, threads: int) -> list[str]:
        del threads
        args = ["-preset:v:0", self.preset, "-crf:v:0", f"{self.quality:g}"]
        args += ["-tune:v:0", self.tune] if self.tune else []
        return [*args, "-threads:v:0", str(_FIXED_THREADS)]


def svt(profile: str = "animation", crf: float | None = None, params: Sequence[str] = ()) -> Svt:
    """SVT-AV1 with a profile's settings; `crf` None takes the profile's, `params` are added to its own.

    Raises `ContractError` for unknown profiles and a CRF outside 1-63 or between quarters.
    """
    if profile not in PROFILES:
        raise ContractError(f"encoder profile {profile!r}; there are {', '.join(PROFILES)}")
    chosen = PROFILES[profile]
    quality = chosen.crf if crf is None else float(crf)
    return Svt(quality, chosen.preset, (*chosen.params, *params), profile)


def paced(encoder: Encoder, claimed: Fraction | None, pts: Sequence[int], time_base: Fraction) -> Encoder:
    """The encoder, told the average rate of the frames where it takes no such rate as their container claims.

    Of varying times FFmpeg guesses the clock's own rate, mostly 1000. Every other encoder stays as it is.
    """
    highest = encoder.highest_rate
    if highest is None or claimed is None or claimed <= highest:
        return encoder
    rate = average_rate(pts, time_base)
    return encoder.at_rate(
        Fraction(highest) if rate is None else min(max(rate, Fraction(1)), Fraction(highest))
    )


ENCODERS: tuple[Encoder, ...] = (Svt(26.0), Libaom(26.0), Nvenc(30.0), X264(18.0))
"""One of each kind, as `doctor` tries them."""


def encoder_of(choice: SvtEncoder | LibaomEncoder | NvencEncoder, setting: str = SETTING) -> Encoder:
    """The encoder that a setting describes, whether it is there or not."""
    if isinstance(choice, SvtEncoder):
        return replace(svt(choice.profile, choice.crf, choice.params), setting=setting)
    if isinstance(choice, LibaomEncoder):
        return Libaom(choice.crf, choice.cpu_used)
    return Nvenc(choice.cq, choice.preset)


@dataclass(frozen=True)
class ChosenEncoder:
    """The encoder in use, and why it is not the first choice (None: it is)."""

    encoder: Encoder
    fell_back: str | None = None


def choose_encoder(choice: EncoderChoice, ffmpeg: Path) -> ChosenEncoder:
    """The encoder of the setting `media.av1.encoder`, proved by a one-frame encode where it may be absent or has free
    parameters.

    Raises `SettingsError` when an encoder that was asked for does not encode here; only `auto` falls back.
    """
    if isinstance(choice, AutoEncoder):
        problem = trial(ffmpeg, encoder_of(choice.nvenc)).problem
        if problem is None:
            return ChosenEncoder(encoder_of(choice.nvenc))
        spare = encoder_of(choice.svt, f"{SETTING}.svt")
        _require_params(ffmpeg, spare)
        return ChosenEncoder(spare, f"av1_nvenc does not encode here: {problem}")
    encoder = encoder_of(choice)
    _require_params(ffmpeg, encoder)
    bundled = isinstance(encoder, Svt) and ffmpeg == ffmpeg_path()
    if not bundled and (problem := trial(ffmpeg, encoder).problem):
        raise SettingsError(
            f"media.av1.encoder is {choice.kind}, but {encoder.library} does not encode here: {problem}",
            hint="unset run.ffmpeg for the bundled one, which has it"
            if isinstance(encoder, Svt)
            else "set media.av1.encoder.kind to svt, or to auto to let it fall back",
        )
    return ChosenEncoder(encoder)


def _require_params(ffmpeg: Path, encoder: Encoder) -> None:
    """Raise `SettingsError` where the encoder does not take the free parameters that were set."""
    if encoder.params_set is not None and (problem := trial(ffmpeg, encoder).problem):
        raise SettingsError(
            f"{encoder.params_set}, but {encoder.library} does not encode with it here: {problem}", hint=_MEND
        )


def require_used(encoder: Encoder, stderr: Sequence[str], path: Path) -> None:
    """Raise `EncodeError` where ffmpeg ended well and only mentions that an option was not used."""
    line = encoder.unused_option(stderr)
    if line is None:
        return
    said = f"ffmpeg ended with status 0 but said: {_without_address(line)}"
    if encoder.params_set is None:
        raise EncodeError(said, path=path)
    raise EncodeError(f"{said}; {encoder.params_set}", path=path, hint=_MEND)


@dataclass(frozen=True)
class Trial:
    """What a one-frame encode showed: the version that the library printed, or the reason why it made none."""

    version: str | None = None
    problem: str | None = None


@lru_cache(maxsize=32)
def trial(ffmpeg: Path, encoder: Encoder) -> Trial:
    """Encode one frame with exactly these settings. Asked again, it answers from memory."""
    # fmt: off
    args = [str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "verbose", "-f", "lavfi",
            "-i", "color=s=256x256:d=0.04:r=25", "-frames:v", "1", *encoder.args(),
            "-flags:v:0", "+global_header", "-f", "null", "-"]  # x264 names its version in the header
    # fmt: on
    try:
        result = run_command(args, timeout_s=60)
    except CommandFailed as error:
        return Trial(problem=cause(error.stderr))
    unused = encoder.unused_option(result.stderr)
    return (
        Trial(problem=_without_address(unused)) if unused else Trial(version=encoder.version(result.stderr))
    )


# ffmpeg's own threads complain before the library's line can be seen. What it begins with names the library too.
_FOLLOW_UP = re.compile(
    r"Created video stream|^ *Stream #|Starting thread|Task finished|Terminating thread|Could not open encoder|"
    r"Nothing was written|Error sending frames|Error while opening encoder|Conversion failed|Error opening output"
)
_NAMED = re.compile(
    r"^\[[\w-]*(av1|264|265|nvenc|aom|vaapi|qsv|amf)[\w-]* @|lib\w+|driver|[Uu]nknown encoder|Svt\[error"
)
_NO_LINE = "ffmpeg gave no reason"
_MEND = "mend the key that the line names, or leave it out of params"


def cause(lines: Sequence[str]) -> str:
    """Of what ffmpeg printed as it failed, the line that names the library or the driver: not those that follow."""
    plain = [line for line in lines if line.strip() and not _FOLLOW_UP.search(line)]
    named = [line for line in plain if _NAMED.search(line) and "configuration:" not in line]
    best = (named or plain or list(lines) or [_NO_LINE])[0]
    return _without_address(best)


def _without_address(line: str) -> str:
    """A line of ffmpeg without the place in memory, which differs from call to call."""
    return re.sub(r" @ 0x[0-9a-f]+", "", line).strip()
