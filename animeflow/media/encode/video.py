"""Encode a whole video to MKV/AV1 in an ffmpeg process, prove the result, and only then give it its name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from animeflow.errors import EncodeError
from animeflow.media.command import CommandResult, run_command
from animeflow.media.decode.counting import count_decoded
from animeflow.media.decode.reader import DecodeLimits
from animeflow.media.demux.streams import read_cover
from animeflow.media.encode.decoded_input import decoded_input
from animeflow.media.encode.encoders import Encoder, require_used, trial
from animeflow.media.encode.fidelity_row import FidelityRow
from animeflow.media.encode.plan import EncodePlan, encode_command, make_plan
from animeflow.media.encode.shot_groups import encode_groups, worker_count
from animeflow.media.encode.verify import Verification, ahead_of, verify_encode
from animeflow.media.ffmpeg import ffmpeg_path, memory_for
from animeflow.settings.isolation import IsolationSettings

__all__ = [
    "EncodePlan",
    "EncodeProgress",
    "EncodeReport",
    "encode_video",
    "make_plan",
]

# What ffmpeg prints of a truncated source while it returns 0.
_TRUNCATED = "File ended prematurely"


@dataclass(frozen=True)
class EncodeProgress:
    """Frames encoded so far, of how many, and the speed as a multiple of real time (None = not yet known)."""

    frames: int
    expected: int
    speed: float | None


@dataclass(frozen=True)
class EncodeReport:
    """What an encode gave. Times of the clock are not in it: tables keep the rest."""

    path: Path
    bytes_in: int
    bytes_out: int
    frames: int
    key_frames: int
    cuts: int
    encoder: str
    profile: str
    crf: float
    metric: str | None
    metric_value: float | None
    """SSIM of luma (0-1), XPSNR of luma (dB) or VMAF (0-100); None when none was asked for."""
    streams: tuple[dict[str, Any], ...]
    offset_s: float
    """By how much its clock differs from the source's, the same for every frame."""
    decoded: int | None
    """Frames that were decoded from it; None when it was not decoded."""
    fidelity: tuple[FidelityRow, ...]


def encode_video(
    plan: EncodePlan,
    output: Path,
    *,
    cuts: Sequence[int],
    pts: Sequence[int],
    full_decode: bool = True,
    metric: str = "none",
    min_metric: float | None = None,
    audio_md5: bool = True,
    workers: int = 0,
    ffmpeg: Path | None = None,
    timeout_s: float = 6 * 3600.0,
    limits: DecodeLimits | None = None,
    isolation: IsolationSettings | None = None,
    on_progress: Callable[[EncodeProgress], None] | None = None,
) -> EncodeReport:
    """Run a plan (`make_plan`) with the same `cuts` and `pts`, verify the file, and move it to `output`.

    `workers` is for a plan with groups: processes at once, 0 as many as the machine has room for. `limits` hold for the
    source and for the encode; where the source's pictures are decoded here, `isolation` is their worker process.

    The same plan and source give the same bytes. Raises `EncodeError` when ffmpeg fails or warns of ignored
    options, or when the result does not hold the source's frames, times, cuts and streams; nothing is left
    behind then.
    """
    binary = ffmpeg or ffmpeg_path()
    with _working_folder(output) as folder:
        part = folder / "encode.mkv"
        run = partial(_run, plan, timeout_s=timeout_s, expected=len(pts), on_progress=on_progress)
        with ahead_of(plan, part, full_decode=full_decode, audio_md5=audio_md5, ffmpeg=binary) as ahead:
            command = partial(encode_command, plan, binary, part, _write_covers(plan, folder))
            if plan.groups:
                video = encode_groups(
                    plan,
                    folder,
                    cuts=cuts,
                    pts=pts,
                    ffmpeg=binary,
                    workers=worker_count(workers, plan.upright_size),
                    timeout_s=timeout_s,
                    on_frames=lambda done: on_progress and on_progress(EncodeProgress(done, len(pts), None)),
                )
                result = run(command(video))
            elif plan.decoded:
                with decoded_input(plan, folder, pts[0], binary, limits=limits, isolation=isolation) as video:
                    result = run(command(video))
            else:
                result = run(command())
            ahead.written()
            proof = verify_encode(
                plan,
                part,
                cuts=cuts,
                pts=pts,
                full_decode=full_decode,
                metric=metric,
                audio_md5=audio_md5,
                ffmpeg=binary,
                timeout_s=timeout_s,
                limits=limits,
                ahead=ahead,
            )
        if min_metric is not None and proof.metric_value is not None and proof.metric_value < min_metric:
            raise EncodeError(
                f"the encode measures {metric} {proof.metric_value:.4f}, at least {min_metric:g} is required",
                path=plan.probe.path,
            )
        part.replace(output)
    version = plan.encoder.version(result.stderr) or trial(binary, plan.encoder).version
    return _report(plan, output, proof, version, len(set(cuts) - {0}), metric)


