"""One finished shard for the tests of the room that only read it."""

from __future__ import annotations

import pytest

from animeflow.tables.workspace import Workspace
from animeflow_tests.fixtures.shards import (
    ShardWriter,
    write_annotation,
    write_footage,
    write_results,
    write_speech,
)


@pytest.fixture(scope="session")
def shard(tmp_path_factory) -> ShardWriter:
    """Footage, measures, decisions, files, annotations and speech of two videos."""
    writer = ShardWriter(Workspace(tmp_path_factory.mktemp("ws")))
    write_footage(writer)
    write_results(writer)
    write_annotation(writer)
    write_speech(writer, text="やあ")
    return writer
