from __future__ import annotations

from functools import lru_cache

import pytest

from animeflow.sample import DrawnShot, draw_shot

SMALL = (192, 108)


@lru_cache(maxsize=64)
def _drawn(kind: str, seed: int, frames: int | None) -> DrawnShot:
    return draw_shot(kind, seed=seed, size=SMALL, frames=frames)


@pytest.fixture(scope="session")
def drawn():
    """Small shots, each drawn once for the whole session: drawn(kind, seed=…, frames=…)."""
    return lambda kind, *, seed=5, frames=12: _drawn(kind, seed, frames)
