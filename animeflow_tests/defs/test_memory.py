"""What a stage has freed goes back to the system before the next one begins."""

from __future__ import annotations

import sys

import numpy as np
import psutil
import pytest

from animeflow.defs.memory import give_back

MEGA = 1_000_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="malloc_trim is glibc's")
def test_freed_memory_goes_back() -> None:
    process = psutil.Process()
    blocks = [np.ones(60_000, np.uint8) for _ in range(5_000)]  # 300 MB in pieces that malloc keeps
    pin = blocks[-1]
    full = process.memory_info().rss
    del blocks
    give_back()
    assert full - process.memory_info().rss > 200 * MEGA
    assert pin.all()
