"""The resource by which an asset runs as a stage: it opens the stage, runs it, and reports it to Dagster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from animeflow.defs.failures import dagster_failures
from animeflow.defs.memory import give_back
from animeflow.defs.opening import open_stage
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
from animeflow.defs.units import catalog_rows, open_units
from animeflow.hubs.base import HubBackend
from animeflow.settings.tree import Settings
from animeflow.source.units import Unit
from animeflow.tables.failed import remembered
from animeflow.tables.handle import Handle
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import Staging
from animeflow.tables.workspace import CATALOG, Workspace

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
        origin: Mapping[str, str] | None = None,
    ) -> Stage:
        """The stage of the running asset (`name` where the step has several) with its inputs."""
        spec = STAGES[name or context.asset_key.to_user_string()]
        shard = context.partition_key if spec.partitioned else None
        with self._failures(shard, spec.name):
            return open_stage(
                spec.name,
                shard=shard,
                settings=self.settings,
                workspace=self.workspace,
                inputs=inputs,
                origin=origin,
                run_id=context.run.run_id,
                log=context.log.info,
                force=self.force,
            )

    def unit(self, context: dg.AssetExecutionContext) -> tuple[HubBackend, Unit]:
        """The unit of the running partition and the repository that holds it."""
        with self._failures(context.partition_key, "shard_files"):
            source = open_units(self.settings, self.workspace)
            return source.hub, source.unit(context.partition_key)

    def catalog_rows(self) -> list[dict[str, object]]:
        """The units of the source as rows of `source_catalog`."""
        with self._failures(None, "source_catalog"):
            return catalog_rows(self.settings, self.workspace)

    def per_video(self, stage: Stage, work: VideoWork) -> Result[Outcome]:
        """Run `work` on every video of the shard."""
        return self._finish(stage, lambda: run_per_video(stage, work))

    def per_shard(self, stage: Stage, work: Callable[[Stage, Staging], ShardResult]) -> Result[Outcome]:
        """Run `work` once for the shard."""
        return self._finish(stage, lambda: run_per_shard(stage, work))

    def jointly(self, stages: Sequence[Stage], work: JointWork) -> Iterator[Result[Outcome]]:
        """Run several stages in one pass over the videos."""
        with self._failures(stages[0].shard, *(stage.spec.name for stage in stages)):
            try:
                outcomes = run_jointly(stages, work)
            finally:
                for stage in stages:
                    stage.models.release()
                give_back()
        for outcome in outcomes:
            yield materialized(outcome)

    @contextmanager
    def _failures(self, shard: str | None, *names: str) -> Iterator[None]:
        """What ends these stages is remembered for `status`, and leaves as what Dagster understands."""
        with dagster_failures(names[0], shard), remembered(self.workspace.logs_dir(shard or CATALOG), *names):
            yield

    def _finish(self, stage: Stage, run: Callable[[], Outcome]) -> Result[Outcome]:
        with self._failures(stage.shard, stage.spec.name):
            try:
                return materialized(run())
            finally:
                stage.models.release()
                give_back()


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
