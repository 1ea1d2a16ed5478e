"""Kept clips, layer beside layer, with the drawings as sprites that the page plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from animeflow.report.pictures import Budget
from animeflow.report.shard import ShardData


@dataclass(frozen=True)
class LayerView:
    """The clips that are shown, and a sentence about those that are not."""

    clips: Sequence[Any] = ()
    note: str = ""


def layer_view(data: ShardData, budget: Budget) -> LayerView:
    return LayerView()
