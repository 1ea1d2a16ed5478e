"""Opening a stage: the same for an asset that runs it and for `animeflow status`, which asks whether it would run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from animeflow.defs.progress import Watch
from animeflow.defs.resources.models import Models, cpu_threads
from animeflow.defs.stage import Stage
from animeflow.defs.wanted import wanted_by
from animeflow.settings.tree import Settings
from animeflow.tables.handle import Handle
from animeflow.tables.stages import STAGES
from animeflow.tables.workspace import Workspace


def open_stage(
    name: str,
    *,
    shard: str | None,
    settings: Settings,
    workspace: Workspace,
    inputs: Sequence[Handle] = (),
    origin: Mapping[str, str] | None = None,
    run_id: str = "none",
    log: Callable[[str], None] = lambda _: None,
    force: Sequence[str] = (),
) -> Stage:
    """The stage `name` of a shard with the models that its settings choose. Nothing is loaded or locked yet."""
    spec = STAGES[name]
    return Stage(
        spec=spec,
        shard=shard,
        run_id=run_id,
        settings=settings,
        workspace=workspace,
        watch=Watch(shard or "catalog", name, log),
        inputs={handle.asset: handle for handle in inputs},
        models=Models(spec.group, settings.models, cpu_threads(settings), wanted_by(name, settings)),
        origin=origin or {},
        force=name in force or spec.group in force,
    )
