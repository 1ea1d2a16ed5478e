"""Counts and lists as sentences say them."""

from __future__ import annotations

from collections.abc import Sequence


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 shard`, `3 shards`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], shown: int, *, between: str = ", ") -> str:
    """The first names, and how many more there are: `a, b and 3 more`."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return between.join(names[:shown]) + more
