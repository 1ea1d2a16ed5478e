"""Exact times: what headers claim, and rates and regularity computed from pts."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_LONGEST_CREDIBLE_S = 48 * 3600.0
_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def header_duration_s(container: Any, stream: Any) -> float | None:
    """Seconds that the header claims for a stream, None when it claims nothing credible (1e15
    microseconds was seen).
    """
    tag = _TAG.match(stream.metadata.get("DURATION", ""))
    if stream.duration is not None:
        claimed = float(stream.duration * stream.time_base)
    elif tag:
        claimed = int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    elif container.duration is not None:
        claimed = container.duration / 1e6
    else:
        return None
    return claimed if 0 < claimed < _LONGEST_CREDIBLE_S else None


def seconds(pts: int, time_base: Fraction) -> Fraction:
    """A tick count as exact seconds."""
    return pts * time_base
