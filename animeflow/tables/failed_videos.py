"""Which videos of a shard failed: the one count that the end of a run, `status`, checks, exports and the report name.

A video failed where any stage has a failed row of it, and counts once. What is carried as skipped failed elsewhere, or
nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from animeflow.tables.stages import STAGES
from animeflow.tables.status import State, Status

if TYPE_CHECKING:
    from animeflow.tables.workspace import Workspace


def distinct(statuses: Iterable[Status]) -> list[str]:
    """Paths of the files that failed, each once."""
    return sorted({status.path for status in statuses if status.state is State.FAILED})


def rows(workspace: Workspace, shard: str) -> list[tuple[Status, str]]:
    """Every failed row of the shard with its stage, in the order of the stages."""
    found = []
    for name, spec in STAGES.items():
        manifest = workspace.manifest(shard, name) if spec.partitioned else None
        if manifest is not None and manifest.counts.get("failed"):
            statuses = workspace.handle(shard, name).statuses
            found += [(status, name) for status in statuses if status.state is State.FAILED]
    return found


def of_shard(workspace: Workspace, shard: str) -> list[str]:
    """Paths of the files of the shard that failed in any stage."""
    return distinct(status for status, _ in rows(workspace, shard))
