"""What of a shard is done, missing or out of date, and why, without running anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from animeflow.defs import origins
from animeflow.defs.judgement import STANDING, State, judge
from animeflow.defs.opening import open_stage
from animeflow.defs.stage import Stage
from animeflow.defs.units import catalog_rows
from animeflow.settings.tree import Settings
from animeflow.tables.handle import Handle
from animeflow.tables.stages import STAGES, StageSpec
from animeflow.tables.workspace import Workspace

SOURCE_CATALOG = "source_catalog"


@dataclass(frozen=True)
class StageState:
    """One stage of one shard, as it is judged; a stage after one that is not done is stale."""

    stage: str
    group: str
    state: State
    why: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ShardView:
    """A shard as it lies in the workspace. `unit_digest` None: the source was not asked."""

    shard: str
    settings: Settings
    workspace: Workspace
    unit_digest: str | None
    force: Sequence[str] = ()

    def stage(self, spec: StageSpec, inputs: Mapping[str, Handle]) -> Stage:
        """The stage as a run would open it."""
        origin = origins.of_target(spec.name, self.settings)
        if not spec.inputs:
            origin = {} if (digest := self._unit_digest(spec)) is None else origins.of_unit(digest)
        return open_stage(
            spec.name,
            shard=self.shard,
            settings=self.settings,
            workspace=self.workspace,
            inputs=list(inputs.values()),
            origin=origin,
            force=self.force,
        )

    def _unit_digest(self, spec: StageSpec) -> str | None:
        if self.unit_digest is not None:
            return self.unit_digest
        manifest = self.workspace.manifest(self.shard, spec.name)
        return None if manifest is None else manifest.provenance.get("upstream", {}).get("unit")


def shard_states(
    shard: str,
    *,
    settings: Settings,
    workspace: Workspace,
    unit_digest: str | None,
    force: Sequence[str] = (),
    wanted: Collection[str] = (),
) -> list[StageState]:
    """The partitioned stages in the order of the graph: all, or the `wanted` ones on the others as they lie there."""
    view = ShardView(shard, settings, workspace, unit_digest, force)
    handles: dict[str, Handle] = {}
    found: dict[str, StageState] = {}
    for spec in STAGES.values():
        if not spec.partitioned:
            continue
        if not wanted or spec.name in wanted:
            found[spec.name] = _state(spec, view, handles, found)
        if (manifest := workspace.manifest(shard, spec.name)) is not None:
            handles[spec.name] = Handle(workspace.asset_dir(shard, spec.name), manifest)
    return list(found.values())


def catalog_states(
    settings: Settings, workspace: Workspace, *, force: Sequence[str] = ()
) -> list[StageState]:
    """Every table across shards."""
    rows, shards = catalog_rows(settings, workspace), origins.of_shards(workspace)
    states = []
    for spec in STAGES.values():
        if spec.partitioned:
            continue
        origin = origins.of_units(rows) if spec.name == SOURCE_CATALOG else shards
        stage = open_stage(
            spec.name, shard=None, settings=settings, workspace=workspace, origin=origin, force=force
        )
        verdict = judge(stage)
        states.append(StageState(spec.name, spec.group, verdict.state, verdict.why))
    return states


def _state(
    spec: StageSpec, view: ShardView, handles: Mapping[str, Handle], before: Mapping[str, StageState]
) -> StageState:
    # Where an input was never finished the digests cannot be compared: its own state says why.
    inputs = {name: handles[name] for name in spec.inputs if name in handles}
    verdict = judge(view.stage(spec, inputs))
    late = [name for name in spec.inputs if name in before and before[name].state not in STANDING]
    counts = verdict.manifest.counts if verdict.manifest else {}
    if verdict.state in ("missing", "unfinished"):
        return StageState(spec.name, spec.group, verdict.state, verdict.why, counts)
    own = () if any(name not in inputs for name in late) else verdict.why
    why = (*own, *(f"{name} is {before[name].state}" for name in late))
    return StageState(spec.name, spec.group, "stale" if why else verdict.state, why, counts)
