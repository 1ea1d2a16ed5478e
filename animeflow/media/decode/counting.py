"""How many frames were decoded, by purpose: the evidence for "one decode per source frame"."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_open_counters: list[Counter[str]] = []


@contextmanager
def counting_decodes() -> Iterator[Counter[str]]:
    """Count decoded frames of the whole process, all threads included, as {purpose: frames} while the
    block runs.
    """
    counter: Counter[str] = Counter()
    with _lock:
        _open_counters.append(counter)
    try:
        yield counter
    finally:
        with _lock:
            # By identity: two counters with equal counts are equal.
            _open_counters[:] = [c for c in _open_counters if c is not counter]


def count_decoded(purpose: str, frames: int = 1) -> None:
    """Add decoded frames to every counter that is open: our own decoder's, or those of an ffmpeg process."""
    with _lock:
        for counter in _open_counters:
            counter[purpose] += frames
