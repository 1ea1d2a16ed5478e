"""What runs by the clock."""

from __future__ import annotations

import dagster as dg

from animeflow.defs.automation.jobs import CATALOG
from animeflow.defs.automation.retention import retention
from animeflow.delivery.retention import removable
from animeflow.settings.tree import Settings


def schedules() -> list[dg.ScheduleDefinition]:
    """The tables across shards, every night, switched on in the UI; retention, switched on by its settings."""
    return [
        dg.ScheduleDefinition(
            name="catalog_every_night",
            job_name=CATALOG,
            cron_schedule="0 4 * * *",
            description="The tables across shards, from their manifests.",
            default_status=dg.DefaultScheduleStatus.STOPPED,
        ),
        retention_every_hour,
    ]


@dg.schedule(
    job=retention,
    cron_schedule="30 * * * *",
    description="Deletes what delivery.retention lets go; skips where it lets nothing go.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def retention_every_hour(settings: dg.ResourceParam[Settings]) -> dg.RunRequest | dg.SkipReason:
    """A run where the settings ask for one."""
    if removable(settings.delivery.retention):
        return dg.RunRequest()
    return dg.SkipReason("delivery.retention lets nothing go")
