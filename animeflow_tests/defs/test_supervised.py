"""A file that crashes its decoder costs its own row in whatever stage meets it; the rest of the shard goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from animeflow.cli.exits import SOME_FAILED, guarded
from animeflow.cli.main import cli
from animeflow.media import worker_process
from animeflow.tables import ids
from animeflow.tables.workspace import Workspace
from animeflow_tests.defs.conftest import TINY
from animeflow_tests.fixtures.films import write_film

SHARD = ids.shard_key(".")
STAGES = ("shard_files", "frame_signals", "key_frames")


def run(source: Path, out: Path) -> dict[str, Any]:
    """{stage: {file: (state, reason, frames decoded)}} and the digests after a run over `source`."""
    selected = [word for name in ("shots", *STAGES) for word in ("--select", name)]
    words = ["-q", "run", str(source), "--out", str(out), *selected, *TINY]
    assert guarded(lambda: cli.main(args=words, standalone_mode=False)) == SOME_FAILED
    handles = {name: Workspace(out).handle(SHARD, name) for name in STAGES}
    found: dict[str, Any] = {
        name: {s.path: (s.state.value, s.reason.value, s.frames_decoded) for s in handle.statuses}
        for name, handle in handles.items()
    }
    return found | {"digests": {name: handle.manifest.content_digest for name, handle in handles.items()}}


@pytest.mark.parametrize(
    ("stage", "purpose", "frame"),
    [("shard_files", "probe", 0), ("frame_signals", "analysis", 20), ("key_frames", "key_frames", 3)],
)
def test_a_crash_costs_one_file(
    stage: str, purpose: str, frame: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").mkdir()
    bad = write_film(tmp_path / "source" / "b.mkv", frames=40, seed=2)
    for number, name in enumerate(("a.mkv", "c.mkv")):
        write_film(tmp_path / "source" / name, frames=40, seed=3 + number)
    # What comes in has no name of its own; in the workspace a file is named by its id.
    name = f"size={bad.stat().st_size}" if stage == "shard_files" else ids.video_id(ids.file_sha256(bad))
    words = ("--fault", f"segv:{purpose}:{frame}:{name}")
    worker_process.POOL.close()
    monkeypatch.setattr(worker_process, "worker_arguments", lambda: words)
    first = run(tmp_path / "source", tmp_path / "first")
    before = set(_workers())
    again = run(tmp_path / "source", tmp_path / "again")
    worker_process.POOL.close()
    assert set(_workers()) - before == set()
    assert first == again
    assert first[stage]["b.mkv"] == ("failed", "decoder_crashed", 0)
    assert {first[name][f"{good}.mkv"][0] for name in STAGES for good in "ac"} == {"ok"}
    for later in STAGES[STAGES.index(stage) + 1 :]:
        assert first[later]["b.mkv"][:2] == ("skipped", "upstream")


def _workers() -> list[int]:
    """Processes that this one started and that still run as decoding workers."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and b"animeflow.media.worker" in (entry / "cmdline").read_bytes():
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                found += [int(entry.name)] if parent == os.getpid() else []
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
