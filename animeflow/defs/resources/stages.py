"""The resource by which an asset runs as a stage: it opens the stage, runs it, and reports it to Dagster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from pydantic import BaseModel

from animeflow.defs.failures import dagster_failures
from animeflow.defs.progress import Watch
from animeflow.defs.resources.models import Models, cpu_threads
from animeflow.defs.results import materialized
from animeflow.defs.runner import (
    JointWork,
    Outcome,
    ShardResult,
    VideoWork,
    run_jointly,
    run_per_shard,
    run_per_video,
)
from animeflow.defs.stage import Stage
from animeflow.settings.tree import Settings
from animeflow.tables.handle import Handle
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import Staging
from animeflow.tables.workspace import Workspace

Wanted = Mapping[str, tuple[str, BaseModel]]
Result = dg.MaterializeResult


@dataclass(frozen=True)
class Stages:
    """What every asset asks for: settings, workspace, and the ways in which a stage runs."""

    settings: Settings
    workspace: Workspace
    force: tuple[str, ...] = ()

    def open(
        self,
        context: dg.AssetExecutionContext,
        *inputs: Handle,
        name: str | None = None,
        models: Wanted | None = None,
        optional: Sequence[str] = (),
        origin: Mapping[str, str] | None = None,
    ) -> Stage:
        """The stage of the running asset (`name` where the step has several), its inputs and its models."""
        spec = STAGES[name or context.asset_key.to_user_string()]
        shard = context.partition_key if spec.partitioned else None
        with dagster_failures(spec.name, shard):
            return Stage(
                spec=spec,
                shard=shard,
                run_id=context.run.run_id,
                settings=self.settings,
                workspace=self.workspace,
                watch=Watch(shard or "catalog", spec.name, context.log.info),
                inputs={handle.asset: handle for handle in inputs},
                models=Models(
                    spec.group,
                    self.settings.models,
                    cpu_threads(self.settings),
                    models or {},
                    tuple(optional),
                ),
                origin=origin or {},
                force=spec.name in self.force or spec.group in self.force,
            )

    def per_video(self, stage: Stage, work: VideoWork) -> Result[Outcome]:
        """Run `work` on every video of the shard."""
        return self._finish(stage, lambda: run_per_video(stage, work))

    def per_shard(self, stage: Stage, work: Callable[[Stage, Staging], ShardResult]) -> Result[Outcome]:
        """Run `work` once for the shard."""
        return self._finish(stage, lambda: run_per_shard(stage, work))

    def jointly(self, stages: Sequence[Stage], work: JointWork) -> Iterator[Result[Outcome]]:
        """Run several stages in one pass over the videos."""
        with dagster_failures(stages[0].spec.name, stages[0].shard):
            try:
                outcomes = run_jointly(stages, work)
            finally:
                for stage in stages:
                    stage.models.close()
        for outcome in outcomes:
            yield materialized(outcome)

    @staticmethod
    def _finish(stage: Stage, run: Callable[[], Outcome]) -> Result[Outcome]:
        with dagster_failures(stage.spec.name, stage.shard):
            try:
                return materialized(run())
            finally:
                stage.models.close()


@dg.resource(
    config_schema={
        "force": dg.Field(
            [str],
            default_value=[],
            description="Stages or groups that run although nothing that goes into them has changed.",
        )
    },
    required_resource_keys={"settings", "workspace"},
    description="How a stage runs: locks, digests, status rows, progress, timings.",
)
def stages_resource(context: dg.InitResourceContext) -> Stages:
    """The stages of this run."""
    resources = context.resources
    return Stages(resources.settings, resources.workspace, tuple(context.resource_config["force"]))
