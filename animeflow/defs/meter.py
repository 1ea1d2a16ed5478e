"""What a materialisation costs: wall and CPU time, peak memory, frames decoded by purpose."""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from animeflow.media.decode.counting import counting_decodes
from animeflow.media.isolation.peaks import PEAKS
from animeflow.tables.status import Status, counts
from animeflow.tables.timings import Timing

if TYPE_CHECKING:
    from animeflow.defs.stage import Stage


class Meter:
    """Started when made; `timing` reads it."""

    def __init__(self) -> None:
        self._started_at = time.time()
        self._wall = time.monotonic()
        self._cpu = _cpu_s()
        self._decoded: Counter[str] = Counter()

    @contextmanager
    def decoding(self) -> Iterator[Counter[str]]:
        """Count the frames decoded inside the block, here and in the total."""
        with counting_decodes() as counter:
            try:
                yield counter
            finally:
                self._decoded.update(counter)

    def timing(self, stage: Stage, statuses: Sequence[Status], *, unchanged: bool) -> Timing:
        """The cost so far."""
        worked = [status for status in statuses if status.state.value != "skipped"]
        return Timing(
            asset=stage.spec.name,
            shard=stage.shard or "catalog",
            run_id=stage.run_id,
            started_at=round(self._started_at, 3),
            wall_s=round(time.monotonic() - self._wall, 4),
            cpu_s=round(_cpu_s() - self._cpu, 4),
            peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + PEAKS.highest(),
            unchanged=unchanged,
            videos=len(worked),
            source_frames=sum(status.source_frames or 0 for status in worked),
            frames_decoded=dict(self._decoded),
            counts=counts(statuses),
        )


def _cpu_s() -> float:
    """Of this process, its children that ended, and those that live on: a decode worker serves many files."""
    times = os.times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            spent = child.cpu_times()
            total += spent.user + spent.system
    return total
