"""How decoding is supervised: a file that crashes, hangs or floods a decoder costs itself, not its shard."""

from __future__ import annotations

from animeflow.settings.base import Section, no_digest


class IsolationSettings(Section):
    """The worker process in which files are read, and its limits. Nothing here changes a result."""

    isolate: bool = no_digest(True)
    """Decode in a worker process; else a file that crashes a decoder ends the run."""
    memory_mb: int = no_digest(2048, ge=128, le=1_048_576)
    """Memory that one file may take in the worker beyond what an empty one takes (MB)."""
    stall_s: float = no_digest(60.0, gt=0, le=86_400)
    """Longest time without any progress before the worker is killed (seconds)."""
    timeout_s: float = no_digest(14_400.0, gt=0, le=864_000)
    """Longest time that one file may take in the worker (seconds)."""

    @property
    def memory_bytes(self) -> int:
        """`memory_mb` in bytes."""
        return self.memory_mb << 20
