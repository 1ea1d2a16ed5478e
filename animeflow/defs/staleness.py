"""What of a shard is done, missing or out of date, and why, without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from animeflow.defs.opening import open_stage
from animeflow.defs.stage import Stage
from animeflow.defs.targets import target_origin
from animeflow.settings.tree import Settings
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import Manifest
from animeflow.tables.stages import STAGES, StageSpec
from animeflow.tables.workspace import Workspace

State = Literal["done", "missing", "stale", "unfinished"]


@dataclass(frozen=True)
class StageState:
    """One stage of one shard. `unfinished` has a transient error or lacks a file; `why` is empty when done."""

    stage: str
    group: str
    state: State
    why: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


def shard_states(
    shard: str, *, settings: Settings, workspace: Workspace, unit_digest: str | None
) -> list[StageState]:
    """Every partitioned stage in the order of the graph. `unit_digest` None: the source was not asked."""
    found: dict[str, StageState] = {}
    for spec in STAGES.values():
        if spec.partitioned:
            found[spec.name] = _state(spec, shard, settings, workspace, unit_digest, found)
    return list(found.values())


def _state(
    spec: StageSpec,
    shard: str,
    settings: Settings,
    workspace: Workspace,
    unit_digest: str | None,
    before: Mapping[str, StageState],
) -> StageState:
    manifest = workspace.manifest(shard, spec.name)
    if manifest is None:
        return StageState(spec.name, spec.group, "missing", ("was never finished",))
    faults = _unfinished(manifest, workspace, shard, spec)
    if faults:
        return StageState(spec.name, spec.group, "unfinished", tuple(faults), manifest.counts)
    why = _stale(spec, shard, manifest, settings, workspace, unit_digest)
    why += [
        f"{name} is {before[name].state}"
        for name in spec.inputs
        if name in before and before[name].state != "done"
    ]
    return StageState(spec.name, spec.group, "stale" if why else "done", tuple(why), manifest.counts)


def _unfinished(manifest: Manifest, workspace: Workspace, shard: str, spec: StageSpec) -> list[str]:
    if not manifest.done:
        return [f"{manifest.transient_errors} videos had an error that may go away"]
    return manifest.verify(workspace.asset_dir(shard, spec.name))[:3]


def _stale(
    spec: StageSpec,
    shard: str,
    manifest: Manifest,
    settings: Settings,
    workspace: Workspace,
    unit_digest: str | None,
) -> list[str]:
    handles = [_handle(workspace, shard, name) for name in spec.inputs if STAGES[name].partitioned]
    if any(handle is None for handle in handles):
        return []  # said by the state of that input
    if not spec.inputs and unit_digest is None:
        unit_digest = manifest.provenance.get("upstream", {}).get("unit")
    origin = {"unit": unit_digest} if not spec.inputs and unit_digest else target_origin(spec.name, settings)
    inputs = [handle for handle in handles if handle is not None]
    stage = open_stage(
        spec.name, shard=shard, settings=settings, workspace=workspace, inputs=inputs, origin=origin
    )
    if stage.input_digest == manifest.input_digest:
        return []
    return differences(manifest.provenance, stage) or ["something that goes in has changed"]


def differences(made_by: Mapping[str, Any], stage: Stage) -> list[str]:
    """What differs between the provenance of a result and what would go in now, in words."""
    now = stage.provenance
    found = []
    if made_by.get("code_version") != now["code_version"]:
        found.append(f"code version {made_by.get('code_version')} -> {now['code_version']}")
    for kind, text in (("settings", "settings {}"), ("upstream", "{} has changed"), ("models", "model {}")):
        old, new = made_by.get(kind) or {}, now[kind]
        found += [
            text.format(key)
            for key in sorted({*old, *new})
            if _essence(old.get(key)) != _essence(new.get(key))
        ]
    if made_by.get("device") != now["device"]:
        found.append(f"device {made_by.get('device')} -> {now['device']}")
    return found


def _essence(value: Any) -> Any:
    """Of a model, what decides: its fingerprint and whether its weights were there."""
    return (value.get("fingerprint"), value.get("absent")) if isinstance(value, Mapping) else value


def _handle(workspace: Workspace, shard: str, name: str) -> Handle | None:
    return None if workspace.manifest(shard, name) is None else workspace.handle(shard, name)
