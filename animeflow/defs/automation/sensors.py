"""The sensor on the source: new or changed units that are complete become partitions and runs, small ones first."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from animeflow.defs.automation.jobs import EVERYTHING
from animeflow.defs.partitions import SHARD_TAG, SHARDS
from animeflow.defs.units import open_units
from animeflow.errors import AnimeflowError
from animeflow.settings.tree import Settings
from animeflow.source.completeness import Completeness, completeness
from animeflow.source.units import Unit
from animeflow.tables.workspace import Workspace

INTERVAL_S = 300
MAX_REQUESTS = 50  # a tick; the rest waits for the next one
MAX_TICK_S = 40.0  # Dagster ends a tick after 60 s
GB = 1_000_000_000
# (at most so many files, at most so many bytes) -> priority: small units first, as a curator wants to see something.
PRIORITIES = ((10, 5 * GB, 3), (50, 20 * GB, 2))

_hashed: dict[
    tuple[str, str], str
] = {}  # (path, etag) -> sha256 of files in checksum lists, for this process


@dataclass
class Cursor:
    """What the sensor remembers: the digest with which a unit was last sent off, and since when a digest is seen."""

    sent: dict[str, str] = field(default_factory=dict)
    seen: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """From the text that Dagster keeps; nothing yet is an empty cursor."""
        raw = json.loads(text) if text else {}
        return cls(
            dict(raw.get("sent", {})), {key: (d, when) for key, (d, when) in raw.get("seen", {}).items()}
        )

    def write(self) -> str:
        """The text that Dagster keeps."""
        return json.dumps({"sent": self.sent, "seen": self.seen}, sort_keys=True)


@dataclass(frozen=True)
class Tick:
    """What one look at the source leads to."""

    requests: tuple[Unit, ...]
    cursor: Cursor
    waiting: Mapping[str, str]  # unit -> what it waits for


def plan_tick(
    units: Sequence[Unit],
    cursor: Cursor,
    *,
    now: float,
    ready: Callable[[Unit, float], Completeness],
    done: Callable[[Unit], bool] = lambda _: False,
    clock: Callable[[], float] = time.monotonic,
    limit: int = MAX_REQUESTS,
) -> Tick:
    """Which units to send off. The cursor advances only for these; a unit that is gone is forgotten.

    `ready(unit, first_seen)` says whether a unit is complete, `done(unit)` whether this content was already worked on.
    """
    started = clock()
    seen = {unit.key: _since(cursor, unit, now) for unit in units}
    sent = {unit.key: cursor.sent[unit.key] for unit in units if unit.key in cursor.sent}
    requests: list[Unit] = []
    waiting: dict[str, str] = {}
    for unit in sorted(units, key=lambda unit: (-priority(unit), unit.bytes, unit.path)):
        if sent.get(unit.key) == unit.digest or len(requests) >= limit or clock() - started > MAX_TICK_S:
            continue
        if done(unit):
            sent[unit.key] = unit.digest
            continue
        state = ready(unit, seen[unit.key][1])
        if state.ready:
            requests.append(unit)
            sent[unit.key] = unit.digest
        else:
            waiting[unit.key] = state.waits_for
    return Tick(tuple(requests), Cursor(sent, seen), waiting)


def priority(unit: Unit) -> int:
    """3 for small units, 2 for middling, 1 for the rest."""
    for files, size, value in PRIORITIES:
        if len(unit.files) <= files and unit.bytes <= size:
            return value
    return 1


def is_done(workspace: Workspace, unit: Unit) -> bool:
    """Whether this very content was already published, by whatever run."""
    files, published = (workspace.manifest(unit.key, name) for name in ("shard_files", "published_dataset"))
    if files is None or published is None or not published.done:
        return False
    return bool(files.provenance.get("upstream", {}).get("unit") == unit.digest)


@dg.sensor(
    name="source_units",
    job_name=EVERYTHING,
    minimum_interval_seconds=INTERVAL_S,
    description="Looks at the source; every new or changed unit that is complete becomes a shard and a run.",
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def source_units(
    context: dg.SensorEvaluationContext,
    settings: dg.ResourceParam[Settings],
    workspace: dg.ResourceParam[Workspace],
) -> dg.SensorResult | dg.SkipReason:
    """One look at the source."""
    try:
        source = open_units(settings, workspace)
    except AnimeflowError as error:
        return dg.SkipReason(f"the source cannot be looked at: {error}")
    now = time.time()
    tick = plan_tick(
        source.units,
        Cursor.read(context.cursor),
        now=now,
        ready=lambda unit, first_seen: completeness(
            unit, source.hub, settings.source, now=now, first_seen=first_seen, digests=_hashed
        ),
        done=lambda unit: is_done(workspace, unit),
    )
    return dg.SensorResult(
        run_requests=[run_request(unit) for unit in tick.requests],
        dynamic_partitions_requests=[SHARDS.build_add_request([unit.key for unit in tick.requests])],
        cursor=tick.cursor.write(),
        skip_reason=None if tick.requests else _nothing(len(source.units), tick.waiting),
    )


def run_request(unit: Unit) -> dg.RunRequest:
    """The run of a unit; the key holds its digest, so that one content is sent off once."""
    return dg.RunRequest(
        run_key=f"{unit.key}:{unit.digest}",
        partition_key=unit.key,
        tags={SHARD_TAG: unit.key, "dagster/priority": str(priority(unit))},
    )


def sensors() -> list[dg.SensorDefinition]:
    """The sensors of the code location."""
    return [source_units]


def _since(cursor: Cursor, unit: Unit, now: float) -> tuple[str, float]:
    known = cursor.seen.get(unit.key)
    return known if known is not None and known[0] == unit.digest else (unit.digest, now)


def _nothing(units: int, waiting: Mapping[str, str]) -> str:
    first = next((f"; {key} waits for {what}" for key, what in waiting.items()), "")
    return f"{units} units, none new or changed and complete; {len(waiting)} wait{first}"
