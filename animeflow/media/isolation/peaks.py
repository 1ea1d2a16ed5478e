"""Peak memory of the decode workers of this process: what its own high-water mark leaves out."""

from __future__ import annotations

import threading
from pathlib import Path


class Peaks:
    """High-water marks of the resident memory of workers, those that live at one time added up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: dict[int, int] = {}
        self._highest = 0

    def note(self, pid: int) -> None:
        """Read the mark of a worker; one that has ended by itself has none any more."""
        mark = _high_water(pid)
        with self._lock:
            self._marks[pid] = max(mark, self._marks.get(pid, 0))
            self._highest = max(self._highest, sum(self._marks.values()))

    def forget(self, pid: int) -> None:
        """This worker is gone: those that come after it do not add to it."""
        with self._lock:
            self._marks.pop(pid, None)

    def highest(self) -> int:
        """The largest sum of marks so far, in bytes; 0 where no worker was.

        At least what they held together: their peaks need not have met.
        """
        with self._lock:
            return self._highest


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


PEAKS = Peaks()
