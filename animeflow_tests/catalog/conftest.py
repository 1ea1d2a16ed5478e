"""A workspace of two shards: one complete, one that has not come far."""

from __future__ import annotations

import pytest

from animeflow.tables.workspace import Workspace
from animeflow_tests.fixtures.shards import (
    Film,
    ShardWriter,
    write_annotation,
    write_footage,
    write_measures,
    write_results,
    write_speech,
)

FIRST, SECOND, BARE = "a-00000001", "b-00000002", "c-00000003"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("ws"))
    full = ShardWriter(made, FIRST)
    write_footage(full)
    write_results(full)
    write_annotation(full)
    write_speech(full, text="hello")
    second = ShardWriter(made, SECOND, films=(Film("Other/01.mkv"),))
    write_footage(second)
    write_results(second)
    bare = ShardWriter(made, BARE, films=(Film("Bare/01.mkv"),))
    write_footage(bare)
    write_measures(bare)
    return made
