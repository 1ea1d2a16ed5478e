"""One finished shard for the tests of the room that only read it."""

from __future__ import annotations

import shutil

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


@pytest.fixture
def fresh(shard, tmp_path) -> ShardWriter:
    """A copy of it that a test may change."""
    shutil.copytree(shard.workspace.root, tmp_path / "ws")
    return ShardWriter(Workspace(tmp_path / "ws"))
