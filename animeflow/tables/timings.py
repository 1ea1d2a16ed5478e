"""Timings of stages: the only files of a workspace that hold wall time, beside the Dagster instance.

`<workspace>/logs/<shard>/<asset>.json` is a JSON list, one object per materialisation, the latest last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from animeflow.tables.whole import write_whole

KEPT = 50  # materialisations that are remembered per asset


@dataclass(frozen=True)
class Timing:
    """What one materialisation of one asset cost."""

    asset: str
    shard: str
    run_id: str
    started_at: float  # seconds since the epoch
    wall_s: float
    cpu_s: float  # this process and its children, finished or not, user and system
    peak_rss_bytes: int  # of this process so far and its decode workers together; resident
    unchanged: bool  # the old result stood: nothing was computed
    videos: int  # videos worked on
    source_frames: int  # frames of those videos
    frames_decoded: Mapping[str, int] = field(default_factory=dict)  # by purpose
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def frames_per_s(self) -> float | None:
        """Source frames per second of wall time, None where no time passed."""
        return self.source_frames / self.wall_s if self.wall_s > 0 else None


def path_of(logs: Path, asset: str) -> Path:
    """Where the timings of an asset lie inside a shard's log folder."""
    return logs / f"{asset}.json"


def append(logs: Path, timing: Timing) -> None:
    """Add a timing to the shard's log folder (whole file replaced at once)."""
    logs.mkdir(parents=True, exist_ok=True)
    path = path_of(logs, timing.asset)
    entries = [*_entries(path), asdict(timing)][-KEPT:]
    write_whole(path, json.dumps(entries, indent=1, sort_keys=True) + "\n")


def read(logs: Path, asset: str) -> list[Timing]:
    """The timings of an asset, oldest first; empty where there are none."""
    return [Timing(**entry) for entry in _entries(path_of(logs, asset))]


def latest(logs: Path, asset: str, *, computed: bool = True) -> Timing | None:
    """The last timing of an asset, of a materialisation that computed something unless `computed` is False."""
    found = [timing for timing in read(logs, asset) if not (computed and timing.unchanged)]
    return found[-1] if found else None


def _entries(path: Path) -> list[dict[str, Any]]:
    """A log that cannot be read is started anew: it is a record of time, not of results."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return found if isinstance(found, list) else []
