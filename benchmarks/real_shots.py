"""Shot detection on real clips that were labelled by looking: `python -m benchmarks.real_shots --clips DIR`.

The clips are not ours to pass on: `labels/real_shots.toml` names the repository, path and revision that publish each,
and its sha256, by which it is found in DIR whatever its name. Clips that are absent are named and left out. The table
is that of `shots_wide`; its column of false cuts per minute is over the clips of one shot.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from animeflow.tables.frames import end_pts, pts
from benchmarks.accuracy import code_digest, once
from benchmarks.bounds import judge
from benchmarks.common import markdown, save
from benchmarks.shot_table import (
    METHODS,
    OURS,
    Counts,
    Labels,
    Range,
    best_in_every_column,
    count_all,
    f1,
    pooled,
    rows,
    values,
)
from benchmarks.shots_accuracy import read_signals

LABELS = Path(__file__).with_name("labels") / "real_shots.toml"
KIND = "real"
FEWEST = 10  # clips below which no result is saved


@dataclass(frozen=True)
class Clip:
    """A published clip and its labels in frames."""

    repo: str
    path: str
    revision: str
    sha256: str
    frames: int
    cuts: tuple[Range, ...]
    transitions: tuple[tuple[int, int, str], ...]
    fast: tuple[Range, ...]
    unjudged: tuple[Range, ...]
    tags: tuple[str, ...]
    note: str

    @property
    def name(self) -> str:
        return f"{self.repo.partition('/')[2]} {Path(self.path).name}"

    def labels(self, seconds_per_frame: float) -> Labels:
        """For counting; a clip of one shot counts for the false cuts per minute."""
        whole: tuple[Range, ...] = ((0, self.frames),) if "one shot" in self.tags else ()
        return Labels(
            self.frames, seconds_per_frame, self.cuts, self.transitions, whole, self.fast, self.unjudged
        )


def read_labels(path: Path = LABELS) -> list[Clip]:
    """The labelled clips. Raises KeyError or ValueError where an entry lacks a key or contradicts itself."""
    return [_clip(entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["clip"]]


def _clip(entry: Mapping[str, Any]) -> Clip:
    clip = Clip(
        repo=entry["repo"], path=entry["path"], revision=entry["revision"], sha256=entry["sha256"],
        frames=entry["frames"], cuts=tuple(_range(cut) for cut in entry["cuts"]),
        transitions=tuple((t["start"], t["end"], t["kind"]) for t in entry.get("transitions", ())),
        fast=tuple(_range(one) for one in entry.get("fast", ())),
        unjudged=tuple(_range(one) for one in entry.get("unjudged", ())),
        tags=tuple(entry["tags"]), note=entry.get("note", ""),
    )  # fmt: skip
    order = [frame for cut in clip.cuts for frame in cut]
    outside = [frame for frame in order if not 0 < frame < clip.frames]
    if order != sorted(order) or outside:
        raise ValueError(f"{clip.name}: cuts {clip.cuts} are not ascending within {clip.frames} frames")
    if "one shot" in clip.tags and (clip.cuts or clip.transitions):
        raise ValueError(f"{clip.name}: a clip of one shot has no cut")
    return clip


def _range(value: int | Sequence[int]) -> Range:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def find(clips: Iterable[Clip], folder: Path) -> dict[str, Path]:
    """sha256 -> file of the clips that are in `folder` or below it."""
    wanted = {clip.sha256 for clip in clips}
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest in wanted:
                found.setdefault(digest, path)
    return found


def measure(clip: Clip, path: Path) -> dict[str, Counts]:
    """Counts of every method on one clip. Raises ValueError where its labels are of another number of frames."""
    signals, _, probabilities = read_signals(path, text=False)
    if signals.num_rows != clip.frames:
        raise ValueError(f"{clip.name}: {clip.frames} frames were labelled, {signals.num_rows} decoded")
    stamps = pts(signals)
    base = signals["time_base_num"][0].as_py() / signals["time_base_den"][0].as_py()
    seconds = float((end_pts(stamps) - stamps[0]) * base)
    return count_all(signals, probabilities, clip.labels(seconds / clip.frames), name=clip.name)


def measure_all(clips: Sequence[Clip], paths: Mapping[str, Path]) -> dict[Clip, dict[str, Counts]]:
    """Every clip, measured once per state of the code and of its labels."""
    code = code_digest()
    found = {}
    for clip in clips:
        name = f"{code}-real-{clip.sha256[:16]}"
        plain = once(name, partial(_plain, clip, paths[clip.sha256]))
        found[clip] = {method: Counts.of(one) for method, one in plain.items()}
        print(f"  {clip.name}: {clip.frames} frames", file=sys.stderr, flush=True)
    return found


def _plain(clip: Clip, path: Path) -> dict[str, dict[str, Any]]:
    return {method: counts.plain() for method, counts in measure(clip, path).items()}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, required=True, help="folder with the clips, under any names")
    parser.add_argument("--report-only", action="store_true", help="exit 0 although a bound is missed")
    options = parser.parse_args()
    clips = read_labels()
    paths = find(clips, options.clips)
    absent = [clip for clip in clips if clip.sha256 not in paths]
    for clip in absent:
        print(f"absent: github.com/{clip.repo} {clip.path} at {clip.revision}", file=sys.stderr)
    found = measure_all([clip for clip in clips if clip.sha256 in paths], paths)
    if not found:
        print(f"none of the {len(clips)} labelled clips is in {options.clips}", file=sys.stderr)
        return 2
    total = pooled(found.values())
    verdicts = judge(values(KIND, total), best_in_every_column(KIND))
    missed = sum(verdict.missed for verdict in verdicts)
    seconds = total[OURS].held_s
    body = (
        f"{len(found)} clips of {len(clips)} labelled, {sum(clip.frames for clip in found)} frames; of one shot: "
        f"{sum('one shot' in clip.tags for clip in found)} clips, {seconds:.0f} s.\n\n"
        f"{markdown(rows(total))}\n\n{markdown([v.row() for v in verdicts])}\n\n"
        f"## By clip\n\n{markdown(list(by_clip(found)))}\n\n## What fused got wrong\n\n{wrong(total[OURS])}\n"
    )
    print(body)
    print(f"{missed} bounds missed" if missed else "every bound holds")
    if len(found) >= FEWEST:
        note = "Labelled by looking at every frame, before any detector had run; the labels are in `labels/`."
        away = f" Absent: {', '.join(clip.name for clip in absent)}." if absent else ""
        save(
            "real_shots", "Shots on real clips", f"{note}{away}\n\n{body}",
            "python -m benchmarks.real_shots --clips DIR",
        )  # fmt: skip
    return 1 if missed and not options.report_only else 0


def by_clip(found: Mapping[Clip, Mapping[str, Counts]]) -> Iterator[dict[str, Any]]:
    """One line a clip: what it is, and hard F1 (false, missed) of every method."""
    for clip, counts in found.items():
        line: dict[str, Any] = {
            "clip": clip.name,
            "tags": ", ".join(clip.tags),
            "cuts": len(clip.cuts),
        }
        for method in METHODS:
            c = counts[method]
            line[method] = f"{f1(c.right, c.false, c.missed):.2f} ({c.false}, {c.missed})"
        yield line


def wrong(counts: Counts) -> str:
    """False and missed hard cuts: clip and frame."""
    lines = [f"- {place}, false" for place in counts.false_at] + [
        f"- {place}, missed" for place in counts.missed_at
    ]
    return "\n".join(lines) or "Nothing."


__all__ = ["Clip", "find", "main", "measure", "read_labels"]

if __name__ == "__main__":
    sys.exit(main())
