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
_REFRESH_DRIFT = (
    2.0  # the ends of a still lie less than so many refreshes apart: each begins at the same picture
)
_CHANGE_OF_FIRST = (
    255.0  # the first frame of a video is new as a whole: the encoder refines it as it does after a cut
)
_QUIET = 0.25  # quantile of the weak changes of colour that is their noise
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

    A frame is new where its change is strong, or spread over the frame, or above the noise of this video and of
    this moment, or one of colour alone. The noise is measured on the weak changes: nearly all of them are held
    frames, whose difference is grain and what the encoder refines. The encoder refines most just after a new
    drawing, in proportion to it: a frame between two others (B) is coarse, and the next one on its way (P) paints
    the same drawing anew. A slow pan or zoom is as weak as that, but goes on: a run of held frames whose ends lie
    far apart is one, and its frames are new. At a key frame inside a shot the encoder's error changes everywhere at
    once: there a change counts that is strong, or in one place, or goes on from the frames before; a fainter
    drawing that begins on such a frame is not told from the refresh.
    """
    block, strong, rms = (values(signals, name) for name in ("diff_block", "diff_strong", "diff_rms"))
    given, refresh = _given(signals, shots), _refreshes(signals, shots, settings)
    weak = ~given & (strong <= settings.weak)
    after_change = settings.refined_share * recent_maximum(_as_changes(block), settings.refined_frames)
    put_right = settings.repainted_share * recent_maximum(
        np.where(given, 0.0, strong), settings.refined_frames
    )
    drawn_anew = refresh | (np.arange(len(refresh)) == 0)
    after_key = recent_maximum(drawn_anew.astype(np.float64), settings.key_frames) > 0
    least = np.where(after_key, settings.key_block, settings.block)
    noise = settings.noise_factor * _noise(block[weak], settings)
    spread = _spread(rms, weak, given, settings)
    limit = np.where(_unsettled(refresh, settings), settings.key_strong, settings.strong)
    limit = np.maximum(limit, put_right)
    new = (strong > limit) | spread | (block > np.maximum(after_change, np.maximum(least, noise)))
    new |= _recoloured(values(signals, "diff_rgb"), rms, weak, settings)
    moving = recent_maximum((spread & ~given & ~refresh).astype(np.float64), settings.refined_frames) > 0
    nothing_else = (strong <= limit) & (block <= settings.key_local * rms) & ~moving
    new = given | (new & ~(refresh & nothing_else))
    return new | (_drifting(signals, new, refresh, shots, settings) & (block > settings.block))


def _as_changes(block: F64) -> F64:
    """The changes of all frames, that of the first too, which has no frame before it."""
    return np.concatenate([[_CHANGE_OF_FIRST], block[1:]])


def _refreshes(signals: pa.Table, shots: Shots, settings: DrawingSettings) -> Bools:
    """Key frames inside a shot, bool [T]: the encoder draws the whole picture anew there, with other errors.

    Where key frames follow each other closely, as in files of key frames alone, their errors are the noise of the
    video, and none counts.
    """
    key = signals["key"].to_numpy(zero_copy_only=False).astype(bool)
    close = recent_maximum(key.astype(np.float64), settings.key_frames) > 0
    return np.asarray(key & ~close & ~_given(signals, shots))


def _unsettled(refresh: Bools, settings: DrawingSettings) -> Bools:
    """Frames in which even a change beyond `strong` may be the encoder's: refreshes, the first of the video."""
    return np.asarray(refresh | (np.arange(len(refresh)) <= settings.refined_frames))


def _noise(weak: F64, settings: DrawingSettings) -> float:
    return float(np.quantile(weak, settings.noise_quantile)) if len(weak) else 0.0


def _spread(rms: F64, weak: Bools, given: Bools, settings: DrawingSettings) -> Bools:
    """Frames whose change is not in one place but everywhere: smoke, a slow pan. Noise adds in squares."""
    noise = _noise(rms[weak], settings)
    put_right = settings.repainted_share * recent_maximum(np.where(given, 0.0, rms), settings.refined_frames)
    least = max(settings.spread_factor * noise, float(np.hypot(noise, settings.spread)))
    return np.asarray(rms > np.maximum(put_right, least))


def _recoloured(rgb: F64, rms: F64, weak: Bools, settings: DrawingSettings) -> Bools:
    """Frames whose colours change more than their luma tells: a red disc on a grey of its luma moves.

    A change of luma, grain and what the encoder puts right change RGB no more than the rms of the luma: what is beyond
    it is below 0.01 in held frames. The noise of it is the lower quartile of weak changes, for on twos half of the weak
    frames are such moves.
    """
    beyond = np.maximum(rgb - rms, 0.0)
    noise = float(np.quantile(beyond[weak], _QUIET)) if weak.any() else 0.0
    refined = settings.refined_share * recent_maximum(beyond, settings.refined_frames)
    return np.asarray(beyond > np.maximum(refined, settings.colour + settings.noise_factor * noise))


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


def _drifting(
    signals: pa.Table | StoredFrames, new: Bools, refresh: Bools, shots: Shots, settings: DrawingSettings
) -> Bools:
    """Frames that lie in a slow pan or zoom: each run of held frames is looked at on its own, bool [T].

    A blink parts a pan into runs; one too short to be looked at drifts where those on both sides of it in its shot do.
    """
    drifting = np.zeros(len(new), bool)
    steps, thumbs = values(signals, "diff_rgb"), stored_or_loaded(signals)
    for start, end in shots.ranges:
        starts = start + np.flatnonzero(new[start:end])
        runs = list(zip(starts.tolist(), [*starts[1:].tolist(), end], strict=True))
        long = [run for run in runs if run[1] - run[0] > settings.drift_frames]
        moves = [_drifts(thumbs, steps, refresh, run, settings) for run in long]
        for run, moving in zip(long, moves, strict=True):
            drifting[run[0] : run[1]] = moving
        for n in range(1, len(long)):
            drifting[long[n - 1][1] : long[n][0]] = moves[n - 1] and moves[n]
    return drifting


def _drifts(thumbs: Thumbs, steps: F64, refresh: Bools, run: Range, settings: DrawingSettings) -> bool:
    """Whether the ends of a run of held frames differ by more than single steps, rounding and what key frames of the
    encoder changed between them: a slow pan.
    """
    start, end = run
    apart = float(np.abs(thumbs[end - 1].astype(np.int16) - thumbs[start].astype(np.int16)).mean())
    inside = slice(start + 1, end)
    refreshed = _REFRESH_DRIFT * float(np.max(steps[inside] * refresh[inside]))
    return apart > max(_LEAST_DRIFT, refreshed, settings.drift * float(np.median(steps[inside])))
