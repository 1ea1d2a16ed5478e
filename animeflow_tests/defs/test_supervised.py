"""A file that crashes its decoder costs its own row in whatever stage meets it; the rest of the shard goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from animeflow.cli.exits import SOME_FAILED, guarded
from animeflow.cli.main import cli
from animeflow.media.isolation import worker_process
from animeflow.tables import ids
from animeflow.tables.stages import STAGES as REGISTER
from animeflow.tables.workspace import Workspace
from animeflow_tests.defs.conftest import TINY
from animeflow_tests.fixtures.films import write_film

SHARD = ids.shard_key(".")
STAGES = ("shard_files", "frame_signals", "key_frames")


LATER = ("motion", "segmentation", "background_layers")


def run(source: Path, out: Path, stages: Sequence[str] = STAGES) -> dict[str, Any]:
    """{stage: {file: (state, reason, frames decoded)}} and the digests after a run over `source`."""
    selected = [word for name in sorted(_with_inputs(stages)) for word in ("--select", name)]
    words = ["-q", "run", str(source), "--out", str(out), *selected, *TINY]
    assert guarded(lambda: cli.main(args=words, standalone_mode=False)) == SOME_FAILED
    handles = {name: Workspace(out).handle(SHARD, name) for name in stages}
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


def test_so_does_a_crash_in_a_later_decode_of_the_source(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").mkdir()
    words = []
    for name, stage in (("a.mkv", None), ("b.mkv", "motion"), ("c.mkv", "segmentation")):
        file = tmp_path / "source" / name
        file.write_bytes(clip.read_bytes() + name.encode())
        if stage:
            words += ["--fault", f"segv:{stage}:1:{ids.video_id(ids.file_sha256(file))}"]
    worker_process.POOL.close()
    monkeypatch.setattr(worker_process, "worker_arguments", lambda: words)
    found = run(tmp_path / "source", tmp_path / "out", LATER)
    worker_process.POOL.close()
    states = {name: [found[name][f"{file}.mkv"][:2] for file in "abc"] for name in LATER}
    crashed, skipped = ("failed", "decoder_crashed"), ("skipped", "upstream")
    good = states["motion"][0]
    assert good[0] == "ok"
    assert states == {
        "motion": [good, crashed, good],
        "segmentation": [good, skipped, crashed],
        "background_layers": [good, skipped, skipped],
    }
    assert all(found[name]["a.mkv"][2] > 0 for name in LATER)


def _with_inputs(names: Sequence[str]) -> set[str]:
    """Stages, and all that they are made from."""
    found = set(names)
    return found if not names else found | _with_inputs([i for name in names for i in REGISTER[name].inputs])


def _workers() -> list[int]:
    """Processes that this one started and that still run as decoding workers."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and b"animeflow.media.isolation.worker" in (entry / "cmdline").read_bytes()
            ):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                found += [int(entry.name)] if parent == os.getpid() else []
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
