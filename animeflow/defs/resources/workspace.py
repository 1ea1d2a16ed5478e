"""The workspace as a resource: which folder it is, is read when a run begins, never at import."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from animeflow.tables.workspace import Workspace

ENV = "ANIMEFLOW_WORKSPACE"
DEFAULT = "workspace"


def find_workspace(root: str | None = None) -> Workspace:
    """The workspace at `root`, else at $ANIMEFLOW_WORKSPACE, else ./workspace."""
    return Workspace(Path(root or os.environ.get(ENV) or DEFAULT).absolute())


@dg.resource(
    config_schema={
        "root": dg.Field(
            str,
            is_required=False,
            description=f"Folder of the workspace. Default: ${ENV}, else ./{DEFAULT} where the process runs.",
        )
    },
    description="The folder that holds a shard's assets, logs and reports.",
)
def workspace_resource(context: dg.InitResourceContext) -> Workspace:
    """The workspace of this run."""
    return find_workspace(context.resource_config.get("root"))
