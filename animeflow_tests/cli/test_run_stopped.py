"""`animeflow run` that is killed, interrupted, or meets another run: what it leaves, and how the next one goes on."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from animeflow.tables.ids import shard_key
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call
from animeflow_tests.cli.runs import FAST, SHARD, SOME, content, leftovers, start

KILLER = """
import os, sys
from animeflow.tables import staging
def kill(phase, asset):
    if (phase, asset) == ("before_manifest", "shard_files"):
        os.kill(os.getpid(), 9)
staging.on_phase = kill
from animeflow.cli.main import main
main(sys.argv[1:])
"""


def test_after_kill_9_a_rerun_ends_in_the_same_bytes_and_leaves_no_run_and_no_slot(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    words = ["run", str(source), *FAST, *SOME]
    process = start(words, tmp_path, code=KILLER)
    assert process.wait(120) == -signal.SIGKILL
    unfinished, claimed = leftovers(Workspace(tmp_path / "workspace"), cleared=False)
    assert (len(unfinished), claimed) == (1, 1), (
        "the kill left a run and the slot of the pool `download` behind"
    )
    called = animeflow(*words)
    assert called.code == 0, called.out + called.err
    killed = content(tmp_path / "workspace")
    assert leftovers(Workspace(tmp_path / "workspace")) == ([], 0)
    shutil.rmtree(tmp_path / "workspace")
    assert animeflow(*words).code == 0
    assert content(tmp_path / "workspace") == killed


def test_ctrl_c_stops_after_the_step_with_130_and_a_rerun_goes_on(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    words = ["run", str(source), *FAST, *SOME]
    process = start(words, tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if "shard_files" in line:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
            break
    rest = process.stdout.read()
    assert process.wait(60) == 130, rest
    assert "stopping after the current step" in rest and "Traceback" not in rest
    assert "FAILED" not in rest and rest.count("interrupted; ") == 1
    assert leftovers(Workspace(tmp_path / "workspace")) == ([], 0)
    again = animeflow(*words)
    assert again.code == 0 and "shard_files            unchanged" in again.out


def test_two_runs_on_one_shard_do_not_mix(animeflow: Call, source: Path, tmp_path: Path) -> None:
    with Workspace(tmp_path / "workspace").lock(SHARD, "another-run"):
        called = animeflow("run", source, *FAST, *SOME)
    assert called.code == 1 and "another-run" in called.out
    assert "across shards" not in called.out, "no shard was done"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_busy_shard_is_named_and_the_others_go_on(
    animeflow: Call, tmp_path: Path, clip: Path, jobs: int
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "shows" / name).mkdir(parents=True)
        (tmp_path / "shows" / name / "1.mkv").write_bytes(clip.read_bytes() + name.encode())
    workspace = Workspace(tmp_path / "workspace")
    busy = shard_key("a")
    words = ["run", str(tmp_path / "shows"), *FAST, "--jobs", str(jobs), "--select", "shard_files"]
    with workspace.lock(busy, "another-run"):
        process = start(words, tmp_path)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 1, out
    assert f"BUSY shard {busy} is being written by run another-run (process {os.getpid()} on " in out
    assert f"\n3 shards, 1 BUSY: {busy}\n" in out
    (line,) = [line for line in out.splitlines() if line.startswith(f"busy     {busy}: ")]
    assert line.endswith("once it has ended, run this again") and "interrupted" not in out
    done = [workspace.manifest(shard_key(name), "shard_files") is not None for name in "abc"]
    assert done == [False, True, True]
    assert animeflow(*words).code == 0
