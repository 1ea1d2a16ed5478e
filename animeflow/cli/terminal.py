"""What a person sees of a run: one line per stage, rewritten while it works, plain lines when stdout is no terminal."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
import time
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from animeflow.cli.logs import RUN_LOGGER
from animeflow.tables.words import plural

if TYPE_CHECKING:
    import dagster as dg

    from animeflow.defs.progress import Progress

log = logging.getLogger(RUN_LOGGER)
PLAIN_EVERY_S = 15.0
LIVE_EVERY_S = 0.2
NAME_WIDTH = 22
UNPRINTED = (
    "Cc",
    "Zl",
    "Zp",
)  # categories of Unicode: control characters, separators of lines and paragraphs


@dataclass
class Terminal:
    """Writes the progress of runs to a stream."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    quiet: bool = False
    live: bool | None = None  # rewrite lines; default: where the stream is a terminal
    _lock: Any = field(default_factory=threading.RLock)
    _shown: float = 0.0
    _open: bool = False

    def __post_init__(self) -> None:
        if self.live is None:
            self.live = self.stream.isatty()

    def line(self, text: str) -> None:
        """A line of its own; it is also a record of the log."""
        if text.strip():
            log.info(text.strip())
        if not self.quiet:
            self._write(text)

    def result(self, text: str) -> None:
        """A line that is said even when quiet, on the stream itself: what came of a run."""
        log.info(text.strip())
        self._write(text)

    def clear(self) -> None:
        """Take away a line that is being rewritten, before somebody else writes."""
        with self._lock:
            self._wipe()
            self.stream.flush()

    def relay(self, text: str, stream: TextIO | None = None) -> None:
        """A line of a child process, which has logged it and was quiet itself where it should be."""
        with self._lock:
            self._wipe()
            into = stream or self.stream
            into.write(text + "\n")
            into.flush()

    def error(self, text: str) -> None:
        """A line that is said even when quiet: then on stderr."""
        if self.quiet:
            log.error(text.strip())
            sys.stderr.write(text.strip() + "\n")
        else:
            self.line(text)

    def progress(self, state: Progress) -> None:
        """How far a stage is; shown at most every 0.2 s on a terminal and every 15 s elsewhere."""
        now = time.monotonic()
        if self.quiet or now - self._shown < (LIVE_EVERY_S if self.live else PLAIN_EVERY_S):
            return
        if not self.live and state.elapsed_s < PLAIN_EVERY_S:
            return
        self._shown = now
        text = progress_text(state)
        with self._lock:
            if self.live:
                width = shutil.get_terminal_size().columns - 1
                self.stream.write("\r\x1b[K" + text[:width])
                self._open = True
            else:
                self.stream.write(text + "\n")
            self.stream.flush()

    def event(self, event: dg.DagsterEvent) -> None:
        """A step of a run began or an asset was made."""
        if event.event_type_value == "ASSET_MATERIALIZATION":
            made = event.step_materialization_data.materialization
            numbers = {name: value.value for name, value in made.metadata.items() if hasattr(value, "value")}
            self.line(stage_text(made.asset_key.to_user_string(), numbers))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.check_name != "videos_failed":
                self.error(
                    f"  {check.asset_key.to_user_string():<{NAME_WIDTH}} {severity_word(check)}: {check_text(check)}"
                )
        elif event.event_type_value == "STEP_UP_FOR_RETRY":
            self.line(f"  {event.step_key or '':<{NAME_WIDTH}} waits to try again")

    def _write(self, text: str) -> None:
        with self._lock:
            self._wipe()
            self.stream.write(text + "\n")
            self.stream.flush()

    def _wipe(self) -> None:
        if self._open:
            self.stream.write("\r\x1b[K")
            self._open = False


def severity_word(check: dg.AssetCheckEvaluation) -> str:
    """What a check that did not pass is called: one that only warns leaves the run a success."""
    return "CHECK WARNS" if check.severity.value == "WARN" else "CHECK FAILED"


def progress_text(state: Progress) -> str:
    """`  frame_signals  1/2 episode.mkv  54 %  120 frames/s  4 s left`."""
    parts = [f"  {state.stage:<{NAME_WIDTH}}"]
    if state.videos:
        parts.append(f"{state.video}/{state.videos}")
    parts.append(f"{state.share:4.0%}")
    if state.done and state.elapsed_s > 0 and state.unit:
        parts.append(plural(round(state.done), state.unit.removesuffix("s"), state.unit))
    if state.left_s is not None and state.share < 1:
        parts.append(f"{duration(state.left_s)} left")
    parts.append(one_line(state.label))
    return "  ".join(part for part in parts if part)


def one_line(text: str) -> str:
    """The text with control characters and line ends escaped: a file's name may hold any."""
    return "".join(_escaped(char) if unicodedata.category(char) in UNPRINTED else char for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def stage_text(name: str, numbers: dict[str, Any]) -> str:
    """`  frame_signals  2 videos  0.9 s  640 frames/s  1 failed`."""
    if numbers.get("unchanged"):
        return f"  {name:<{NAME_WIDTH}} unchanged"
    if reason := numbers.get("null_because"):
        return f"  {name:<{NAME_WIDTH}} null: {reason}"
    parts = [f"{numbers.get('wall_s', 0):6.1f} s"]
    if rate := numbers.get("frames_per_s"):
        parts.append(f"{rate:7.0f} frames/s")
    if rows := numbers.get("dagster/row_count"):
        parts.append(plural(rows, "row"))
    counts = {state: numbers.get(f"videos_{state}") for state in ("failed", "skipped")}
    parts += [f"{count} {state}" for state, count in counts.items() if count]
    return f"  {name:<{NAME_WIDTH}} {'  '.join(parts)}"


def check_text(check: dg.AssetCheckEvaluation) -> str:
    """`every_kept_clip_is_a_file: <the first faults>`."""
    first = check.metadata.get("first")
    return f"{check.check_name}: {first.value}" if first is not None else check.check_name


def duration(seconds: float) -> str:
    """`42 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(count: float) -> str:
    """`12 B`, `3.4 MB`, `1.2 GB` (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
