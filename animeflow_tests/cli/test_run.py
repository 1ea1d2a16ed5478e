"""`animeflow run` on real small videos: resume, failures, and the history it leaves."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from animeflow.cli import running
from animeflow.cli.run import _child_options
from animeflow.defs.partitions import LOCATION
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.tables.ids import shard_key
from animeflow.tables.manifest import MANIFEST
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call
from animeflow_tests.cli.runs import FAST, SHARD, SOME, content, start

ROOT = Path(__file__).parents[2]


def test_a_second_run_computes_nothing_and_changes_no_byte(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    first = animeflow("run", source, *FAST, *SOME)
    assert first.code == 0, first.err
    assert "frame_signals" in first.out and "all done" in first.out
    before = content(tmp_path / "workspace")
    second = animeflow("run", source, *FAST, *SOME)
    assert second.code == 0 and f"shard {SHARD}  unchanged" in second.out
    assert content(tmp_path / "workspace") == before


def test_another_source_with_shards_of_the_same_name_is_said(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    only = ("--select", "source")
    assert "note:" not in animeflow("run", source, *FAST, *only).err
    assert "note:" not in animeflow("run", source, *FAST, *only).err
    other = shutil.copytree(source, tmp_path / "elsewhere" / source.name)
    called = animeflow("run", other, *FAST, *only, "--dry-run")
    assert f"was made from {source}" in called.err and "takes the place" in called.err


def test_an_archive_that_is_refused_is_named_once_with_its_stage(animeflow: Call, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../out.mkv", b"x")
    called = animeflow("run", tmp_path / "evil.zip", *FAST, "--select", "shard_files")
    assert called.code == 1
    assert "  FAILED shard_files: 'evil.zip': member '../../out.mkv' leads out of the archive\n" in called.out


def test_a_folder_of_an_object_store_is_a_source_by_its_address(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    called = animeflow("run", source.as_uri(), *FAST, "--select", "shard_files")
    assert called.code == 0, called.out + called.err
    assert json.dumps(source.as_uri())[1:-1] in (tmp_path / "workspace/settings.yaml").read_text()
    assert "'nosuch://x/y'" in animeflow("run", "nosuch://x/y").err


def test_a_broken_file_is_a_row_and_the_exit_code_says_that_some_failed(
    animeflow: Call, source: Path, clip: Path
) -> None:
    for number in range(5):
        (source / f"good-{number}.mkv").write_bytes(clip.read_bytes() + b"\0" * number)
    (source / "broken.mkv").write_bytes(b"\x1aE\xdf\xa3 no video")
    called = animeflow("run", source, *FAST, *SOME)
    assert called.code == 3, called.out + called.err
    assert "'broken.mkv' in shard_files" in called.out
    assert "1 shard done, 1 video failed" in called.out and "all done" not in called.out
    status = json.loads(animeflow("status", "--json").out)
    (shard,) = status["shards"]
    states = {row["stage"]: row for row in shard["stages"]}
    assert states["clips"]["videos"] == {"failed": 0, "ok": 5, "skipped": 2}
    assert states["shard_files"]["state"] == "done"


def test_a_video_wider_than_webp_has_no_key_frames_and_costs_its_shard_nothing(
    animeflow: Call, tmp_path: Path
) -> None:
    (tmp_path / "wide").mkdir()
    make = ("-v", "error", "-f", "lavfi", "-i", "testsrc2=size=16384x64:rate=8:duration=1", "-c:v", "ffv1")
    subprocess.run([str(ffmpeg_path()), *make, str(tmp_path / "wide" / "w.mkv")], check=True)
    called = animeflow("run", tmp_path / "wide", *FAST, *SOME, "--select", "key_frames")
    assert called.code == 0, called.out + called.err
    workspace = Workspace(tmp_path / "workspace")
    (shard,) = workspace.shards()
    (status,) = workspace.handle(shard, "key_frames").statuses
    assert (status.state, status.reason) == ("skipped", "too_large")
    assert "16384x64" in status.message


def test_the_end_of_a_run_says_how_many_failed_and_where_the_others_stand(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    for number in range(7):
        (source / f"broken-{number}.mkv").write_bytes(b"no video" * (number + 1))
    out = tmp_path / "my workspace"
    allowed = ("--set", "run.max_failed_share=0.9")
    (tmp_path / "sub").mkdir()
    away = Path("sub") / ".." / "my workspace"
    called = animeflow("run", source, "--out", away, *FAST, *allowed, "--select", "shard_files")
    assert called.code == 3, called.out + called.err
    assert "1 shard done, 7 videos failed" in called.out
    assert called.out.count("in shard_files: ") == 5
    assert f"… and 2 more: animeflow status --out '{out}'\n" in called.out
    assert called.out.endswith(f"animeflow ui --out '{out}'\n"), "one word to a shell"


def test_one_bad_file_of_three_does_not_lose_the_others(animeflow: Call, source: Path, clip: Path) -> None:
    (source / "two.mkv").write_bytes(clip.read_bytes() + b"\0")
    (source / "three.mkv").write_bytes(clip.read_bytes())
    (source / "empty.mkv").touch()
    called = animeflow("run", source, *FAST, "--select", "shard_files")
    assert called.code == 3, called.out + called.err
    assert f"skipped  {SHARD}: 'three.mkv' has the bytes of 'one.mkv'\n" in called.out


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    called = animeflow("run", source, "--dry-run")
    assert called.code == 0 and SHARD in called.out and " 48 " in called.out
    assert not (tmp_path / "workspace").exists()
    refused = animeflow("run", source, "--dry-run", "--set", "shots.decode.max_pixels=4096")
    assert refused.code == 0 and " 48 " not in refused.out


def test_a_retry_leaves_out_shards_where_nothing_failed(animeflow: Call, tmp_path: Path, clip: Path) -> None:
    for name in ("bad", "good"):
        (tmp_path / "shows" / name).mkdir(parents=True)
        (tmp_path / "shows" / name / "1.mkv").write_bytes(clip.read_bytes() + name.encode())
    (tmp_path / "shows" / "bad" / "2.mkv").write_bytes(b"no video")
    words = ("run", tmp_path / "shows", *FAST)
    assert animeflow(*words, "--select", "source").code == 3
    planned = animeflow(*words, "--retry-failed", "--dry-run")
    assert planned.code == 0 and shard_key("bad") in planned.out and shard_key("good") not in planned.out


def test_shards_are_numbered_over_all_that_a_retry_runs(animeflow: Call, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "shows" / name).mkdir(parents=True)
        (tmp_path / "shows" / name / "1.mkv").write_bytes(b"no video")
    words = ("run", tmp_path / "shows", *FAST, "--select", "source")
    for called in (animeflow(*words), animeflow(*words, "--retry-failed")):
        assert "(1 of 2)" in called.out and "(2 of 2)" in called.out, called.out + called.err


def test_a_quiet_run_says_what_failed_and_where_the_results_are(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    (source / "broken.mkv").write_bytes(b"no video")
    called = animeflow("-q", "run", source, *FAST, "--select", "source")
    assert called.code == 3
    said = [line.split()[0] for line in called.out.splitlines()]
    assert said == ["1", "results"] and "1 shard done, 1 video failed" in called.out
    (line,) = [line for line in called.err.splitlines() if line.startswith("failed")]
    assert "'broken.mkv' in shard_files" in line


def test_a_damaged_manifest_is_an_unfinished_stage_that_runs_again(
    animeflow: Call, tmp_path: Path, clip: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / "shows" / name).mkdir(parents=True)
        (tmp_path / "shows" / name / "1.mkv").write_bytes(clip.read_bytes() + name.encode())
    words = ("run", tmp_path / "shows", *FAST, "--select", "source")
    assert animeflow(*words).code == 0
    workspace = Workspace(tmp_path / "workspace")
    bad, good = shard_key("a"), shard_key("b")
    path = workspace.asset_dir(bad, "shard_files") / MANIFEST
    whole = path.read_bytes()

    for again in ((), ("--retry-failed",), ("--force", "shard_files")):
        path.write_text("{")
        status = animeflow("status")
        lines = [line for line in status.out.splitlines() if line.startswith("  shard_files ")]
        assert status.code == 0 and "unfinished" in lines[0] and "the manifest is damaged" in lines[0]
        assert lines[1].split()[1] == "done"
        shards = {one["shard"]: one for one in json.loads(animeflow("status", "--json").out)["shards"]}
        assert (shards[bad]["done"], shards[good]["done"]) == (0, 1)
        planned = animeflow(*words, *again, "--dry-run")
        assert planned.code == 0 and bad in planned.out

        called = animeflow(*words, *again)
        assert called.code == 0 and "all done" in called.out, called.out + called.err
        assert json.loads(path.read_bytes())["content_digest"] == json.loads(whole)["content_digest"]

    path.write_text("[]")
    refused = animeflow("run", tmp_path / "shows", *FAST, "--select", "frame_signals")
    assert refused.code == 2 and "needs shard_files" in refused.err


def test_a_wrong_setting_that_a_stage_meets_is_not_tried_again(
    animeflow: Call, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "prove_ffmpeg", lambda _: None)
    called = animeflow("run", source, *FAST, "--select", "source", "--set", "run.ffmpeg=/nope")
    said = called.out + called.err
    assert called.code == 1 and "FAILED shard_files: ffmpeg '/nope'" in said
    assert "try again" not in said and "SettingsError" not in said


def test_a_run_is_visible_where_plain_dagster_opens_the_root(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    """`dg dev` and `dagster dev` without DAGSTER_HOME put a temporary folder over the dagster.yaml of the folder."""
    assert animeflow("run", source, *FAST, "--select", "shard_files").code == 0
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    (tmp_path / "temporary").mkdir()
    reference = InstanceRef.from_dir(str(tmp_path / "temporary"), config_dir=str(tmp_path))
    with dg.DagsterInstance.from_ref(reference) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert run.job_name == "everything" and run.tags["dagster/partition"] == SHARD
        assert instance.get_dynamic_partitions("shard") == [SHARD]
        origin = run.remote_job_origin
        assert origin is not None and origin.location_name == LOCATION
        assert not instance.telemetry_enabled


def test_a_path_whose_letters_the_key_cannot_hold_stands_beside_it(
    animeflow: Call, tmp_path: Path, clip: Path
) -> None:
    for name in ("作品", "plain"):
        (tmp_path / "shows" / name).mkdir(parents=True)
        (tmp_path / "shows" / name / "1.mkv").write_bytes(clip.read_bytes() + name.encode())
    words = ("run", tmp_path / "shows", *FAST, "--select", "shard_files")
    key, plain = shard_key("作品"), shard_key("plain")
    assert key.startswith("shard-")
    planned = [line.rstrip() for line in animeflow(*words, "--dry-run").out.splitlines()]
    assert [line.endswith("'作品'") for line in planned if line.startswith((key, plain))] == [False, True]
    assert f"shard {key} '作品' (1 of 1)\n" in animeflow(*words, "--shards", "作品").out
    assert f"shard {plain} (1 of 1)\n" in animeflow(*words).out
    assert f"shard {key} '作品'  unchanged\n" in animeflow(*words).out
    lines = animeflow("status").out.splitlines()
    assert any(line.startswith(f"{key} '作品'  1/") for line in lines)
    assert any(line.startswith(f"{plain}  1/") for line in lines)
    paths = {
        shard["shard"]: shard["path"] for shard in json.loads(animeflow("status", "--json").out)["shards"]
    }
    assert paths == {key: "作品", plain: "plain"}


def test_a_selection_runs_on_what_stands_already(animeflow: Call, source: Path) -> None:
    assert animeflow("run", source, *FAST, "--select", "source").code == 0
    assert animeflow("run", source, *FAST, "--select", "shots").code == 0
    assert animeflow("run", source, *FAST, "--select", "shots", "--dry-run").code == 0


def test_parallel_shards_are_processes(animeflow: Call, tmp_path: Path, clip: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / "shows" / name
        folder.mkdir(parents=True)
        (folder / "1.mkv").write_bytes(clip.read_bytes() + name.encode())
    (tmp_path / "animeflow").mkdir()  # a folder of this name where we are is not the package
    words = [
        "run",
        str(tmp_path / "shows"),
        *FAST,
        "--jobs",
        "2",
        "--select",
        "shard_files",
        "--select",
        "catalog",
    ]
    process = start(words, tmp_path)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    workspace = Workspace(tmp_path / "workspace")
    assert len(workspace.shards()) == 2
    for shard in workspace.shards():
        assert workspace.manifest(shard, "shard_files") is not None
        assert f"[{shard}]   shard_files " in out, "a line says which shard it is about"
    assert out.count("  source_catalog ") == 1, "the parent alone makes the tables across shards"
    end = "2 shards, done; a check failed: every_shard_is_whole"
    assert out.count(end) == 1 and "1 shard," not in out, "the parent alone sums up"
    assert "of 1)" not in out, "a child does not know how many there are"


def test_the_tables_across_shards_alone_touch_no_shard(animeflow: Call, source: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    words = ("run", source, *FAST, "--select", "catalog")
    planned = animeflow(*words, "--dry-run").out
    assert "across shards: source_catalog, dataset_index" in planned and SHARD not in planned
    called = animeflow(*words)
    assert called.code == 0 and "  source_catalog " in called.out, called.out + called.err
    assert not workspace.shards()
    assert "across shards: unchanged" in animeflow(*words, "--dry-run").out
    assert "across shards  unchanged" in animeflow(*words).out
    forced = animeflow(*words, "--force", "catalog").out
    assert "  source_catalog " in forced and "unchanged" not in forced


def test_the_options_of_a_child_leave_out_shards_and_jobs() -> None:
    words = ["animeflow", "-q", "run", "src", "--jobs", "4", "--shards", "a", "--limit=3", "--set", "a.b=1"]
    assert _child_options([*words, "--retry-failed"]) == [
        "-q", "run", "src", "--set", "a.b=1", "--retry-failed",
    ]  # fmt: skip


def test_waiting_costs_nothing_when_nothing_runs() -> None:
    """The worker thread is joined in small steps, so that a signal is seen at once."""
    from animeflow.cli.stopping import stoppable

    started = time.monotonic()
    assert stoppable(lambda: 7) == 7
    assert time.monotonic() - started < 2
