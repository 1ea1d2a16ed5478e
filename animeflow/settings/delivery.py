"""Settings of the group `delivery`: archives, exports, targets, retention."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section, no_digest
from animeflow.settings.hubs import FolderHub, Target


class ArchiveSettings(Section):
    """WebP archives of key frames."""

    role: Literal["middle", "cover"] = "middle"
    """Which key frame of a shot goes in."""
    gzip_level: int = Field(0, ge=0, le=9)
    """WebP does not compress: level 0 stores, 10 to 20 times as fast as level 1 at +0.8 % bytes."""
    max_part_mb: int = Field(4096, ge=1, le=50_000)
    """Size in MB from which an archive is continued in a next part."""


class ExportSettings(Section):
    """Export folders."""

    kinds: tuple[Literal["folder", "layers", "episode"], ...] = ("folder", "layers", "episode")
    """Which exports are written: clips with metadata.jsonl, layers without loss, the older layer pipeline's tree."""
    rejected: bool = True
    """List dropped clips too, with their reason and without a file."""
    jpeg_quality: int = Field(95, ge=1, le=100)
    """Backgrounds of the `episode` export."""


class TargetSettings(Section):
    """Where results go, one place per kind of media (a hub infers one loader per repository)."""

    videos: Target = Target(hub=FolderHub(location="published"), prefix="videos")
    """The encodes."""
    archives: Target = Target(hub=FolderHub(location="published"), prefix="archives")
    """The WebP archives."""
    dataset: Target = Target(hub=FolderHub(location="published"), prefix="dataset")
    """The export folders."""
    attempts: int = no_digest(5, ge=1, le=100)
    """How often publishing compares and tries again after a transient error."""
    backoff_s: float = no_digest(1.0, ge=0, le=600)
    """Wait before the second attempt, in seconds; it doubles each time."""


class RetentionSettings(Section):
    """What is deleted once all three publications of a shard were read back. Tables stay; a run that needs a deleted
    file makes it again.
    """

    source_files: bool = no_digest(False)
    """Delete the shard's copy of the source, where every encode was decoded to its last frame and measured against it:
    set `media.av1.metric`, which is none by default."""
    intermediates: bool = no_digest(False)
    """Delete the steps towards published layers, and clip files, where the export holds what was made of them."""


class DeliverySettings(Section):
    """What leaves the workspace."""

    archives: ArchiveSettings = ArchiveSettings()
    exports: ExportSettings = ExportSettings()
    targets: TargetSettings = TargetSettings()
    retention: RetentionSettings = RetentionSettings()
