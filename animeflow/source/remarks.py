"""What a person should know of the files of a shard although nothing failed: restored pictures, files left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from animeflow.tables.status import State, Status

# Pictures that are neither those of the film nor of one moment each. Film that is stretched by flags alone is not among
# them: its frames are whole, only their times step 2, 3, 2, 3.
STRETCHED = {
    "telecine_hard": "telecined",
    "interlaced": "interlaced",
    "mixed": "partly telecined or interlaced",
}
COLUMNS = ("path", "usable", "scan", "frames", "restored", "restored_from_frames")
"""The columns of `shard_files` that are read here."""
_FLAGS = "setfield"


def restored(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per restored video: what it was, frames before and after, by which filters."""
    return [
        f"{row['path']!r} was {STRETCHED.get(row['scan'], row['scan'])}: restored, "
        f"{row['restored_from_frames']} frames became {row['frames']} ({_filters(row['restored'])})"
        for row in rows
        if row["usable"] and row["restored"]
    ]


def not_restored(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per usable video whose pictures are not those of the film or of one moment each."""
    return [
        f"{row['path']!r} is {STRETCHED[row['scan']]} and was not restored (source.restore=film restores it)"
        for row in rows
        if row["usable"] and row["scan"] in STRETCHED and not row["restored"]
    ]


def left_out(statuses: Iterable[Status]) -> list[str]:
    """One line per file that was left out: copies, archives in archives, videos in forms or under names unknown."""
    return [f"{one.path!r} {one.message}" for one in statuses if one.state is State.SKIPPED]


def _filters(chain: str) -> str:
    names = [part.partition("=")[0] for part in chain.split(",")]
    return ", ".join(name for name in names if name != _FLAGS)
