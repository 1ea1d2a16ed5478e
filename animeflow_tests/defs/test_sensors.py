"""The sensor on the source: quiet rule, cursor, run keys, limits, priorities."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from animeflow.definitions import defs
from animeflow.defs.automation.sensors import Cursor, plan_tick, priority, source_units
from animeflow.hubs.base import RemoteFile
from animeflow.settings.load import load
from animeflow.source.completeness import Completeness
from animeflow.source.units import Unit
from animeflow.tables.workspace import Workspace

READY = Completeness(True, "quiet")


def unit(name: str, *, size: int = 1000, etag: str = "1", files: int = 1) -> Unit:
    return Unit(name, "folder", tuple(RemoteFile(f"{name}/{n}.mkv", size, etag) for n in range(files)))


def test_a_unit_is_sent_off_once_per_content() -> None:
    first = plan_tick([unit("a")], Cursor(), now=0.0, ready=lambda *_: READY)
    again = plan_tick([unit("a")], first.cursor, now=1.0, ready=lambda *_: READY)
    changed = plan_tick([unit("a", etag="2")], again.cursor, now=2.0, ready=lambda *_: READY)
    assert [len(tick.requests) for tick in (first, again, changed)] == [1, 0, 1]


def test_the_cursor_advances_only_for_units_that_are_sent_off() -> None:
    units = [unit(f"u{n}") for n in range(5)]
    tick = plan_tick(units, Cursor(), now=0.0, ready=lambda *_: READY, limit=2)
    assert len(tick.requests) == 2 and len(tick.cursor.sent) == 2
    rest = plan_tick(units, tick.cursor, now=1.0, ready=lambda *_: READY, limit=10)
    assert {u.key for u in tick.requests}.isdisjoint(u.key for u in rest.requests) and len(rest.requests) == 3


def test_small_units_go_first() -> None:
    large, middle, small = unit("a", size=30_000_000_000), unit("b", size=9_000_000_000), unit("c")
    tick = plan_tick([large, middle, small], Cursor(), now=0.0, ready=lambda *_: READY)
    assert [u.path for u in tick.requests] == ["c", "b", "a"]
    assert [priority(u) for u in tick.requests] == [3, 2, 1]


def test_a_unit_that_still_changes_waits_and_its_first_sight_is_remembered() -> None:
    asked: list[float] = []

    def ready(_: Unit, first_seen: float) -> Completeness:
        asked.append(first_seen)
        return Completeness(False, waits_for="quiet")

    tick = plan_tick([unit("a")], Cursor(), now=10.0, ready=ready)
    tick = plan_tick([unit("a")], Cursor.read(tick.cursor.write()), now=20.0, ready=ready)
    plan_tick([unit("a", etag="2")], tick.cursor, now=30.0, ready=ready)
    assert asked == [10.0, 10.0, 30.0] and tick.waiting == {unit("a").key: "quiet"}


def test_a_unit_that_is_gone_is_forgotten() -> None:
    tick = plan_tick([unit("a")], Cursor(), now=0.0, ready=lambda *_: READY)
    assert plan_tick([], tick.cursor, now=1.0, ready=lambda *_: READY).cursor == Cursor()


def test_a_slow_source_ends_the_tick_in_time() -> None:
    seconds = iter(range(0, 1000, 15))
    tick = plan_tick(
        [unit(f"u{n}") for n in range(9)],
        Cursor(),
        now=0.0,
        ready=lambda *_: READY,
        clock=lambda: next(seconds),
    )
    assert 0 < len(tick.requests) < 9


@pytest.fixture
def source(tmp_path: Path, clip: Path) -> Path:
    folder = tmp_path / "source" / "show"
    folder.mkdir(parents=True)
    (folder / "1.mkv").write_bytes(clip.read_bytes())
    return folder


def look(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    source: Path,
    cursor: str | None = None,
    *overrides: str,
) -> object:
    settings = load(environment={}, overrides=(f"source.hub.location={source.parent}", *overrides))
    context = dg.build_sensor_context(
        instance=instance,
        cursor=cursor,
        definitions=defs,
        resources={"settings": settings, "workspace": workspace},
    )
    return source_units(context)


def test_a_folder_becomes_a_partition_and_a_run_once_it_was_quiet(workspace: Workspace, source: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()
    early = look(workspace, instance, source)
    assert (
        isinstance(early, dg.SensorResult)
        and not early.run_requests
        and "without a change" in early.skip_reason.skip_message
    )
    late = look(workspace, instance, source, None, "source.quiet_seconds=0")
    assert isinstance(late, dg.SensorResult)
    (request,) = late.run_requests
    assert late.dynamic_partitions_requests[0].partition_keys == [request.partition_key]
    assert request.run_key.startswith(f"{request.partition_key}:") and request.tags["dagster/priority"] == "3"
    assert json.loads(late.cursor)["sent"] == {request.partition_key: request.run_key.rpartition(":")[2]}
    assert not look(workspace, instance, source, late.cursor).run_requests


def test_a_source_that_is_not_there_is_a_skipped_tick_with_the_reason(
    workspace: Workspace, tmp_path: Path
) -> None:
    reason = look(workspace, dg.DagsterInstance.ephemeral(), tmp_path / "nowhere" / "x")
    assert isinstance(reason, dg.SkipReason) and "cannot be looked at" in reason.skip_message
