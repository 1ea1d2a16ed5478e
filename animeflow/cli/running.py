"""What `run` and `demo` do: admit and run the shards, bring the tables across shards up to date, sum up."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import yaml

from animeflow.cli.encoding import encodes, needs_proof, prove_encoder, prove_ffmpeg
from animeflow.cli.engine import CATALOG, Engine, Order, ShardOutcome, run_in_children
from animeflow.cli.exits import BUSY, FAILED, INTERRUPTED, OK, SOME_FAILED, TERMINATED
from animeflow.cli.first_weights import bring_weights
from animeflow.cli.options import plain_path
from animeflow.cli.plan import chosen_units, plan_shard, room_bytes
from animeflow.cli.standing import catalog_stands, catalog_to_do, stands, to_do, will_encode
from animeflow.cli.stopping import stoppable
from animeflow.cli.summary import failed_stages, has_failed, print_summary, videos_failed
from animeflow.cli.terminal import Terminal, duration, size
from animeflow.cli.upstream import require_upstream
from animeflow.errors import Interrupted, WorkspaceBusy
from animeflow.hubs.folder import FolderHub
from animeflow.media.command import STOP
from animeflow.settings.tree import Settings
from animeflow.source.units import Unit
from animeflow.tables.words import plural
from animeflow.tables.workspace import SETTINGS

if TYPE_CHECKING:
    from animeflow.defs.units import Source

GB = 1_000_000_000
clock = time.monotonic


@dataclass(frozen=True)
class Request:
    """Which shards, and how."""

    shards: tuple[str, ...] = ()
    limit: int | None = None
    retry_failed: bool = False
    jobs: int = 1
    child_options: tuple[str, ...] = ()


def with_source(settings: Settings, source: Path | str) -> Settings:
    """The settings with the source that the command names (an absolute path, or a URL as it is)."""
    location = str(plain_path(source)) if isinstance(source, Path) else source
    hub = settings.source.hub.model_copy(update={"location": location})
    return settings.model_copy(update={"source": settings.source.model_copy(update={"hub": hub})})


def units_of(order: Order, request: Request) -> tuple[Source, list[Unit]]:
    """The source and the units to run; a usage error where they lack what the selected stages read.

    SettingsError where stages of a shard are wanted and the ffmpeg of the settings is not here, or is none.
    """
    from animeflow.defs.units import open_units

    if order.stages:
        prove_ffmpeg(order.settings)
    source = open_units(order.settings, order.workspace)
    units = chosen_units(source, shards=request.shards, limit=request.limit)
    if request.retry_failed:
        units = [unit for unit in units if has_failed(order.workspace, unit.key)]
    require_upstream(order.workspace, order.stages, (unit.key for unit in units))
    _note_other_source(order, units)
    return source, units


def _note_other_source(order: Order, units: Sequence[Unit]) -> None:
    """Say so where shards of another source that have the same keys would be replaced."""
    saved = order.workspace.root / SETTINGS
    if not saved.is_file():
        return
    before = yaml.safe_load(saved.read_text()) or {}
    old = before.get("source", {}).get("hub", {}).get("location")
    now = order.settings.source.hub.location
    same = sorted({unit.key for unit in units} & set(order.workspace.shards()))
    if old and now and str(old) != str(now) and same:
        more = f" and {len(same) - 1} more" if len(same) > 1 else ""
        click.echo(
            f"note: {order.workspace.root} was made from {old}; shard {same[0]}{more} of {now} takes the place "
            "of the one of that name (another --out keeps both)",
            err=True,
        )


def dry_run(order: Order, request: Request) -> int:
    """Print shards, frames, room, stages and estimated time; nothing is written."""
    source, units = units_of(order, request)
    if not units:
        click.echo("nothing to do")
        return OK
    busy = bool(order.stages) and _print_plan(order, request, source, units)
    if order.selection:
        click.echo(f"stages: {', '.join((*order.stages, *order.across))}")
    if order.across:
        late = order.across if busy else [state.stage for state in catalog_to_do(order)]
        click.echo(f"across shards: {', '.join(late) or 'unchanged'}")
    return OK


def _print_plan(order: Order, request: Request, source: Source, units: Sequence[Unit]) -> bool:
    """One line per shard; returns whether any has something to do."""
    local = source.hub.local_path if isinstance(source.hub, FolderHub) else None
    late = {unit.key: to_do(order_of(order, request, unit.key), unit) for unit in units}
    found = [plan_shard(unit, local, order.workspace, late[unit.key], order.settings) for unit in units]
    width = max(len(plan.key) for plan in found)
    beside = {unit.key: unit.label.removeprefix(unit.key) for unit in units}
    click.echo(
        f"{'shard':<{width}}  {'files':>5}  {'source':>9}  {'frames':>8}  {'room':>9}  {'stages':>6}  time (estimated)"
    )
    for plan in found:
        about = "" if plan.exact else "~"
        time_s = duration(plan.estimated_s) if plan.stages else "unchanged"
        click.echo(
            f"{plan.key:<{width}}  {plan.files:>5}  {size(plan.source_bytes):>9}  {about + str(plan.frames):>8}  "
            f"{size(plan.room_bytes):>9}  {plan.stages:>6}  {time_s}"
            + (f"  {beside[plan.key]}" if beside[plan.key] else "")
        )
    total = sum(plan.estimated_s for plan in found)
    room = sum(plan.room_bytes for plan in found)
    click.echo(
        f"{plural(len(found), 'shard')}, {plural(sum(p.frames for p in found), 'frame')}, {size(room)}, "
        f"{duration(total)} in all"
    )
    if encodes(state.stage for states in late.values() for state in states):
        click.echo(prove_encoder(order.settings))
    return any(plan.stages for plan in found)


def carry_out(order: Order, request: Request, terminal: Terminal) -> int:
    """Run, and return the exit code."""
    _, units = units_of(order, request)
    if not units:
        terminal.line("nothing failed: nothing to retry" if request.retry_failed else "nothing to do")
        return OK
    order = replace(order, labels={unit.key: unit.label for unit in units})
    engine = Engine(order, terminal)  # makes the workspace: not before the source is known to hold something
    outcomes = stoppable(lambda: _run(engine, request, units))
    return _conclude(order, outcomes, terminal)


def _run(engine: Engine, request: Request, units: Sequence[Unit]) -> list[ShardOutcome]:
    todo = {
        unit.key: order
        for unit in units
        if not stands(order := order_of(engine.order, request, unit.key), unit)
    }
    _require_room(engine.order, [unit for unit in units if unit.key in todo])
    if needs_proof(engine.order.settings) and any(
        will_encode(todo[unit.key], unit) for unit in units if unit.key in todo
    ):
        prove_encoder(engine.order.settings)
    if todo:
        bring_weights(engine.order.settings, engine.order.stages, engine.terminal)
    left = [unit.key for unit in units if engine.order.stages and unit.key not in todo]
    outcomes = [engine.leave(shard) for shard in left]
    if request.jobs > 1 and len(todo) > 1:
        outcomes += _in_children(request, list(todo), engine.terminal)
    elif todo:
        outcomes += _in_process(engine, request, todo)
    if STOP.is_set():
        raise Interrupted("stopped on request")
    if engine.order.across and (not engine.order.stages or any(outcome.success for outcome in outcomes)):
        outcomes += _across_shards(engine)
    if not todo:
        engine.save_settings()
    return outcomes


def _require_room(order: Order, units: Sequence[Unit]) -> None:
    if units:
        needed = max(room_bytes(unit) for unit in units)
        order.workspace.require_free(needed, keep=int(order.settings.run.min_free_gb * GB))


def order_of(order: Order, request: Request, shard: str) -> Order:
    """The order as it is for one shard: a retry forces what failed there."""
    if not request.retry_failed:
        return order
    return replace(order, force=tuple({*order.force, *failed_stages(order.workspace, shard)}))


def _across_shards(engine: Engine) -> list[ShardOutcome]:
    if catalog_stands(engine.order):
        engine.terminal.line("across shards  unchanged")
        return []
    engine.terminal.line("across shards")
    try:
        catalog = engine.run_catalog()
    except WorkspaceBusy as error:
        return [engine.pass_by(CATALOG, error)]
    checks = (*catalog.failed_checks, *catalog.warned_checks)
    if catalog.success and not checks:
        return []
    return [
        ShardOutcome(
            CATALOG, catalog.success, catalog.interrupted, 0.0, catalog.failures, catalog.run_id, checks
        )
    ]


def _in_process(engine: Engine, request: Request, orders: Mapping[str, Order]) -> list[ShardOutcome]:
    if not request.retry_failed:
        return engine.run_shards(list(orders))
    outcomes = []
    for before, (shard, order) in enumerate(orders.items()):
        outcomes += Engine(order, engine.terminal).run_shards([shard], before=before, of=len(orders))
    return outcomes


def _in_children(request: Request, shards: Sequence[str], terminal: Terminal) -> list[ShardOutcome]:
    codes = run_in_children(shards, jobs=request.jobs, command=request.child_options, terminal=terminal)
    return [
        ShardOutcome(
            shard,
            code in (OK, SOME_FAILED),
            code in (INTERRUPTED, TERMINATED),
            0.0,
            {} if code != FAILED else {"run": "see above"},
            busy=f"shard {shard} is being written by another run" if code == BUSY else "",
        )
        for shard, code in codes.items()
    ]


def _conclude(order: Order, outcomes: Sequence[ShardOutcome], terminal: Terminal) -> int:
    shards = [outcome.shard for outcome in outcomes if outcome.shard != CATALOG]
    if not order.part:
        print_summary(order, outcomes, terminal)
    if any(outcome.interrupted for outcome in outcomes):
        return INTERRUPTED
    if order.part and any(outcome.busy for outcome in outcomes):
        return BUSY
    if not all(outcome.success for outcome in outcomes):
        return FAILED
    return SOME_FAILED if any(videos_failed(order.workspace, shard) for shard in shards) else OK
