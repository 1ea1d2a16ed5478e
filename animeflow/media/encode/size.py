"""The size of what is encoded, in px: even sides, as 4:2:0 needs them."""

from __future__ import annotations

from fractions import Fraction


def reduced_size(width: int, height: int, max_height: int | None) -> tuple[int, int] | None:
    """(width, height) in px, both even, of pictures brought down to `max_height`; None where they are no higher."""
    if max_height is None or height <= max_height:
        return None
    return even(Fraction(width * max_height, height)), even(Fraction(max_height))


def even(side: Fraction) -> int:
    """The nearest even side, at least 2."""
    return max(2, 2 * round(side / 2))
