from __future__ import annotations

from pathlib import Path

import click
import pytest

from animeflow.cli.upstream import in_words, lack_of, require_upstream
from animeflow.tables.stages import select
from animeflow.tables.workspace import Workspace


def names(*words: str) -> list[str]:
    return [stage.name for stage in select(words)]


def test_what_is_selected_or_stands_is_no_lack() -> None:
    assert lack_of(names("source", "shots"), lambda _: False) is None
    assert lack_of(names("layers"), lambda _: True) is None
    assert lack_of(names("clips"), {"shots", "frame_signals"}.__contains__) is None, (
        "not all of them are read"
    )


def test_the_first_lack_names_all_that_has_to_be_made() -> None:
    found = lack_of(names("clips", "drawings"), lambda name: name == "shard_files")
    assert found is not None
    assert (found.stage, found.wanted_by) == ("frame_signals", "drawings")
    assert found.needed == {"frame_signals", "shots"}


def test_a_whole_group_is_one_word() -> None:
    assert in_words(names("source", "shots")) == ["source", "shots"]
    assert in_words({"clips", "shard_files", "flash"}) == ["source", "clips", "flash"]


@pytest.mark.parametrize("word", ["layers", "curation", "published_dataset", "catalog"])
def test_the_selection_that_is_offered_lacks_nothing(tmp_path: Path, word: str) -> None:
    workspace = Workspace(tmp_path)
    wanted = [stage.name for stage in select((word,)) if stage.partitioned]
    if not wanted:
        require_upstream(workspace, wanted, ["a"])
        return
    with pytest.raises(click.UsageError, match="for shard a and 1 more;") as told:
        require_upstream(workspace, wanted, ["a", "b"])
    offered = str(told.value).rpartition(": ")[2].replace("--select", "").split()
    require_upstream(workspace, names(*offered), ["a", "b"])
    assert set(wanted) <= set(names(*offered))
