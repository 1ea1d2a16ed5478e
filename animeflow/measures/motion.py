"""Optical flow between drawings, per clip: never between a drawing and its own repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.measures.sampling import Pair, motion_pairs, read_frames
from animeflow.media.decode.reader import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.decode.seeking import FrameTimes
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.measures import MotionSettings, SamplingSettings
from animeflow.tables.schemas.measures import MOTION

U8 = npt.NDArray[np.uint8]
Flow = Callable[[U8, U8], npt.NDArray[np.float32]]
Rows = Sequence[Mapping[str, Any]]


def measure_motion(
    path: Path,
    clips: Rows,
    drawings: Rows,
    times: npt.NDArray[np.float64],
    *,
    flow: Flow,
    kind: str,
    settings: MotionSettings,
    sampling: SamplingSettings,
    limits: DecodeLimits = DEFAULT_LIMITS,
    isolation: IsolationSettings | None = None,
) -> pa.Table:
    """The table `motion`: one row for each row of `clips` of the video at `path`.

    `times` [T]: seconds of every frame; `drawings` (start, end, start_pts) of the video; `flow(a, b)` -> float32
    [h, w, 2] px. Motion is mean |flow| per second at settings.width_px x height_px (576x320, the size of the earlier
    pipeline's measure) over the pairs. A clip that shows one drawing does not move: 0, not null.
    """
    starts = sorted(drawing["start"] for drawing in drawings)
    pairs = {clip["clip_id"]: motion_pairs(clip, times, starts, sampling) for clip in clips}
    size = (settings.width_px, settings.height_px)
    wanted = [pair for found in pairs.values() for pair in found]
    frames = {frame for pair in wanted for frame in (pair.first, pair.step, pair.second)}
    known = FrameTimes.of_rows(drawings)
    with closing(
        read_frames(
            path, frames, size=size, purpose="motion", times=known, limits=limits, isolation=isolation
        )
    ) as pictures:
        measured = _measure(pictures, wanted, times, flow, settings)
    rows = [_row(clip, pairs[clip["clip_id"]], measured, starts, kind, settings) for clip in clips]
    return MOTION.table(rows)


def _measure(
    pictures: Iterable[tuple[int, U8]],
    pairs: Sequence[Pair],
    times: npt.NDArray[np.float64],
    flow: Flow,
    settings: MotionSettings,
) -> dict[Pair, tuple[float, float]]:
    """(mean |flow| in px per second, share of pixels that move) per pair; frames are let go after their last pair."""
    last_use: dict[int, int] = {}
    for pair in pairs:
        for frame in (pair.first, pair.step):
            last_use[frame] = max(last_use.get(frame, 0), pair.second)
    due = {pair.second: [p for p in pairs if p.second == pair.second] for pair in pairs}
    held: dict[int, U8] = {}
    found: dict[Pair, tuple[float, float]] = {}
    for number, picture in pictures:
        held[number] = picture
        for pair in due.get(number, ()):
            found[pair] = _pair_motion(pair, held, times, flow, settings)
        held = {key: value for key, value in held.items() if last_use.get(key, -1) > number}
    return found


def _pair_motion(
    pair: Pair,
    pictures: Mapping[int, U8],
    times: npt.NDArray[np.float64],
    flow: Flow,
    settings: MotionSettings,
) -> tuple[float, float]:
    """As `_measure`, of one pair: across it, or only to its next drawing where that already moves too far for the rest.

    DIS loses a pan of 82 px (48 instead of 164 px per second at 576x320) and follows one of 41 px.
    """
    seconds = float(times[pair.step] - times[pair.first])
    lengths = _lengths(flow(pictures[pair.first], pictures[pair.step]))
    whole = float(times[pair.second] - times[pair.first])
    if pair.step != pair.second and float(lengths.mean()) * whole / seconds <= settings.reach_px:
        seconds, lengths = whole, _lengths(flow(pictures[pair.first], pictures[pair.second]))
    return float(lengths.mean()) / seconds, float((lengths > settings.moving_px).mean())


def _lengths(field: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(np.hypot(field[..., 0], field[..., 1]), dtype=np.float32)


def _row(
    clip: Mapping[str, Any],
    pairs: Sequence[Pair],
    measured: Mapping[Pair, tuple[float, float]],
    starts: Sequence[int],
    kind: str,
    settings: MotionSettings,
) -> dict[str, Any]:
    per_second = [measured[pair][0] for pair in pairs]
    motion = float(np.mean(per_second)) if pairs else 0.0
    new = sum(clip["start"] < start < clip["end"] for start in starts)
    return {
        "clip_id": clip["clip_id"],
        "video_id": clip["video_id"],
        "motion": motion,
        "motion_share": motion / float(np.hypot(settings.width_px, settings.height_px)),
        "moving_area": float(np.mean([measured[pair][1] for pair in pairs])) if pairs else 0.0,
        "drawings_per_s": new / clip["duration_s"] if clip["duration_s"] > 0 else 0.0,
        "pairs": len(pairs),
        "kind": kind,
        "reason": None,
    }
