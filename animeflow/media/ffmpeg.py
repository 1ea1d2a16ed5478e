"""Which ffmpeg binary encodes, why that one, and what it can do."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from animeflow.errors import CommandFailed, CommandTimeout, SettingsError
from animeflow.media.allowed import INPUT_OPTIONS
from animeflow.media.command import run_command

ENV_NAME = "ANIMEFLOW_FFMPEG"
_UNKNOWN = "unknown"  # the version of a binary that says none


@dataclass(frozen=True)
class FfmpegChoice:
    """The binary in use and the sentence that says why."""

    path: Path
    why: str


@dataclass(frozen=True)
class FfmpegFacts:
    """What `doctor` prints of the binary."""

    path: Path
    why: str
    version: str
    licence: str
    encoders: tuple[str, ...]
    filters: tuple[str, ...]


def choose_ffmpeg(setting: str | Path | None = None, *, env: Mapping[str, str] | None = None) -> FfmpegChoice:
    """The binary named by the setting, else by `ANIMEFLOW_FFMPEG` of `env`, else the one in the
    imageio-ffmpeg wheel.

    The environment is only read when the caller hands it over. Raises `SettingsError` when a named binary
    is missing.
    """
    for named, origin in (
        (setting, "named by the setting run.ffmpeg"),
        ((env or {}).get(ENV_NAME), f"named by {ENV_NAME}"),
    ):
        if named:
            path = Path(named)
            if not path.is_file():
                raise SettingsError(
                    f"ffmpeg {str(path)!r}, {origin}, is not a file", hint="give the path of the binary"
                )
            return FfmpegChoice(path, origin)
    return FfmpegChoice(*_bundled())


def ffmpeg_path(setting: str | Path | None = None, *, env: Mapping[str, str] | None = None) -> Path:
    """Path of the ffmpeg binary; see `choose_ffmpeg`."""
    return choose_ffmpeg(setting, env=env).path


def proved_ffmpeg(setting: str | Path | None = None) -> Path:
    """Path of the ffmpeg binary, once one that is named has said its version and its encoders; else `SettingsError`."""
    choice = choose_ffmpeg(setting)
    if setting and (problem := _problem(choice)):
        raise SettingsError(
            f"run.ffmpeg is {str(choice.path)!r}, which is no ffmpeg: {problem}",
            hint="give the path of an ffmpeg binary, or unset run.ffmpeg for the bundled one",
        )
    return choice.path


@lru_cache(maxsize=8)
def _problem(choice: FfmpegChoice) -> str | None:
    """Why a binary is no ffmpeg; None where it is one."""
    try:
        facts = ffmpeg_facts(choice)
    except (CommandFailed, CommandTimeout) as error:
        return error.message.splitlines()[0]
    if facts.version == _UNKNOWN:
        return "asked for -version, it says none"
    return None if facts.encoders else "asked for -encoders, it lists none"


@lru_cache(maxsize=1)
def _bundled() -> tuple[Path, str]:
    import imageio_ffmpeg

    folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
    found = sorted(p for p in folder.glob("ffmpeg*") if p.is_file())
    if found:
        return found[-1], f"bundled in the wheel imageio-ffmpeg {imageio_ffmpeg.__version__}"
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe()), "found by imageio-ffmpeg (its wheel carries none here)"
    except RuntimeError as error:
        raise SettingsError(
            "no ffmpeg: the imageio-ffmpeg wheel of this platform carries none and none is on PATH",
            hint=f"set {ENV_NAME} to the path of an ffmpeg binary",
        ) from error


def ffmpeg_facts(choice: FfmpegChoice) -> FfmpegFacts:
    """Version, licence, encoders and filters, asked of the binary itself."""
    banner = _ask(choice.path, "-version")
    match = re.search(r"ffmpeg version (\S+)", banner)
    return FfmpegFacts(
        path=choice.path,
        why=choice.why,
        version=match.group(1) if match else _UNKNOWN,
        licence=_licence(banner),
        encoders=_names(_ask(choice.path, "-encoders"), r"^ [VAS][F.][S.][X.][B.][D.] (\S+)"),
        filters=_names(_ask(choice.path, "-filters"), r"^ [T.][S.][C.]? ?(\S+)"),
    )


# Of a process that copies packets or looks at headers: 60 MB is usual, and an index of hours of packets is large.
MEMORY_WITHOUT_DECODER = 2 << 30


def memory_for(width: int, height: int) -> int:
    """Bytes that an ffmpeg process may hold which decodes, filters or encodes pictures of this size.

    Generous: SVT-AV1 at preset 6 held 1.1 GB at 720p with two threads and holds more with more of them. It is there for
    what a damaged file can make of a decoder, not to save.
    """
    cores = os.cpu_count() or 1
    return (3 << 30) + 2048 * width * height * (1 + cores // 4)


def input_args(path: Path) -> list[str]:
    """The arguments by which ffmpeg opens one local file and nothing else: `file:` keeps `a:b.mp4` and
    `-x.mp4` names.
    """
    args = [word for key, value in INPUT_OPTIONS.items() for word in (f"-{key}", value)]
    return [*args, "-i", f"file:{path}"]


def picture_args(ffmpeg: Path, path: Path) -> list[str]:
    """As `input_args`, for an ffmpeg that decodes pictures: it crops nothing that only the container hides.

    The analysis sees the pictures as they are stored. From 7.1 on ffmpeg applies the cropping of Matroska and QuickTime
    too, and can be told not to.
    """
    return [*_uncropped(ffmpeg), *input_args(path)]


@lru_cache(maxsize=8)
def _uncropped(ffmpeg: Path) -> tuple[str, ...]:
    try:
        known = _ask(ffmpeg, "-h", "long")
    except CommandFailed:
        return ()  # the command itself will say what is wrong with it
    return ("-apply_cropping", "codec") if "-apply_cropping" in known else ()


def _ask(path: Path, *words: str) -> str:
    return run_command([path, "-hide_banner", *words], timeout_s=30).stdout.decode("utf-8", "replace")


def _names(listing: str, pattern: str) -> tuple[str, ...]:
    return tuple(
        sorted({m.group(1) for m in re.finditer(pattern, listing, re.MULTILINE) if m.group(1) != "="})
    )


def _licence(banner: str) -> str:
    if "--enable-nonfree" in banner:
        return "nonfree"
    if "--enable-gpl" in banner:
        return "GPL-3.0" if "--enable-version3" in banner else "GPL-2.0"
    return "LGPL-3.0" if "--enable-version3" in banner else "LGPL-2.1"