@contextmanager
def _working_folder(output: Path) -> Iterator[Path]:
    """`<output>.part/`, emptied before and removed after: what a killed run left is swept by the next one."""
    folder = output.with_name(output.name + ".part")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_covers(plan: EncodePlan, folder: Path) -> list[Path]:
    paths = []
    for outcome in plan.of_kind("cover"):
        path = folder / f"cover-{outcome.index}"
        path.write_bytes(read_cover(plan.probe.path, outcome.index))
        paths.append(path)
    return paths


def _run(
    plan: EncodePlan,
    command: list[str],
    *,
    timeout_s: float,
    expected: int,
    on_progress: Callable[[EncodeProgress], None] | None,
) -> CommandResult:
    last: dict[str, str] = {}

    def take(block: Mapping[str, str]) -> None:
        last.update(block)
        if on_progress is not None:
            on_progress(EncodeProgress(int(block.get("frame", 0)), expected, _speed(block)))

    allowed = memory_for(plan.probe.video.width, plan.probe.video.height)
    result = run_command(
        command, timeout_s=timeout_s, memory_bytes=allowed, on_progress=take, error=EncodeError
    )
    if not plan.decoded and not plan.groups:  # they count their own
        count_decoded("encode", int(last.get("frame", 0)))
    require_clean(plan.encoder, result.stderr, last, plan.probe.path, truncated_ok=plan.truncated_ok)
    return result


def require_clean(
    encoder: Encoder,
    stderr: Sequence[str],
    progress: Mapping[str, str],
    path: Path,
    *,
    truncated_ok: bool = False,
) -> None:
    """Raise `EncodeError` for what ffmpeg only mentions: ignored options, a truncated source, doubled or
    dropped frames.
    """
    require_used(encoder, stderr, path)
    line = None if truncated_ok else next((line for line in stderr if _TRUNCATED in line), None)
    if line is not None:
        raise EncodeError(f"ffmpeg ended with status 0 but said: {line}", path=path)
    for count in ("dup_frames", "drop_frames"):
        if int(progress.get(count, 0)):
            raise EncodeError(f"ffmpeg reports {count}={progress[count]}; 0 is required", path=path)


def _speed(block: Mapping[str, str]) -> float | None:
    match = re.match(r"\s*([\d.]+)x", block.get("speed", ""))
    return float(match[1]) if match else None


def _report(
    plan: EncodePlan, output: Path, proof: Verification, version: str | None, cuts: int, metric: str
) -> EncodeReport:
    return EncodeReport(
        path=output,
        bytes_in=plan.probe.size_bytes,
        bytes_out=output.stat().st_size,
        frames=proof.frames,
        key_frames=proof.key_frames,
        cuts=cuts,
        encoder=version or f"{plan.encoder.label} of unknown version",
        profile=plan.encoder.profile,
        crf=plan.encoder.quality,
        metric=None if metric == "none" else metric,
        metric_value=proof.metric_value,
        streams=tuple(plan.outcome_rows()),
        offset_s=proof.offset_s,
        decoded=proof.decoded,
        fidelity=proof.rows,
    )
