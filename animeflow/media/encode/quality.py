"""Target quality: the highest quality number (CRF) of an encoder at which a sample still measures what was asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from animeflow.errors import EncodeError, SettingsError
from animeflow.media.command import run_command
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.encode.encoders import Encoder, require_used
from animeflow.media.encode.metric import METRICS, Side, compare
from animeflow.media.ffmpeg import FfmpegChoice, ffmpeg_facts, input_args, memory_for
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.media import QualitySettings

SAMPLE_FRAMES = 48
"""Frames of one of the two windows that a group is judged by."""


@dataclass(frozen=True)
class Scale:
    """What a metric loses per CRF step (a first guess), and how near to the target is near enough."""

    slope: float
    tolerance: float


SCALES = {"vmaf": Scale(0.3, 0.5), "ssim": Scale(0.001, 0.001), "xpsnr": Scale(0.25, 0.25)}


@dataclass(frozen=True)
class Probe:
    """One sample encode: its quality number and what it measured."""

    quality: float
    value: float


@dataclass(frozen=True)
class Found:
    """The chosen quality number, what its probe measured, whether that reaches the target, and all probes."""

    quality: float
    value: float
    reached: bool
    probes: tuple[Probe, ...]


def require_metric(metric: str, ffmpeg: Path) -> None:
    """Raise `SettingsError` where the ffmpeg in use cannot measure the metric."""
    name = METRICS[metric].filter.partition("=")[0]
    if name not in _filters(ffmpeg):
        raise SettingsError(
            f"media.av1.quality.metric is {metric}, but {ffmpeg.name} has no filter {name}",
            hint=f"choose another of {', '.join(SCALES)}, or an ffmpeg that has it",
        )


@lru_cache(maxsize=4)
def _filters(ffmpeg: Path) -> tuple[str, ...]:
    return ffmpeg_facts(FfmpegChoice(ffmpeg, "in use")).filters


def find_quality(measure: Callable[[float], float], encoder: Encoder, settings: QualitySettings) -> Found:
    """Secant search from the encoder's own quality; `measure` gives the metric at a quality number and falls with it.

    At most `max_probes` measurements. The highest number that reaches the target within the tolerance is chosen; where
    none does, the lowest that was tried, and `reached` says so. A metric of inf (nothing differs) reaches any target.
    """
    scale = SCALES[settings.metric]
    tolerance = scale.tolerance if settings.tolerance is None else settings.tolerance
    probes: list[Probe] = []
    quality = encoder.quality
    while len(probes) < settings.max_probes:
        quality = encoder.with_quality(quality).quality
        if any(p.quality == quality for p in probes):
            break
        probes.append(Probe(quality, measure(quality)))
        if abs(probes[-1].value - settings.goal) <= tolerance:
            break
        quality = _next(probes, settings.goal, scale.slope, encoder.quality_step)
    good = [p for p in probes if p.value >= settings.goal - tolerance]
    best = max(good, key=lambda p: p.quality) if good else min(probes, key=lambda p: p.quality)
    return Found(best.quality, best.value, bool(good), tuple(probes))


_FARTHEST = 16.0


def _next(probes: Sequence[Probe], target: float, slope: float, step: float) -> float:
    """Where the metric should meet the target: between a good and a bad probe where there are both."""
    good = [p for p in probes if p.value >= target]
    bad = [p for p in probes if p.value < target]
    if good and bad:
        low, high = max(good, key=lambda p: p.quality), min(bad, key=lambda p: p.quality)
        share = 0.5 if math.isinf(low.value) else (low.value - target) / (low.value - high.value)
        inner = low.quality + share * (high.quality - low.quality)
        return min(max(inner, low.quality + step), high.quality - step)
    last = probes[-1]
    if len(probes) > 1:
        before = probes[-2]
        measured = (before.value - last.value) / (last.quality - before.quality)
        slope = measured if 0 < measured < math.inf else slope
    move = (last.value - target) / slope
    return last.quality + min(max(move, -_FARTHEST), _FARTHEST)


def sample_frames(start: int, end: int) -> list[int]:
    """The frames of start..end-1 that a group is judged by: all, or two windows around its quarters."""
    count = end - start
    if count <= 2 * SAMPLE_FRAMES:
        return list(range(start, end))
    half = SAMPLE_FRAMES // 2
    middles = (start + count // 4, start + 3 * count // 4)
    return [frame for middle in middles for frame in range(middle - half, middle - half + SAMPLE_FRAMES)]


class Sample:
    """A lossless copy of some frames of a source, to try encoders on."""

    def __init__(
        self,
        source: Path,
        frames: Sequence[int],
        encoder: Encoder,
        folder: Path,
        *,
        size: tuple[int, int] | None = None,
        limits: DecodeLimits | None = None,
        isolation: IsolationSettings | None = None,
    ) -> None:
        """`size` is (width, height) of the upright pictures that the encode reduces them to; None keeps theirs.

        The source is decoded in a worker process, with the limits of `isolation`.
        """
        self._source, self._folder, self._encoder = source, folder, encoder
        self._path = folder / "sample.mkv"
        written = isolate.call(
            "animeflow.media.encode.quality:write_lossless",
            source,
            list(frames),
            self._path,
            size,
            decode=limits or DecodeLimits(),
            limits=isolation or IsolationSettings(),
        )
        self._memory = memory_for(*written)

    def measure(self, metric: str, quality: float, *, ffmpeg: Path, threads: int, timeout_s: float) -> float:
        """The metric of the sample at a quality number. Raises `EncodeError` where the encode or the metric fails."""
        encoded = self._folder / "probe.mkv"
        encoder = self._encoder.with_quality(quality)
        # fmt: off
        command = [str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", "-y", *input_args(self._path),
                   *encoder.args(threads=threads), "-fps_mode:v:0", "passthrough", "-f", "matroska", f"file:{encoded}"]
        # fmt: on
        result = run_command(command, timeout_s=timeout_s, memory_bytes=self._memory, error=EncodeError)
        require_used(encoder, result.stderr, self._source)
        return compare(
            metric,
            Side(input_args(encoded)),
            Side(input_args(self._path)),
            setting="media.av1.quality.metric",
            purpose="probe",
            path=self._source,
            ffmpeg=ffmpeg,
            timeout_s=timeout_s,
            memory_bytes=self._memory,
        )


def write_lossless(
    source: Path, frames: Sequence[int], path: Path, size: tuple[int, int] | None, *, decode: DecodeLimits
) -> tuple[int, int]:
    """FFV1 at 10 bit 4:2:0, as the encoder gets it; one frame every 40 ms. Returns its (width, height)."""
    import av
    from av.video.reformatter import VideoReformatter

    reformatter, stream = VideoReformatter(), None
    stored: tuple[int | None, int | None] = size or (None, None)
    with (
        open_video(source, purpose="probe", limits=decode) as reader,
        av.open(f"file:{path}", "w", format="matroska") as out,
    ):
        if reader.first_picture.rotation % 180:
            stored = stored[::-1]  # pictures lie as they are stored here
        for number, frame in enumerate(reader.pick(frames)):
            picture: Any = reformatter.reformat(
                frame.picture, *stored, format="yuv420p10le", interpolation="LANCZOS" if size else None
            )
            if stream is None:
                stream = out.add_stream("ffv1", rate=25)
                stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p10le"
            picture.pts, picture.time_base, picture.pict_type = number, Fraction(1, 25), 0
            out.mux(stream.encode(picture))
        if stream is None:
            return 0, 0
        out.mux(stream.encode(None))
        return stream.width, stream.height
