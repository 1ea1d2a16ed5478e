"""The sensor on the source."""

from __future__ import annotations

import dagster as dg


def sensors() -> list[dg.SensorDefinition]:
    """The sensors of the code location."""
    return []
