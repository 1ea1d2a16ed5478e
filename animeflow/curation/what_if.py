"""What other thresholds would keep, from stored measures alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeflow.settings.rules import Rule


def retention(values: Sequence[float | None], rule: Rule, limits: Sequence[float]) -> list[float]:
    """Share of clips (0-1) that `rule` would keep at each limit; a null measure is kept, as `kept_clips` does.

    Without a clip every share is 1.
    """
    if not values:
        return [1.0 for _ in limits]
    return [
        sum(value is None or rule.keeps(value, limit) for value in values) / len(values) for limit in limits
    ]


def quantiles(values: Sequence[float | None], shares: Sequence[float]) -> list[float | None]:
    """Quantiles (linear, as numpy's) of the measured values; None for each where nothing was measured."""
    measured = [value for value in values if value is not None]
    if not measured:
        return [None for _ in shares]
    return [float(value) for value in np.quantile(measured, shares)]
