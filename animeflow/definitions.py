"""Dagster's entry point."""

from __future__ import annotations

from animeflow.defs.graph import build

defs = build()
