"""The instance of a workspace survives kill -9, also while it is made."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata, SqlEventLogStorageTable

from animeflow.defs.instances import open_instance
from animeflow.tables.workspace import Workspace


def _die_between_two_tables(root: Path) -> None:
    def half(engine: Any) -> None:
        SqlEventLogStorageTable.create(engine)
        os.kill(os.getpid(), signal.SIGKILL)

    SqlEventLogStorageMetadata.create_all = half  # type: ignore[method-assign,assignment]
    with open_instance(Workspace(root)):
        pass


def test_an_instance_whose_making_was_killed_is_made_anew_and_a_finished_one_is_kept(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_die_between_two_tables, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "instance" / "history" / "runs" / "index.db").exists()
    with open_instance(Workspace(tmp_path)) as instance:
        instance.add_dynamic_partitions("shard", ["one"])
    with open_instance(Workspace(tmp_path)) as instance:
        assert instance.get_dynamic_partitions("shard") == ["one"]
