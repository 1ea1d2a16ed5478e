from __future__ import annotations

import numpy as np
import pytest

from animeflow.defs.resources.models import Models
from animeflow.defs.wanted import wanted_by
from animeflow.settings.tree import Settings


def models(stage: str, threads: int) -> Models:
    settings = Settings()
    return Models("test", settings.models, threads, wanted_by(stage, settings))


@pytest.mark.parametrize(
    ("stage", "name", "threads"),
    [("segmentation", "segment", 2), ("segmentation", "matte", 2), ("shots", "network", 5)],
)
def test_networks_that_compute_at_once_share_the_threads(stage: str, name: str, threads: int) -> None:
    found = models(stage, 5)
    try:
        assert found.get(name).threads == threads
    finally:
        found.release()


def test_a_network_gives_the_same_bytes_on_any_number_of_threads() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    maps = []
    for threads in (2, 8):
        found = models("segmentation", threads)
        maps.append([getattr(found.get(name), name)([picture])[0] for name in ("segment", "matte")])
        found.release()
    for first, second in zip(*maps, strict=True):
        np.testing.assert_array_equal(first, second)
