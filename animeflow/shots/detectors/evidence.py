"""What a detector may look at: stored signals as arrays, and the network's probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.errors import ContractError
from animeflow.shots.cuts import Range
from animeflow.tables.frames import StoredFrames, frame_times, stored_or_loaded, values
from animeflow.tables.thumbnails import Thumbs, in_blocks

F64 = npt.NDArray[np.float64]
FILM_RATE = 24.0  # frames per second for which settings in frames are meant


@dataclass(frozen=True)
class Evidence:
    """Arrays over the T frames of one video. Differences at t are those of frame t to frame t - 1; 0 at t = 0.

    thumbs uint8 RGB [T, 27, 48, 3], an array or left in their file; diff_rgb float64 [T], 8-bit levels; deltas float64
    [T, 3]: PySceneDetect's changes of hue, saturation, value; single, many_hot float64 [T] in 0-1 or None: the
    network's probabilities that frame t is the last of its shot, and that it lies in a transition; times float64
    [T + 1] or None: seconds at which the frames begin and the last one ends, where they are not those of 24 fps.
    """

    thumbs: Thumbs
    diff_rgb: F64
    deltas: F64
    single: F64 | None = None
    many_hot: F64 | None = None
    times: F64 | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.thumbs), len(self.diff_rgb), len(self.deltas)}
        lengths |= {len(one) for one in (self.single, self.many_hot) if one is not None}
        lengths |= set() if self.times is None else {len(self.times) - 1}
        if len(lengths) != 1:
            raise ContractError(f"evidence of different lengths: {sorted(lengths)}")

    @classmethod
    def of(cls, signals: pa.Table | StoredFrames, probabilities: pa.Table | None = None) -> Evidence:
        """From `frame_signals` and `shot_probabilities` of one video."""
        with_network = probabilities is not None and probabilities["single"].null_count == 0
        return cls(
            thumbs=stored_or_loaded(signals),
            diff_rgb=values(signals, "diff_rgb"),
            deltas=np.stack([values(signals, f"delta_{part}") for part in ("hue", "sat", "lum")], axis=1),
            single=values(probabilities, "single") if with_network else None,
            many_hot=values(probabilities, "many_hot") if with_network else None,
            times=frame_times(signals),
        )

    @property
    def frames(self) -> int:
        return len(self.thumbs)

    @cached_property
    def step_s(self) -> float:
        """How long the median frame is shown, seconds; 0 where no times are known."""
        return 0.0 if self.times is None else float(np.median(np.diff(self.times)))

    @cached_property
    def pace(self) -> float:
        """Frames of this video in the time of one at 24 fps, by the median frame; at least 1.

        What a setting says in frames it means at 24 fps: at 60 the same time has 2.5 times as many.
        """
        return max(1.0, 1 / (FILM_RATE * self.step_s)) if self.step_s > 0 else 1.0

    def paced(self, frames: float) -> int:
        """As many frames of this video as last as long as `frames` at 24 fps."""
        return round(frames * self.pace)

    def apart(self, one: int, other: int) -> int:
        """Median frames between the beginnings of two frames, at least the frames between: one may be shown for 5 s."""
        first, after = sorted((one, other))
        if self.times is None:
            return after - first
        lasts = round(float(self.times[after] - self.times[first]) / self.step_s) if self.step_s > 0 else 0
        return max(after - first, lasts)

    @cached_property
    def levels(self) -> tuple[F64, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Mean level, brightest and darkest value of each thumbnail: float64 [T], uint8 [T], uint8 [T]."""
        means, peaks, lows = [], [], []
        for block in in_blocks(self.thumbs):
            flat = block.reshape(len(block), -1)
            means.append(flat.mean(axis=1))
            peaks.append(flat.max(axis=1))
            lows.append(flat.min(axis=1))
        return np.concatenate(means), np.concatenate(peaks), np.concatenate(lows)

    @cached_property
    def ranges(self) -> F64:
        """How far the values of a thumbnail lie apart in the channel that varies most, 8-bit levels: float64 [T]."""
        found = [np.ptp(block, axis=(1, 2)).max(axis=1) for block in in_blocks(self.thumbs)]
        return np.concatenate(found).astype(np.float64)

    @property
    def network(self) -> tuple[F64, F64]:
        """(single, many_hot). Raises ContractError for a detector that needs the network and has none."""
        if self.single is None or self.many_hot is None:
            raise ContractError(
                "this detector needs the probabilities of a shot network",
                hint="pass its table, or take kind adaptive",
            )
        return self.single, self.many_hot


def content_values(evidence: Evidence, weights: tuple[float, float, float]) -> F64:
    """PySceneDetect's frame score: the weighted mean of the changes of hue, saturation and value, 8-bit levels [T]."""
    weighted = evidence.deltas @ np.asarray(weights)
    return np.asarray(weighted / np.abs(weights).sum(), dtype=np.float64)


def above(value: float, threshold: float) -> float:
    """How far a value is beyond its threshold as a score: 0.5 at the threshold, towards 1 far above."""
    return value / (value + threshold) if value > 0 else 0.0


def runs(flags: npt.NDArray[np.bool_]) -> list[Range]:
    """[start, end) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def closed(flags: npt.NDArray[np.bool_], gap: int) -> npt.NDArray[np.bool_]:
    """The flags with the gaps of at most `gap` between two runs filled."""
    out = flags.copy()
    for start, end in runs(~flags):
        if start > 0 and end < len(flags) and end - start <= gap:
            out[start:end] = True
    return out
