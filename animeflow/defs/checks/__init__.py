"""Checks that recount from files what stages claim."""

from __future__ import annotations

import dagster as dg

CHECKS: list[dg.AssetChecksDefinition] = []
