"""Which frames repeat which drawing: runs of identical composed frames under codec noise and grain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.settings.shots import DrawingSettings
from animeflow.shots.cuts import Range, Shots
from animeflow.tables.frames import StoredFrames, frame_times, known_by_pts, pts, stored_or_loaded, values
from animeflow.tables.holds import holds_of
from animeflow.tables.ids import drawing_id
from animeflow.tables.schemas.shots import DRAWINGS
from animeflow.tables.thumbnails import Thumbs

Bools = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]

_LEAST_DRIFT = 0.5  # mean levels at 48x27: rounding of the thumbnails stays below
_DOMINANT = 0.6  # share of a shot's time in holds of one length that names its timing


def find_drawings(
    signals: pa.Table | StoredFrames, shots: Shots, settings: DrawingSettings, *, video_id: str
) -> pa.Table:
    """The table `drawings` of a video: runs of held frames, none across a cut; every frame lies in exactly one."""
    changes = values(signals, "diff_block")
    starts = np.flatnonzero(new_drawings(signals, shots, settings))
    ends = np.append(starts[1:], signals.num_rows)
    shot_of = np.searchsorted([start for start, _ in shots.ranges], starts, side="right") - 1
    times, stamps, known = frame_times(signals), pts(signals), known_by_pts(signals)
    held = times[ends] - times[starts]
    patterns = {int(s): _pattern(held[shot_of == s]) for s in np.unique(shot_of)}
    return DRAWINGS.table(
        {
            "drawing_id": drawing_id(video_id, int(start)),
            "video_id": video_id,
            "shot": int(shot),
            "start": int(start),
            "end": int(end),
            "start_pts": int(stamps[start]) if known else None,
            "hold": int(end - start),
            "change": float(changes[start]) if start else None,
            "pattern": patterns[int(shot)],
        }
        for start, end, shot in zip(starts, ends, shot_of, strict=True)
    )


def new_drawings(signals: pa.Table, shots: Shots, settings: DrawingSettings) -> Bools:
    """Which frames show another drawing than the frame before, bool [T]. A damaged frame is held by none.

    A frame is new where its change is strong, or spread over the frame, or above the noise of this video and of this
    moment. The noise is measured on the weak changes: nearly all of them are held frames, whose difference is grain and
    what the encoder refines. The encoder refines most just after a new drawing, in proportion to it. A slow pan or zoom
    is as weak as that, but goes on: a run of held frames whose ends lie far apart is one, and its frames are new.
    """
    block, strong = values(signals, "diff_block"), values(signals, "diff_strong")
    given = _given(signals, shots)
    weak = ~given & (strong <= settings.weak)
    refined = settings.refined_share * recent_maximum(block, settings.refined_frames)
    noise = settings.noise_factor * _noise(block[weak], settings)
    new = given | (strong > settings.strong) | _spread(values(signals, "diff_rms"), weak, settings)
    new |= block > np.maximum(refined, max(settings.block, noise))
    return new | (_drifting(signals, new, shots, settings) & (block > settings.block))


def _noise(weak: F64, settings: DrawingSettings) -> float:
    return float(np.quantile(weak, settings.noise_quantile)) if len(weak) else 0.0


def _spread(rms: F64, weak: Bools, settings: DrawingSettings) -> Bools:
    """Frames whose change is not in one place but everywhere: smoke, a slow pan. Noise adds in squares."""
    noise = _noise(rms[weak], settings)
    return np.asarray(rms > max(settings.spread_factor * noise, float(np.hypot(noise, settings.spread))))


def recent_maximum(values_: F64, frames: int) -> F64:
    """Largest value of the `frames` frames before each frame, 0 for the first; float64 [T]."""
    padded = np.concatenate([np.zeros(frames), values_])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, frames)[: len(values_)].max(axis=1))


def _pattern(held_s: F64) -> str:
    """How a shot is timed. The label `hold_pattern` of a clip has the same words, and a setting for the share."""
    return holds_of(held_s, held_s, majority=_DOMINANT).pattern


def _given(signals: pa.Table, shots: Shots) -> Bools:
    """Frames that are new without a look: the first of a shot, damaged ones and those after them."""
    given = np.zeros(signals.num_rows, bool)
    given[[start for start, _ in shots.ranges]] = True
    damaged = np.flatnonzero(signals["corrupt"].to_numpy(zero_copy_only=False))
    given[damaged] = True
    given[damaged[damaged + 1 < len(given)] + 1] = True
    return given


def _drifting(signals: pa.Table | StoredFrames, new: Bools, shots: Shots, settings: DrawingSettings) -> Bools:
    """Frames that lie in a slow pan or zoom: each run of held frames is looked at on its own, bool [T].

    A blink parts a pan into runs; one too short to be looked at drifts where those on both sides of it in its shot do.
    """
    drifting = np.zeros(len(new), bool)
    steps, thumbs = values(signals, "diff_rgb"), stored_or_loaded(signals)
    for start, end in shots.ranges:
        starts = start + np.flatnonzero(new[start:end])
        runs = list(zip(starts.tolist(), [*starts[1:].tolist(), end], strict=True))
        long = [run for run in runs if run[1] - run[0] > settings.drift_frames]
        moves = [_drifts(thumbs, steps, run, settings) for run in long]
        for run, moving in zip(long, moves, strict=True):
            drifting[run[0] : run[1]] = moving
        for n in range(1, len(long)):
            drifting[long[n - 1][1] : long[n][0]] = moves[n - 1] and moves[n]
    return drifting


def _drifts(thumbs: Thumbs, steps: F64, run: Range, settings: DrawingSettings) -> bool:
    """Whether the ends of a run of held frames differ by more than single steps and rounding: a slow pan."""
    start, end = run
    apart = float(np.abs(thumbs[end - 1].astype(np.int16) - thumbs[start].astype(np.int16)).mean())
    return apart > max(_LEAST_DRIFT, settings.drift * float(np.median(steps[start + 1 : end])))
