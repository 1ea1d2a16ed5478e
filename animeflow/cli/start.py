"""The console script: from its first line on a signal ends it with its code and without a stack."""

import os
import signal


def main() -> None:
    """Listen, then import the rest: that takes long enough for a Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: os._exit(128 + number))

    from animeflow.cli.main import main as run

    run()
