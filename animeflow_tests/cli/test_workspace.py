"""Commands on a workspace: status, curate, report, clean, ui; and the examples of every command's help."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import click
import pytest

from animeflow.cli.main import cli
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call
from animeflow_tests.cli.test_main import commands
from animeflow_tests.defs.conftest import WHOLE, clip, whole  # noqa: F401 fixtures
from animeflow_tests.defs.services import free_port

DEMO, UI = ("demo",), ("ui",)
BACKGROUND = ("bash", "-c", 'trap "" INT; exec "$@"', "bash")  # a script's background job ignores SIGINT


@pytest.fixture
def workspace(whole: Workspace, tmp_path: Path) -> Workspace:  # noqa: F811
    """A copy of the finished workspace, at the place that the command takes by default."""
    shutil.copytree(whole.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def test_status_says_that_all_is_done(animeflow: Call, workspace: Workspace) -> None:
    report = json.loads(animeflow("status", "--json").out)
    (shard,) = report["shards"]
    assert {row["state"] for row in shard["stages"]} == {"done"}
    assert json.loads(animeflow("status", "--stale", "--json").out)["shards"][0]["stages"] == []


def test_status_names_what_changed_and_what_follows_from_it(animeflow: Call, workspace: Workspace) -> None:
    settings = workspace.root / "settings.yaml"
    settings.write_text(settings.read_text() + "curation:\n  max_flashes: 1\n")
    (workspace.asset_dir(WHOLE, "motion") / "manifest.json").unlink()
    rows = json.loads(animeflow("status", "--stale", "--json").out)["shards"][0]["stages"]
    why = {row["stage"]: row for row in rows}
    assert why["motion"]["state"] == "missing"
    assert why["kept_clips"]["state"] == "stale" and "motion is missing" in why["kept_clips"]["why"]
    assert "kept_clips is stale" in why["clip_videos"]["why"]
    assert "av1_videos" not in why


def test_curate_changes_thresholds_alone(animeflow: Call, workspace: Workspace) -> None:
    before = (workspace.root / "settings.yaml").read_bytes()
    called = animeflow("curate", "--set", "shots.clips.min_s=9")
    assert called.code == 2 and "shots would differ" in called.err
    assert (workspace.root / "settings.yaml").read_bytes() == before


def test_status_names_shards_of_the_source_where_nothing_has_ended(
    animeflow: Call, workspace: Workspace
) -> None:
    (key,) = workspace.shards()
    shutil.rmtree(workspace.shard_dir(key))
    shutil.rmtree(workspace.root / "logs")
    assert f"{key}  0/" in animeflow("status").out
    assert [shard["shard"] for shard in json.loads(animeflow("status", "--json").out)["shards"]] == [key]


def test_curate_decides_again_on_stored_measures(animeflow: Call, workspace: Workspace) -> None:
    what_if = animeflow("curate", "--set", "curation.min_duration_s=100", "--dry-run")
    assert what_if.code == 0 and "kept 1 -> 0 of 1, dropped: 1 min_duration_s" in what_if.out
    assert workspace.handle(WHOLE, "kept_clips").rows()[0]["keep"], "a dry run changes nothing"
    done = animeflow("curate", "--set", "curation.min_duration_s=100")
    assert done.code == 0 and "kept 1 -> 0" in done.out
    assert not workspace.handle(WHOLE, "kept_clips").rows()[0]["keep"]
    back = animeflow("curate", "--set", "curation.min_duration_s=0.5")
    assert back.code == 0 and "kept 0 -> 1" in back.out


def test_clean_removes_results_inside_the_workspace_only(animeflow: Call, workspace: Workspace) -> None:
    before = animeflow("clean", "--select", "layers", "--dry-run")
    assert "smoothed_layers" in before.out and workspace.manifest(WHOLE, "smoothed_layers") is not None
    assert animeflow("clean", "--select", "layers", "--yes").code == 0
    assert workspace.manifest(WHOLE, "smoothed_layers") is None
    assert workspace.manifest(WHOLE, "clips") is not None
    assert animeflow("clean", "--shards", "../..").code == 2


def test_a_place_where_nothing_ran_is_a_usage_error(animeflow: Call) -> None:
    for words in (("status",), ("report",), ("curate",), ("clean",)):
        assert animeflow(*words, "--out", "nothing-here").code == 2


def test_ui_serves_the_history_of_the_workspace_alone_and_ends_with_its_servers(
    animeflow: Call, workspace: Workspace, tmp_path: Path
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [
            *BACKGROUND,
            sys.executable,
            "-m",
            "animeflow.cli.main",
            "ui",
            "--out",
            str(workspace.root),
            "--port",
            str(port),
        ],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 150
        query = json.dumps(
            {"query": "{ runsOrError { ... on Runs { results { jobName status } } } }"}
        ).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", query, {"Content-Type": "application/json"}
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    runs = json.load(answer)["data"]["runsOrError"]["results"]
                break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.5)
        assert {"jobName": "everything", "status": "SUCCESS"} in runs
        second = animeflow("ui", "--port", port)
        assert second.code == 2 and f"{port} cannot be served" in second.err
    finally:
        process.terminate()
        process.wait(60)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the servers end with the command"


def examples() -> list[str]:
    """The example of every command, but of those that have a test of their own (ui) or run by `make demo`."""
    found = commands(cli)
    return [str(c.epilog).partition("Example: ")[2] for words, c in found.items() if words not in (DEMO, UI)]


@pytest.mark.parametrize("example", examples())
def test_the_example_of_every_command_works(
    animeflow: Call,
    workspace: Workspace,
    clip: Path,  # noqa: F811
    tmp_path: Path,
    example: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the example names `episode.mkv`, `episodes` or `workspace`, they are there."""
    (tmp_path / "episodes").mkdir()
    for path in (tmp_path / "episode.mkv", tmp_path / "episodes" / "episode.mkv"):
        path.write_bytes(clip.read_bytes())
    for name, value in {"SHOTS__TEXT__ENABLED": "false", "LAYERS__SEGMENTATION__NET_DRAWINGS": "1"}.items():
        monkeypatch.setenv(f"ANIMEFLOW__{name}", value)
    if example.startswith("animeflow sample"):
        pytest.skip("draws for a minute; the sample has its own tests, and `make demo` draws it")
    words = shlex.split(example)[1:]
    called = animeflow(*words[: words.index(">")] if ">" in words else words)
    assert called.code == 0, called.out + called.err


def test_the_example_of_demo_parses() -> None:
    command = commands(cli)[DEMO]
    words = shlex.split(str(command.epilog).partition("Example: ")[2])[2:]
    assert isinstance(command.make_context("demo", words), click.Context)
