"""What a detector found against labels, counted and pooled: the table that drawn and real episodes share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import pyarrow as pa

from animeflow.settings.shots import (
    AdaptiveDetector,
    ContentDetector,
    Detector,
    FusedDetector,
    TransNetV2Detector,
)
from animeflow.shots.cuts import Shots
from animeflow.shots.detectors import detect_shots
from benchmarks.bounds import Bound

Range = tuple[int, int]
HALF_COVERED = 0.5  # a found transition is a true one when they share this part of their union

# PySceneDetect's own shortest shot is 15 frames: it alone would lose every fast edit, so it stands beside fused's 4.
METHODS: dict[str, Detector] = {
    "fused": FusedDetector(),
    "transnetv2": TransNetV2Detector(),
    "adaptive": AdaptiveDetector(),
    "content": ContentDetector(),
    "adaptive, 4 frames": AdaptiveDetector(min_shot_frames=4),
    "content, 4 frames": ContentDetector(min_shot_frames=4),
}
OURS = "fused"
PEERS = tuple(name for name in METHODS if name != OURS)


@dataclass(frozen=True)
class Labels:
    """The truth of a video in frames; ranges are [start, end).

    `cuts`: [first, last], the first frame of the new shot; where a mixed frame lies between two shots both may be said.
    `transitions`: (start, end, kind). `held`: where nothing but cels moves; `fast`: runs of shots of 4 to 8 frames.
    `unjudged`: where nobody can say what is right: cuts found there count for nothing.
    """

    frames: int
    seconds_per_frame: float
    cuts: tuple[Range, ...]
    transitions: tuple[tuple[int, int, str], ...] = ()
    held: tuple[Range, ...] = ()
    fast: tuple[Range, ...] = ()
    unjudged: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Counts:
    """Numbers of one method over some videos: they add."""

    right: int = 0
    false: int = 0
    missed: int = 0
    soft_right: int = 0
    soft_false: int = 0
    soft_missed: int = 0
    fast_right: int = 0
    fast_false: int = 0
    fast_missed: int = 0
    held_false: int = 0
    held_s: float = 0.0
    false_at: tuple[str, ...] = field(default=(), compare=False)
    missed_at: tuple[str, ...] = field(default=(), compare=False)

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """Back from JSON."""
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in plain.items()}
        return cls(**values)


def count(shots: Shots, labels: Labels, *, name: str = "") -> Counts:
    """What one detector found on one video. A hard cut inside a true transition is half right: not counted."""
    quiet = [*((a, b + 1) for a, b, _ in labels.transitions), *labels.unjudged]
    hard = sorted(cut.frame for cut in shots.cuts if cut.transition is None and not _inside(cut.frame, quiet))
    pairs = matched(hard, labels.cuts)
    false = [frame for frame in hard if frame not in pairs]
    missed = [cut for cut in labels.cuts if cut not in pairs.values()]
    right, soft_false = _soft(shots, labels)
    held = [cut.frame for cut in shots.cuts if any(a < cut.frame < b for a, b in labels.held)]
    kept = [frame for frame in held if not _inside(frame, quiet) and frame not in pairs]
    return Counts(
        right=len(pairs), false=len(false), missed=len(missed),
        soft_right=right, soft_false=soft_false, soft_missed=len(labels.transitions) - right,
        fast_right=sum(_inside(frame, labels.fast) for frame in pairs),
        fast_false=sum(_inside(frame, labels.fast) for frame in false),
        fast_missed=sum(_inside(last, labels.fast) for _, last in missed),
        held_false=len(kept),
        held_s=sum(b - a for a, b in labels.held) * labels.seconds_per_frame,
        false_at=tuple(f"{name}:{frame}" for frame in false),
        missed_at=tuple(f"{name}:{first}" for first, _ in missed),
    )  # fmt: skip


def matched(found: Sequence[int], wanted: Sequence[Range]) -> dict[int, Range]:
    """Found frame -> the labelled cut it is; each label is found once, by the first frame inside it."""
    pairs: dict[int, Range] = {}
    free = list(wanted)
    for frame in found:
        label = next((one for one in free if one[0] <= frame <= one[1]), None)
        if label is not None:
            pairs[frame] = label
            free.remove(label)
    return pairs


def _soft(shots: Shots, labels: Labels) -> tuple[int, int]:
    """Right and false transitions: right with the same kind and half of the union in common."""
    found = [(cut.transition, cut.kind) for cut in shots.cuts if cut.transition is not None]
    judged = [one for one in found if not _inside((one[0][0] + one[0][1]) // 2, labels.unjudged)]
    right = sum(
        any(kind == true and common(span, (start, end)) >= HALF_COVERED for span, kind in judged)
        for start, end, true in labels.transitions
    )
    return right, len(judged) - right


def common(one: Range, other: Range) -> float:
    """Intersection over union of two frame ranges."""
    inside = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return inside / (one[1] - one[0] + other[1] - other[0] - inside)


def f1(right: int, false: int, missed: int) -> float:
    return 2 * right / (2 * right + false + missed) if right + false + missed else 1.0


def _inside(frame: int, ranges: Iterable[Range]) -> bool:
    return any(a <= frame < b for a, b in ranges)


def count_all(signals: pa.Table, probabilities: pa.Table, labels: Labels, *, name: str) -> dict[str, Counts]:
    """Every method on one video."""
    return {
        method: count(detect_shots(signals, probabilities, settings), labels, name=name)
        for method, settings in METHODS.items()
    }


def pooled(videos: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The sum over videos of every method."""
    total = dict.fromkeys(METHODS, Counts())
    for video in videos:
        total = {method: total[method] + video[method] for method in METHODS}
    return total


# The columns that fused must be the best of, from pooled counts; None where there was nothing to find.
def columns(counts: Counts) -> dict[str, float | None]:
    """The columns of the table."""
    c = counts
    fast = c.fast_right + c.fast_false + c.fast_missed
    soft = c.soft_right + c.soft_false + c.soft_missed
    return {
        "hard F1": f1(c.right, c.false, c.missed),
        "gradual F1": f1(c.soft_right, c.soft_false, c.soft_missed) if soft else None,
        "fast edits, hard F1": f1(c.fast_right, c.fast_false, c.fast_missed) if fast else None,
        "false cuts per minute": 60 * c.held_false / c.held_s if c.held_s else None,
    }


def rows(total: Mapping[str, Counts]) -> list[dict[str, Any]]:
    """The table: one line a method, with the counts behind the figures."""
    return [
        {
            "method": method,
            **columns(c),
            "hard: found": c.right, "false": c.false, "missed": c.missed,
            "gradual: right": c.soft_right, "wrong": c.soft_false, "lost": c.soft_missed,
        }
        for method, c in total.items()
    ]  # fmt: skip


def values(kind: str, total: Mapping[str, Counts]) -> dict[tuple[str, str, str], list[float]]:
    """For `bounds.judge`: (kind, method, column) -> one pooled value."""
    return {
        (kind, method, name): [value]
        for method, counts in total.items()
        for name, value in columns(counts).items()
        if value is not None
    }


def best_in_every_column(kind: str) -> list[Bound]:
    """Fused reaches the best of the others in every column; being as good is allowed."""
    return [
        Bound(name, OURS, (kind,), least=not name.startswith("false cuts"), limit=0.0, not_below=PEERS)
        for name in columns(Counts())
    ]
