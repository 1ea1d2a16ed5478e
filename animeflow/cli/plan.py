"""What a run would do: which shards, how many frames, how much room, how long."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from animeflow.cli.options import LISTED
from animeflow.tables import timings
from animeflow.tables.stages import StageSpec, select
from animeflow.tables.workspace import Workspace

if TYPE_CHECKING:
    from animeflow.defs.staleness import StageState
    from animeflow.defs.units import Source
    from animeflow.settings.tree import Settings
    from animeflow.source.units import Unit

# Where the workspace has no timings yet: CPU seconds per megapixel of source frame over all stages; of the sample at
# 640x360 on two cores. What a stage costs beside its work
# (its step, its checks) and a shard beside its stages (its page) does not grow with the frames.
S_PER_MEGAPIXEL = 0.9
S_PER_STAGE, S_PER_SHARD = 0.3, 4.0
# Bytes that a workspace grows by: without layers per byte of source, and with layers, kept and published, per megapixel
# of source frame; of the sample again. The first is asked for before a run, the second is what a plan shows.
GROWTH = 12.0
LAYERS_PER_MEGAPIXEL = 2_200_000
LAYERS = "smoothed_layers"
BYTES_PER_FRAME = 9_000  # of H.264 at 640x360, for archives, which are not opened
EXAMPLE_MEGAPIXELS = 640 * 360 / 1e6


@dataclass(frozen=True)
class ShardPlan:
    """One shard before it runs. `exact` says whether the frames were counted or guessed from the size; `stages` how
    many of those wanted do not stand.
    """

    key: str
    path: str
    kind: str
    files: int
    source_bytes: int
    frames: int
    exact: bool
    room_bytes: int
    stages: int
    estimated_s: float


def chosen_stages(words: Sequence[str]) -> list[StageSpec]:
    """The partitioned stages of --select; a usage error names an unknown word."""
    return [stage for stage in named_stages(words) if stage.partitioned]


def named_stages(words: Sequence[str]) -> list[StageSpec]:
    """The same with the tables across shards."""
    try:
        return select(tuple(words))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def chosen_units(source: Source, *, shards: Sequence[str], limit: int | None) -> list[Unit]:
    """The units of --shards (keys or paths, in the order of the source), at most --limit of them."""
    units = list(source.units)
    if shards:
        unknown = [word for word in shards if not any(word in (unit.key, unit.path) for unit in units)]
        if unknown:
            known = ", ".join(unit.key for unit in units[:LISTED])
            raise click.UsageError(
                f"no shard {', '.join(map(repr, unknown))} in the source; there are: {known}"
            )
        units = [unit for unit in units if unit.key in shards or unit.path in shards]
    return units if limit is None else units[:limit]


def plan_shard(
    unit: Unit,
    local_path: Callable[[str], Path] | None,
    workspace: Workspace,
    to_do: Sequence[StageState],
    settings: Settings,
) -> ShardPlan:
    """Count the frames of a unit whose files lie here; guess those of an archive or a remote unit from its size."""
    frames, megapixels, exact = _frames(unit, local_path, settings)
    per_frame = _measured_rate(workspace, {state.stage for state in to_do})
    work = frames * per_frame if per_frame else megapixels * S_PER_MEGAPIXEL
    estimated = work + S_PER_STAGE * len(to_do) + S_PER_SHARD
    return ShardPlan(
        key=unit.key,
        path=unit.name,
        kind=unit.kind,
        files=len(unit.files),
        source_bytes=unit.bytes,
        frames=frames,
        exact=exact,
        room_bytes=room_bytes(unit)
        + int(megapixels * LAYERS_PER_MEGAPIXEL if any(state.stage == LAYERS for state in to_do) else 0),
        stages=len(to_do),
        estimated_s=estimated if to_do else 0.0,
    )


def room_bytes(unit: Unit) -> int:
    """Bytes that the results of a unit take at least, but for its layers."""
    return int(unit.bytes * GROWTH)


def _frames(
    unit: Unit, local_path: Callable[[str], Path] | None, settings: Settings
) -> tuple[int, float, bool]:
    guessed = unit.bytes // BYTES_PER_FRAME
    if unit.kind == "archive" or local_path is None:
        return guessed, guessed * EXAMPLE_MEGAPIXELS, False
    from animeflow.errors import InputError
    from animeflow.source.shard import probe_within

    probe, frames, megapixels = probe_within(settings), 0, 0.0
    for file in unit.files:
        try:
            video = probe(local_path(file.path)).video
        except InputError:
            continue  # the run gives it a status row with the reason
        frames += video.frames
        megapixels += video.frames * video.width * video.height / 1e6
    return frames, megapixels, True


def _measured_rate(workspace: Workspace, stages: Collection[str]) -> float:
    """Seconds per source frame over these stages, from what has run in this workspace; 0 where nothing has."""
    seconds: dict[str, float] = {}
    frames: dict[str, int] = {}
    for shard in workspace.shards():
        logs = workspace.logs_dir(shard)
        for path in logs.glob("*.json") if logs.is_dir() else ():
            timing = timings.latest(logs, path.stem)
            if timing is not None and timing.source_frames and timing.asset in stages:
                seconds[timing.asset] = seconds.get(timing.asset, 0.0) + timing.wall_s
                frames[timing.asset] = frames.get(timing.asset, 0) + timing.source_frames
    return sum(seconds[asset] / frames[asset] for asset in seconds)
