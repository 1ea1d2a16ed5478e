"""Where a running stage says how far it is: every few seconds to the run's log, always to listeners of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from animeflow.media.command import check_stop

LOG_EVERY_S = 5.0


@dataclass(frozen=True)
class Progress:
    """One state of a running stage."""

    shard: str
    stage: str
    video: int  # which video, from 1; 0 before the first
    videos: int
    label: str  # path of the video
    done: float = 0.0  # of `total`, inside the video
    total: float = 0.0  # 0 where it is not known
    unit: str = ""
    elapsed_s: float = 0.0

    @property
    def share(self) -> float:
        """How much of the stage is done, 0-1, as far as it is known."""
        inside = self.done / self.total if self.total else 0.0
        return min(1.0, (max(0, self.video - 1) + min(1.0, inside)) / self.videos) if self.videos else 0.0

    @property
    def left_s(self) -> float | None:
        """Time left at the rate so far, in seconds; None before anything is done."""
        return self.elapsed_s * (1 - self.share) / self.share if self.share > 0 else None


Listener = Callable[[Progress], None]
listeners: list[Listener] = []  # the command line adds its own


@dataclass
class Watch:
    """The progress of one stage of one shard. Every call is also a point at which a stop request takes effect."""

    shard: str
    stage: str
    log: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    videos: int = 0
    _video: int = 0
    _label: str = ""
    _started: float = field(default=0.0)
    _logged: float = field(default=0.0)
    _thread: int = 0

    def __post_init__(self) -> None:
        self._started = self._logged = self.clock()
        self._thread = threading.get_ident()

    def file(self, number: int, files: int, label: str) -> None:
        """File `number` (from 1) of `files` is begun."""
        self.videos = files
        self.begin(number, label)

    def begin(self, video: int, label: str) -> None:
        """A video (from 1) is begun."""
        self._video, self._label = video, label
        self.tick(0, 0)

    def tick(self, done: float, total: float, unit: str = "frames") -> None:
        """`done` of `total` units of the current video are done. Raises Interrupted when a stop was requested."""
        check_stop()
        now = self.clock()
        state = Progress(
            self.shard,
            self.stage,
            self._video,
            self.videos,
            self._label,
            done,
            total,
            unit,
            now - self._started,
        )
        for listener in listeners:
            listener(state)
        # The run's log belongs to the thread of the step: workers of a stage only tell the listeners.
        if now - self._logged >= LOG_EVERY_S and threading.get_ident() == self._thread:
            self._logged = now
            self.log(describe(state))


def describe(state: Progress) -> str:
    """One line of plain words."""
    inside = f" {state.done:.0f}/{state.total:.0f} {state.unit}" if state.total else ""
    left = f", {state.left_s:.0f} s left" if state.left_s is not None else ""
    return f"{state.stage}: video {state.video} of {state.videos}{inside}, {state.share:.0%}{left}"
