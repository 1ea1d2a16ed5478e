"""The one partition of the graph: a shard, that is an archive or a folder that directly holds videos."""

from __future__ import annotations

import dagster as dg

SHARDS = dg.DynamicPartitionsDefinition(name="shard")
SHARD_TAG = "animeflow/shard"
LOCATION = "animeflow"  # the code location's name: in pyproject.toml, workspace.yaml and every run's origin
