"""How near pictures are to their originals, as ffmpeg's filters measure it: SSIM, XPSNR, VMAF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from animeflow.errors import ContractError, EncodeError
from animeflow.media.command import run_command
from animeflow.media.decode.counting import count_decoded

_FRAMES = re.compile(r"frame= *(\d+)")


@dataclass(frozen=True)
class Metric:
    """ffmpeg's filter, what it takes to look at every third frame alone, and the line that gives the value of luma
    (identical pictures have an XPSNR of inf).
    """

    filter: str
    sparse: str
    line: re.Pattern[str]


METRICS = {
    "ssim": Metric("ssim", "", re.compile(r"SSIM Y:([\d.]+)")),
    "xpsnr": Metric("xpsnr", "", re.compile(r"XPSNR +y: *(-?[\d.]+|inf)")),
    "vmaf": Metric("libvmaf=n_threads=2", ":n_subsample=3", re.compile(r"VMAF score: *([\d.]+)")),
}


@dataclass(frozen=True)
class Side:
    """ffmpeg's arguments of one input, its stream, and the filters that its pictures go through first."""

    args: Sequence[str]
    stream: str = "v:0"
    filters: Sequence[str] = ()


def compare(
    metric: str,
    ours: Side,
    theirs: Side,
    *,
    setting: str,
    purpose: str,
    path: Path,
    ffmpeg: Path,
    timeout_s: float,
    memory_bytes: int | None,
    sparse: bool = False,
) -> float:
    """SSIM of luma (0-1), XPSNR of luma (dB, inf where nothing differs) or VMAF (0-100) of one side against the other.

    Frames are paired by number, which needs one time base: with setpts=N alone a 1/1000 and a 1/12288 clock gave a
    VMAF of 19 for 98. `sparse` is enough for a whole video; in a sample a stride falls into step with held drawings.
    Raises `EncodeError` with `path`, and the way out by `setting`, where the filter fails (libvmaf crashes on 16x16) or
    gives no sensible value (XPSNR is negative for 160x90).
    """
    if metric not in METRICS:
        raise ContractError(f"metric {metric!r}; there are {', '.join(METRICS)}")
    chosen = METRICS[metric]
    graph = ";".join(
        f"[{n}:{side.stream}]{','.join(('settb=1/1000', 'setpts=N', *side.filters, 'format=yuv420p10le'))}[{label}]"
        for n, side, label in ((0, ours, "ours"), (1, theirs, "theirs"))
    )
    # fmt: off
    args = [str(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "info", *ours.args, *theirs.args,
            "-lavfi", f"{graph};[ours][theirs]{chosen.filter}{chosen.sparse if sparse else ''}",
            "-an", "-sn", "-dn", "-f", "null", "-"]
    # fmt: on
    others = " or ".join(name for name in METRICS if name != metric)
    hint = f"set {setting} to {others}"
    try:
        result = run_command(args, timeout_s=timeout_s, memory_bytes=memory_bytes, error=EncodeError)
    except EncodeError as failed:
        raise EncodeError(
            f"the metric {metric} cannot be measured: {failed.message}",
            reason=failed.reason,
            path=path,
            hint=hint,
        ) from failed
    found = chosen.line.findall("\n".join(result.stderr))
    if not found:
        raise EncodeError(f"ffmpeg gave no {metric}: {result.stderr_tail(3)}", path=path, hint=hint)
    if (value := float(found[-1])) < 0:
        raise EncodeError(
            f"the metric {metric} is {value:g} dB: of pictures as small as these it says nothing",
            path=path,
            hint=hint,
        )
    count_decoded(purpose, read_frames(result.stderr))
    return value


def read_frames(stderr: Sequence[str]) -> int:
    """The frame count of ffmpeg's last status line, 0 when it printed none."""
    counts = _FRAMES.findall("\n".join(stderr))
    return int(counts[-1]) if counts else 0
