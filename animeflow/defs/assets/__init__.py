"""The assets, one module per group.

Two rules of these modules: no `from __future__ import annotations` (Dagster looks at the type of `context` itself),
and the core functions are imported inside the asset, so that loading the definitions needs neither OpenCV nor torch.
"""

from __future__ import annotations

from animeflow.defs.assets import shots, source

ASSETS = [source.shard_files, shots.one_decode]
