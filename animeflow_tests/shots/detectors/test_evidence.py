from __future__ import annotations

import numpy as np

from animeflow.shots.detectors.evidence import runs


def test_runs_reach_the_ends_of_the_array() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(3, bool)) == []
