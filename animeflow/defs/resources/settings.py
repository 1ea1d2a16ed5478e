"""The settings tree as a resource: <workspace>/settings.yaml is the base, the launchpad overrides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from animeflow.defs.resources.schema import config_of, to_values
from animeflow.settings.load import load
from animeflow.settings.tree import Settings
from animeflow.tables.workspace import SETTINGS, Workspace


def resolve(workspace: Workspace, values: Mapping[str, Any] | None = None) -> Settings:
    """The tree that holds in a workspace: its settings.yaml, then the environment, then `values`."""
    file = workspace.root / SETTINGS
    values = dict(values or {})
    return load(file=file if file.is_file() else None, profile=values.get("profile"), values=values)


@dg.resource(
    config_schema=config_of(Settings),
    required_resource_keys={"workspace"},
    description="Everything that can be set. What is left out comes from the workspace's settings.yaml.",
)
def settings_resource(context: dg.InitResourceContext) -> Settings:
    """The resolved tree of this run."""
    return resolve(context.resources.workspace, to_values(Settings, context.resource_config))
