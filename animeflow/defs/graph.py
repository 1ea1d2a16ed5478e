"""Everything that Dagster sees, put together."""

from __future__ import annotations

import dagster as dg

from animeflow.defs.assets import ASSETS
from animeflow.defs.automation.jobs import jobs
from animeflow.defs.automation.schedules import schedules
from animeflow.defs.automation.sensors import sensors
from animeflow.defs.checks import CHECKS
from animeflow.defs.resources.settings import settings_resource
from animeflow.defs.resources.stages import stages_resource
from animeflow.defs.resources.workspace import workspace_resource
from animeflow.defs.storage import workspace_io_manager

# A stage per process, forked from a server that has imported the definitions: the exit of the process frees the card.
EXECUTOR = dg.multiprocess_executor.configured(
    {"max_concurrent": 2, "start_method": {"forkserver": {"preload_modules": ["animeflow.definitions"]}}}
)


def build() -> dg.Definitions:
    """The definitions of the code location."""
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        jobs=jobs(),
        sensors=sensors(),
        schedules=schedules(),
        executor=EXECUTOR,
        resources={
            "workspace": workspace_resource,
            "settings": settings_resource,
            "stages": stages_resource,
            "io_manager": workspace_io_manager,
        },
    )
