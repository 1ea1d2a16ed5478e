"""`animeflow`, but the process kills its own group at a named phase of writing.

    python -m benchmarks.faults.launcher PHASE ASSET run SOURCE --out DIR

Phases are those of `animeflow.tables.staging.PHASES` and `animeflow.hubs.publication.PHASES`; ASSET `-` is any.
"""

from __future__ import annotations

import os
import signal
import sys

from animeflow.cli.main import main
from animeflow.tables import staging


def kill_at(phase: str, asset: str) -> None:
    """Arrange that reaching the phase ends this process group with SIGKILL."""

    def on_phase(now: str, of: str) -> None:
        if now == phase and asset in ("-", of):
            os.killpg(os.getpgid(0), signal.SIGKILL)

    staging.on_phase = on_phase


if __name__ == "__main__":
    kill_at(sys.argv[1], sys.argv[2])
    main(sys.argv[3:])
