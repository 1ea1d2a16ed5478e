"""Archives of a shard, as several tests need them."""

from __future__ import annotations

from animeflow.delivery.image_archives import ArchiveRun, build_archives
from animeflow.settings.delivery import ArchiveSettings
from animeflow.tables.staging import Staging
from animeflow_tests.fixtures.shards import ShardWriter


def archives_of(writer: ShardWriter) -> tuple[ArchiveRun, Staging]:
    """What the default settings give, with where it was staged."""
    staging = writer.staging("image_archives")
    run = build_archives(
        signals=writer.handle("frame_signals"),
        key_frames=writer.handle("key_frames"),
        kept_clips=writer.handle("kept_clips"),
        staging=staging,
        settings=ArchiveSettings(),
    )
    return run, staging
