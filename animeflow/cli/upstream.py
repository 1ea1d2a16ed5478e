"""Whether a selection of stages can run: each of their inputs is selected too, or stands in the workspace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import click

from animeflow.tables.stages import GROUPS, STAGES
from animeflow.tables.workspace import Workspace

Has = Callable[[str], bool]


@dataclass(frozen=True)
class Lack:
    """An input of a selected stage that is not there, and all that has to be made before the stage can run."""

    stage: str
    wanted_by: str
    needed: frozenset[str]


def lack_of(selected: Sequence[str], has: Has) -> Lack | None:
    """The first lack, in the order of the graph; `has` says whether a stage has a result. Pure."""
    for name in selected:
        absent = [one for one in STAGES[name].inputs if one not in selected and not has(one)]
        if absent:
            return Lack(absent[0], name, _needed(selected, has))
    return None


def in_words(names: Collection[str]) -> list[str]:
    """The words of --select for these stages: a group that is whole by its name, else the stages."""
    words = []
    for group in GROUPS:
        members = [spec.name for spec in STAGES.values() if spec.group == group]
        there = [name for name in members if name in names]
        words += [group] if there == members else there
    return words


def require_upstream(workspace: Workspace, selected: Sequence[str], shards: Iterable[str]) -> None:
    """Usage error where a selected stage of one of the shards lacks an input; it says which selection works."""
    lacks: dict[str, Lack] = {}
    for shard in shards:
        if (lack := lack_of(selected, _standing_in(workspace, shard))) is not None:
            lacks[shard] = lack
    if not lacks:
        return
    shard, first = next(iter(lacks.items()))
    others = f" and {len(lacks) - 1} more" if len(lacks) > 1 else ""
    needed = frozenset().union(*(lack.needed for lack in lacks.values()))
    words = " ".join(f"--select {word}" for word in in_words({*selected, *needed}))
    raise click.UsageError(
        f"{first.wanted_by} needs {first.stage}, which was never finished for shard {shard}{others}; "
        f"what is missing can be made along with it: {words}"
    )


def _standing_in(workspace: Workspace, shard: str) -> Has:
    return lambda name: workspace.manifest(shard, name) is not None


def _needed(selected: Sequence[str], has: Has) -> frozenset[str]:
    """Every stage without a result that a selected one reads, straight or through others, and is not selected."""
    found: set[str] = set()
    waiting = [one for name in selected for one in STAGES[name].inputs]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in selected and not has(name):
            found.add(name)
            waiting += STAGES[name].inputs
    return frozenset(found)
