"""The HTML page of a shard, and small pictures for Dagster's previews."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animeflow.settings.tree import Settings
    from animeflow.tables.workspace import Workspace


def build_report(workspace: Workspace, shard: str, out: Path, *, settings: Settings | None = None) -> Path:
    """Write the page of a shard to `out` and return it; see `animeflow.report.page`."""
    from animeflow.report.page import build_report as build

    return build(workspace, shard, out, settings=settings)


__all__ = ["build_report"]
