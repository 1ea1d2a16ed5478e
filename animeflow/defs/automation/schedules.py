"""What runs by the clock."""

from __future__ import annotations

import dagster as dg

from animeflow.defs.automation.jobs import CATALOG


def schedules() -> list[dg.ScheduleDefinition]:
    """The tables across shards, every night; switched on in the UI."""
    return [
        dg.ScheduleDefinition(
            name="catalog_every_night",
            job_name=CATALOG,
            cron_schedule="0 4 * * *",
            description="The tables across shards, from their manifests.",
            default_status=dg.DefaultScheduleStatus.STOPPED,
        )
    ]
