"""Shots encoded in groups, in parallel, and joined packet by packet: frames and times are those of one encode.

Groups follow from the shots and the settings alone, so that bytes do not depend on the machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from animeflow.errors import EncodeError
from animeflow.media.command import run_command
from animeflow.media.decode.counting import count_decoded
from animeflow.media.demux.container import main_video_stream, open_container
from animeflow.media.demux.frame_index import read_frame_index
from animeflow.media.demux.timing import average_rate
from animeflow.media.encode.encoders import require_used
from animeflow.media.encode.plan import OWN_CLOCK, EncodePlan, PlannedGroup, VideoInput, filter_args
from animeflow.media.ffmpeg import input_args, memory_for, picture_args
from animeflow.media.probe.file import Probe

BYTES_PER_PROCESS = 1_200_000_000
"""Memory of one SVT-AV1 process at 720p, with some to spare."""
_HD_PIXELS = 1280 * 720
_TOLERANCE_MS = 1.0
_SEEKABLE = ("matroska", "mp4")


def shot_groups(
    pts: Sequence[int], cuts: Sequence[int], time_base: Fraction, group_s: float
) -> tuple[tuple[int, int], ...]:
    """(start, end) of consecutive shots merged until each group lasts at least `group_s` seconds."""
    count = len(pts)
    starts = [0]
    for cut in sorted(set(cuts)):
        if 0 < cut < count and float((int(pts[cut]) - int(pts[starts[-1]])) * time_base) >= group_s:
            starts.append(cut)
    if len(starts) > 1 and float((int(pts[-1]) - int(pts[starts[-1]])) * time_base) < group_s:
        starts.pop()
    return tuple(zip(starts, [*starts[1:], count], strict=True))


def can_seek(facts: Probe, pts: Sequence[int]) -> bool:
    """Whether a process can begin at any frame: an index, sound times, and the very frames of the analysis.

    MPEG-TS, MPEG-PS and AVI land elsewhere; damage makes two readings differ.
    """
    if not any(word in facts.container for word in _SEEKABLE) or facts.truncated or int(pts[0]) < 0:
        return False
    index = read_frame_index(facts.path)
    return index is not None and np.array_equal(index.pts, np.asarray(pts, dtype=np.int64))


def key_before(path: Path, pts: int) -> int:
    """The pts of the key frame by which a frame is decoded, in a file that `can_seek`."""
    index = read_frame_index(path)
    found = None if index is None else index.key_pts_before(pts)
    return pts if found is None else found


def worker_count(asked: int, size: tuple[int, int]) -> int:
    """Processes at once: as asked, else one per core that has its memory for pictures of `size` (width, height).

    Bytes do not depend on it. Encoders that share the cores wait less than threads that share an encoder: two of one
    thread took 0.84 of the processor time of one with two (p6, 27 s in four groups), though not less of the clock: the
    last group ran alone, which counts in a short video only.
    """
    if asked:
        return asked
    import psutil

    each = BYTES_PER_PROCESS * max(1.0, size[0] * size[1] / _HD_PIXELS)
    free = int(psutil.virtual_memory().available // each)
    return max(1, min(os.cpu_count() or 1, free))


def encode_groups(
    plan: EncodePlan,
    folder: Path,
    *,
    cuts: Sequence[int],
    pts: Sequence[int],
    ffmpeg: Path,
    workers: int,
    timeout_s: float,
    on_frames: Callable[[int], None] | None = None,
) -> VideoInput:
    """Encode the plan's groups and join them into one file in `folder`, the video input of the last pass.

    Raises `EncodeError` where a group lacks a frame, has one at another time, or has another header.
    """
    done, lock = [0] * len(plan.groups), Lock()
    threads = plan.threads or max(1, (os.cpu_count() or 1) // workers)
    allowed = memory_for(plan.probe.video.width, plan.probe.video.height)

    def work(number: int) -> Path:
        def take(block: Mapping[str, str]) -> None:
            with lock:
                done[number] = int(block.get("frame", 0))
                if on_frames is not None:
                    on_frames(sum(done))

        group, path = plan.groups[number], folder / f"group-{number:05d}.mkv"
        command = _group_command(plan, group, cuts, pts, ffmpeg, path, threads)
        result = run_command(
            command, timeout_s=timeout_s, memory_bytes=allowed, on_progress=take, error=EncodeError
        )
        require_used(group.encoder, result.stderr, plan.probe.path)
        require_group(path, group, pts, plan.probe.video.time_base)
        count_decoded("encode", group.end - group.start)
        return path

    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="encode-group") as pool:
        futures = [pool.submit(work, number) for number in range(len(plan.groups))]
        try:
            paths = [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    start = Fraction(plan.probe.start_time_s).limit_denominator(1_000_000)
    times = [round((int(t) * plan.probe.video.time_base - start) * 1000) for t in pts]
    joined = folder / "joined.mkv"
    join(paths, times, joined)
    return VideoInput(
        ("-itsoffset", f"{times[0] / 1000:.6f}", *input_args(joined)),
        ("-c:v:0", "copy", *_rate(plan, pts), *_aspect(plan)),
    )


def _group_command(
    plan: EncodePlan,
    group: PlannedGroup,
    cuts: Sequence[int],
    pts: Sequence[int],
    ffmpeg: Path,
    output: Path,
    threads: int,
) -> list[str]:
    base = plan.probe.video.time_base

    def before(frame: int) -> Fraction:
        """Between a frame and the one before: no rounding takes one too many or too few."""
        return Fraction(int(pts[frame - 1]) + int(pts[frame]), 2) * base

    start = Fraction(plan.probe.start_time_s).limit_denominator(1_000_000)
    seek = ["-ss", f"{float(before(group.start) - start):.6f}"] if group.start else []
    keys = [before(cut) for cut in sorted(set(cuts)) if group.start < cut < group.end]
    force = ["-force_key_frames:v:0", ",".join(f"{float(t):.6f}" for t in keys)] if keys else []
    # fmt: off
    return [
        str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "warning", "-progress", "pipe:1",
        "-stats_period", "0.5", "-y", "-copyts", *seek, *picture_args(ffmpeg, plan.probe.path),
        "-map", f"0:{plan.probe.video.index}", "-frames:v:0", str(group.end - group.start),
        *filter_args(plan.filters), *group.encoder.args(threads=threads), *OWN_CLOCK, *force,
        "-map_metadata", "-1", "-map_chapters", "-1",
        "-fflags", "+bitexact", "-f", "matroska", f"file:{output}",
    ]
    # fmt: on


def require_group(path: Path, group: PlannedGroup, pts: Sequence[int], time_base: Fraction) -> None:
    """Raise `EncodeError` unless a group's file has exactly the group's frames, each at its time in the source."""
    index = read_frame_index(path)
    name = f"the shot group of frames {group.start} to {group.end - 1}"
    if index is None or len(index) != group.end - group.start:
        held = "frames without times" if index is None else f"{len(index)} frames"
        raise EncodeError(f"{name} has {held}, not {group.end - group.start}", path=path)
    wanted = np.asarray(pts[group.start : group.end], dtype=np.float64) * float(time_base * 1000)
    worst = int(np.argmax(np.abs(index.pts - wanted)))
    if abs(index.pts[worst] - wanted[worst]) > _TOLERANCE_MS + 1e-6:
        raise EncodeError(
            f"{name}: frame {worst} is {index.pts[worst] - wanted[worst]:+.2f} ms off", path=path
        )
    if not index.key[0]:
        raise EncodeError(f"{name} does not begin with a key frame", path=path)


def join(paths: Sequence[Path], times_ms: Sequence[int], output: Path) -> None:
    """One stream of all packets of the files, in order, at these times. AV1 packets are in presentation order."""
    import av

    header: bytes | None = None
    frame = 0
    with av.open(f"file:{output}", "w", format="matroska", options={"fflags": "+bitexact"}) as target:
        stream: Any = None
        for path in paths:
            with open_container(path, error=EncodeError) as container:
                source = main_video_stream(container, path, error=EncodeError)
                extradata = bytes(source.codec_context.extradata or b"")
                if stream is None:
                    stream, header = target.add_stream_from_template(source, opaque=True), extradata
                elif extradata != header:
                    raise EncodeError("shot groups have different stream headers", path=path)
                for packet in container.demux(source):
                    if packet.size == 0:
                        continue
                    packet.pts = packet.dts = times_ms[frame]
                    packet.time_base = Fraction(1, 1000)
                    packet.stream = stream
                    target.mux(packet)
                    frame += 1
    if frame != len(times_ms):
        raise EncodeError(f"{frame} frames were joined, not {len(times_ms)}", path=output)


def _rate(plan: EncodePlan, pts: Sequence[int]) -> list[str]:
    """Of varying times the rate that the header says: their average. Unasked it is 1000, that of the joined file's
    clock. Beside a copy `-r` touches no packet and no time.
    """
    video = plan.probe.video
    rate = average_rate(pts, video.time_base) if video.times.variable_rate else None
    return [] if rate is None else ["-r:v:0", f"{rate.numerator}/{rate.denominator}"]


def _aspect(plan: EncodePlan) -> list[str]:
    """PyAV writes no pixel aspect."""
    aspect = plan.probe.video.upright_aspect
    if aspect == 1:
        return []
    shape = Fraction(*plan.upright_size) * aspect
    return ["-aspect:v:0", f"{shape.numerator}:{shape.denominator}"]


def with_qualities(
    plan: EncodePlan, groups: Sequence[tuple[int, int]], qualities: Sequence[float]
) -> EncodePlan:
    """The plan with each group at its own quality number; a single group is the whole video, in one process."""
    if len(groups) == 1:
        return replace(plan, encoder=plan.encoder.with_quality(qualities[0]))
    made = tuple(
        PlannedGroup(start, end, plan.encoder.with_quality(quality))
        for (start, end), quality in zip(groups, qualities, strict=True)
    )
    return replace(plan, groups=made)
