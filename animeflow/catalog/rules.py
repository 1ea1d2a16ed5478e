"""Which measure each threshold of `curation` compares, and in which direction: read from the settings' own names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animeflow.errors import ContractError
from animeflow.settings.curation import CurationSettings
from animeflow.tables.schemas.catalog import MEASURE_COLUMNS

F64 = npt.NDArray[np.float64]
DURATION = "duration_s"
# Settings whose measure has another name than theirs.
_MEASURE_OF = {
    "flashes": "general_flashes",
    "text_area": "other_area_max",
    "subtitle_area": "subtitle_area_max",
}
_MEASURES = {DURATION, *(column for columns in MEASURE_COLUMNS.values() for column in columns)}


@dataclass(frozen=True)
class Rule:
    """`name` is that of the setting; `limit` its present value, None when it is switched off."""

    name: str
    measure: str
    least: bool  # the measure must be at least the limit; else at most
    limit: float | None

    def passing(self, values: F64, limit: float) -> npt.NDArray[np.bool_]:
        """Which values pass this rule with a limit, bool of the same shape; NaN does not."""
        return values >= limit if self.least else values <= limit


def rules_of(settings: CurationSettings) -> tuple[Rule, ...]:
    """The rules behind `min_…` and `max_…` settings, in their order.

    The subtitle rule is off while `subtitles` is `keep`. ContractError for a threshold whose measure is not known: a
    rule that is added to the settings has to be added here.
    """
    rules = []
    for name in type(settings).model_fields:
        end, _, what = name.partition("_")
        if end not in ("min", "max"):
            continue
        measure = _MEASURE_OF.get(what, what)
        if measure not in _MEASURES:
            raise ContractError(f"curation.{name} compares no known measure")
        limit = getattr(settings, name)
        if name == "max_subtitle_area" and settings.subtitles == "keep":
            limit = None
        rules.append(Rule(name, measure, end == "min", limit))
    return tuple(rules)
