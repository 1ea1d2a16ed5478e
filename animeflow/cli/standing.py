"""Which shards need no run: every wanted stage stands by the rule of the stages, and its last run left it in order."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from animeflow.cli.encoding import encodes
from animeflow.cli.engine import Order
from animeflow.defs.judgement import STANDING
from animeflow.defs.settled import settled
from animeflow.defs.staleness import StageState, catalog_states, shard_states
from animeflow.errors import AnimeflowError
from animeflow.source.units import Unit
from animeflow.tables.workspace import CATALOG


def to_do(order: Order, unit: Unit) -> list[StageState]:
    """The wanted stages of a shard that do not stand; with them those whose deleted media the run makes again."""
    if not order.stages:
        return []
    states = shard_states(
        unit.key,
        settings=order.run_settings,
        workspace=order.workspace,
        unit_digest=unit.digest,
        force=order.force,
        wanted=order.stages,
    )
    if all(state.state in STANDING for state in states):
        return []
    return [state for state in states if state.state != "done"]


def will_encode(order: Order, unit: Unit) -> bool:
    """Whether a run of the shard would use the encoder; where a result cannot be read, it may."""
    try:
        return encodes(state.stage for state in to_do(order, unit))
    except AnimeflowError:
        return encodes(order.stages)


def stands(order: Order, unit: Unit) -> bool:
    """Whether a run of the shard would change nothing and has nothing to say: none is then launched."""
    if not order.stages:
        return True
    return _stands(order, unit.key, order.stages, lambda: to_do(order, unit))


def catalog_to_do(order: Order) -> list[StageState]:
    """The wanted tables across shards that do not stand."""
    states = catalog_states(order.run_settings, order.workspace, force=order.force)
    return [state for state in states if state.stage in order.across and state.state != "done"]


def catalog_stands(order: Order) -> bool:
    """The same of the tables across shards."""
    return _stands(order, CATALOG, order.across, lambda: catalog_to_do(order))


def _stands(order: Order, place: str, names: Sequence[str], late: Callable[[], list[StageState]]) -> bool:
    """Judged while holding the place. Where that cannot be, or a result cannot be read, the run says so itself."""
    if not set(names) <= settled(order.workspace, place):
        return False
    try:
        with order.workspace.lock(place, str(uuid.uuid4())):
            return not late()
    except AnimeflowError:
        return False
