"""How work is carried out: nothing here changes a result, but for the device and its precision."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section, no_digest


class RunSettings(Section):
    """Machine, limits and failure policy."""

    threads: int = no_digest(0, ge=0, le=1024)
    """CPU threads shared by torch, onnxruntime, OpenCV, ffmpeg and workers; 0 takes all cores."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run; `auto` takes a CUDA device when there is one."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Precision of the models."""
    gpu_memory_gb: float = no_digest(0.0, ge=0)
    """Memory budget of one device in GB; 0 takes what is free."""
    gpu_wait_s: float = no_digest(600.0, ge=0)
    """How long a stage waits for a free device, in seconds."""
    max_failed_share: float = no_digest(0.2, ge=0, le=1)
    """Share of a shard's videos that may fail before the stage fails."""
    min_free_gb: float = no_digest(1.0, ge=0)
    """Disk space in GB that is kept free; a shard that does not fit does not start."""
    queue_mb: int = no_digest(256, ge=8)
    """Bytes in MB that a stage's queues may hold."""
    weights_dir: Path | None = no_digest(None)
    """Folder with weights by id, looked at before the cache."""
    weights_cache: Path | None = no_digest(None)
    """Where fetched weights are kept; default: the user's cache folder."""
    offline: bool = no_digest(True)
    """Never contact a hub or registry while running; `animeflow weights fetch` always may."""
    accept_noncommercial: bool = no_digest(False)
    """Load weights whose licence forbids commercial use."""
    ffmpeg: Path | None = no_digest(None)
    """Another ffmpeg binary than the pinned one."""


class LogSettings(Section):
    """What is written while running."""

    json_file: Path | None = no_digest(None)
    """Write every log record as one JSON object per line to this file."""
    level: Literal["debug", "info", "warning", "error"] = Field("info", json_schema_extra={"digest": False})
    """Least severity that is written."""
