"""A finished shard of one good video and one broken file, as the page reads it."""

from __future__ import annotations

from pathlib import Path

from animeflow.tables.status import Reason, State, Status
from animeflow.tables.workspace import Workspace
from animeflow_tests.report import footage_tables, layer_tables, result_tables
from animeflow_tests.report.shard_writer import SHARD, Writer, draw_video


def write_shard(root: Path, *, size: tuple[int, int] = (128, 72), frames: int = 16) -> Workspace:
    """A shard of one good video and one broken file, every asset finished."""
    workspace = Workspace(root)
    videos = [draw_video("episode <01> & friends.mkv", size=size, frames=frames)]
    bad = Status("notes.mkv", None, State.FAILED, Reason.NOT_MEDIA, message="no stream that can be read")
    writer = Writer(workspace, videos, [bad])
    footage_tables.write_source(writer)
    footage_tables.write_shots(writer)
    footage_tables.write_media(writer)
    result_tables.write_measures(writer)
    result_tables.write_curation(writer)
    layer_tables.write_layers(writer)
    result_tables.write_annotation(writer)
    result_tables.write_speech(writer)
    result_tables.write_delivery(writer)
    return workspace


__all__ = ["SHARD", "write_shard"]
