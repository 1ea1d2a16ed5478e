"""How work is carried out: nothing here changes a result."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section, no_digest


class RunSettings(Section):
    """Threads, limits and failure policy."""

    threads: int = no_digest(0, ge=0, le=1024)
    """CPU threads shared by torch, onnxruntime, OpenCV, ffmpeg and workers; 0 takes all cores."""
    max_failed_share: float = no_digest(0.2, ge=0, le=1)
    """Share of a shard's videos that may fail before the stage fails. It is asked from the fifth failure on; a stage
    in which every video failed fails always.
    """
    min_free_gb: float = no_digest(1.0, ge=0)
    """Disk space in GB that is kept free; a shard that does not fit does not start."""
    queue_mb: int = no_digest(256, ge=8)
    """Bytes in MB that a stage's queues may hold."""
    ffmpeg: Path | None = no_digest(None)
    """Another ffmpeg binary than the pinned one."""


class LogSettings(Section):
    """What is written while running."""

    json_file: Path | None = no_digest(None)
    """Write every log record as one JSON object per line to this file."""
    level: Literal["debug", "info", "warning", "error"] = Field("info", json_schema_extra={"digest": False})
    """Least severity that is written."""
