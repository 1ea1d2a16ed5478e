"""Ctrl-C: the first asks to stop after what is being done, the second ends at once; a rerun goes on from there."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from animeflow.cli.exits import INTERRUPTED
from animeflow.errors import Interrupted
from animeflow.media.command import STOP, request_stop

T = TypeVar("T")
POLL_S = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM)
seen: list[int] = []  # the signals that asked this process to stop, in order


def listen() -> None:
    """Let SIGINT and SIGTERM end a command that has no other rule: by KeyboardInterrupt, so that it clears up; a second
    one ends at once. A signal that is ignored (nohup, a shell's background) stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def end_at_once() -> None:
    """From now on, with the work done, a signal ends the process without a word: nothing is left to clear up."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: os._exit(128 + number))


def exit_code(code: int) -> int:
    """The code of a command that was interrupted says by which signal: 130 or 143."""
    return 128 + seen[0] if code == INTERRUPTED and seen else code


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 the signature of a handler
    if seen:
        os._exit(128 + number)
    seen.append(number)
    request_stop()  # a library may swallow the exception: then long work ends at its next look
    raise KeyboardInterrupt


def stoppable(work: Callable[[], T]) -> T:
    """Run `work` in one worker thread, while the main thread listens to Ctrl-C and SIGTERM.

    Dagster's own handlers act only in the main thread, so they do not swallow the signal. An exception of the worker is
    raised here.
    """
    if seen:
        raise Interrupted("stopped on request")
    STOP.clear()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        # Processes that are started from here inherit this: a Ctrl-C at the terminal is for us to pass on, and helpers
        # of Dagster that know nothing of it would print their stacks.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 it is raised in the main thread
            errors.append(error)

    worker = threading.Thread(target=run, name="animeflow-run", daemon=True)
    before = {number: signal.signal(number, _on_signal) for number in SIGNALS}
    try:
        worker.start()
        while worker.is_alive():
            worker.join(POLL_S)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if errors:
        raise errors[0]
    if not results:
        raise Interrupted("stopped on request")
    return results[0]


def _on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 the signature of a handler
    if STOP.is_set():
        os.write(2, b"\nstopped at once; a rerun clears up\n")
        sys.stdout.flush()
        os._exit(128 + number)
    seen.append(number)
    request_stop()
    os.write(2, b"\nstopping after the current step; Ctrl-C again ends at once\n")
