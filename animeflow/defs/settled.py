"""Which stages of a shard the last run left in order: the history has them, and none of their checks failed.

Kept inside the instance: without its history nothing is settled. What a killed or failed run began is not settled
either, so the next run opens the instance, clears what was left there, and asks the checks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from animeflow.tables.whole import write_whole
from animeflow.tables.workspace import Workspace


def settled(workspace: Workspace, shard: str) -> frozenset[str]:
    """Names of the stages that are settled."""
    try:
        return frozenset(json.loads(_path(workspace, shard).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return frozenset()


def unsettle(workspace: Workspace, shard: str, stages: Iterable[str]) -> None:
    """A run of these stages begins."""
    _write(workspace, shard, settled(workspace, shard) - set(stages))


def settle(workspace: Workspace, shard: str, stages: Iterable[str]) -> None:
    """A run of these stages ended well."""
    _write(workspace, shard, settled(workspace, shard) | set(stages))


def _write(workspace: Workspace, shard: str, stages: Iterable[str]) -> None:
    path = _path(workspace, shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(sorted(stages)) + "\n")


def _path(workspace: Workspace, shard: str) -> Path:
    return workspace.instance_dir / "settled" / f"{shard}.json"
