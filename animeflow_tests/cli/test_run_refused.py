"""What `animeflow run` refuses before anything starts: sources, workspaces, selections, encoders."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call
from animeflow_tests.cli.runs import FAST, SHARD, SOME

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("address", ["https://example.com/a.mp4", "HTTP://example.com/shows/"])
def test_an_address_of_the_web_is_no_source_and_the_way_out_is_said(animeflow: Call, address: str) -> None:
    called = animeflow("run", address)
    assert called.code == 2
    assert f"{address!r} is an address of the web; a source is a folder or file of this machine" in called.err
    assert "download it and give its path" in called.err


def test_a_source_that_holds_nothing_is_named_and_leaves_no_workspace(
    animeflow: Call, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for name, code in (("empty", 1), ("nowhere", 2)):
        called = animeflow("run", name, *FAST)
        assert called.code == code and str(tmp_path / name) in called.err, called.err
        assert not (tmp_path / "workspace").exists()


def test_a_dry_run_tries_the_encoder_as_the_run_does(
    animeflow: Call, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from animeflow.media.encode import encoders

    chosen = ("--set", "media.av1.encoder={kind: nvenc}")
    words = ("run", source, *FAST)
    monkeypatch.setattr(encoders, "trial", lambda *_: encoders.Trial(problem="no card"))
    for call in ((*words, *chosen, "--dry-run"), (*words, *chosen)):
        called = animeflow(*call)
        assert called.code == 2 and "av1_nvenc does not encode here: no card" in called.err
    assert not (tmp_path / "workspace" / "settings.yaml").exists()
    assert animeflow(*words, *chosen, "--select", "source", "--dry-run").code == 0, "nothing is encoded"
    fell = animeflow(*words, "--set", "media.av1.encoder={kind: auto}", "--dry-run")
    assert "encoder: libsvtav1, because av1_nvenc does not encode here: no card\n" in fell.out
    monkeypatch.setattr(encoders, "trial", lambda *_: encoders.Trial("NVENC 13.0"))
    assert "encoder: av1_nvenc, which encoded a frame here\n" in animeflow(*words, *chosen, "--dry-run").out
    assert "encoder: libsvtav1\n" in animeflow(*words, "--dry-run").out


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_parameters_that_the_encoder_does_not_take_stop_a_run_before_anything_starts(
    animeflow: Call, source: Path, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    words = ("run", source, *FAST, "--set", "media.av1.encoder.params=[nonsense=1]", *dry)
    called = animeflow(*words)
    assert called.code == 2 and "media.av1.encoder.params is [nonsense=1]" in called.err
    assert "Error parsing option nonsense" in called.err and "leave it out" in called.err
    assert not (tmp_path / "workspace" / "settings.yaml").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_an_ffmpeg_that_is_not_here_stops_a_run_before_anything_starts(
    animeflow: Call, source: Path, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    called = animeflow("run", source, *FAST, "--select", "source", "--set", "run.ffmpeg=/nope", *dry)
    assert called.code == 2 and not called.out
    assert called.err.startswith("animeflow: ffmpeg '/nope', named by the setting run.ffmpeg, is not a file")
    assert not (tmp_path / "workspace").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_an_ffmpeg_that_is_none_stops_a_run_before_anything_starts(
    animeflow: Call, source: Path, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    called = animeflow("run", source, *FAST, "--set", "run.ffmpeg=/bin/true", *dry)
    assert called.code == 2 and not called.out
    assert called.err.startswith(
        "animeflow: run.ffmpeg is '/bin/true', which is no ffmpeg: asked for -version"
    )
    assert not (tmp_path / "workspace").exists()


def test_a_run_that_is_refused_changes_no_setting(animeflow: Call, source: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    other = ("--set", "curation.max_flashes=7")
    words = ("run", source, *FAST, "--select", "shard_files")
    with workspace.lock(SHARD, "another-run"):
        assert animeflow(*words, *other).code == 1
    assert not (workspace.root / "settings.yaml").exists()
    assert animeflow(*words).code == 0
    before = (workspace.root / "settings.yaml").read_bytes()
    with workspace.lock(SHARD, "another-run"):
        assert animeflow(*words, "--force", "shard_files", *other).code == 1
        assert animeflow(*words[:2], *FAST, "--select", "clips", *other).code == 2
    full = ("--set", "run.min_free_gb=1e9")
    assert animeflow(*words[:2], *FAST, *full, "--select", "frame_signals", *other).code == 1
    assert (workspace.root / "settings.yaml").read_bytes() == before
    assert animeflow(*words, *other).code == 0, "nothing is to be done, but the run was not refused"
    assert b"max_flashes: 7" in (workspace.root / "settings.yaml").read_bytes()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_selection_that_lacks_what_it_reads_is_told_before_anything_starts(
    animeflow: Call, source: Path, tmp_path: Path, dry: tuple[str, ...]
) -> None:
    called = animeflow("run", source, *FAST, "--select", "shots", *dry)
    assert called.code == 2
    assert f"frame_signals needs shard_files, which was never finished for shard {SHARD}" in called.err
    assert called.err.rstrip().endswith(": --select source --select shots")
    assert not (tmp_path / "workspace").exists()


def test_a_read_only_workspace_fails_with_one_line(animeflow: Call, source: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "workspace").mkdir(mode=0o500)
    called = animeflow("run", source, *FAST, *SOME)
    assert called.code == 1 and called.err.count("\n") == 1


def test_a_forced_stage_outside_the_selection_is_a_usage_error(animeflow: Call, source: Path) -> None:
    called = animeflow("run", source, "--select", "curation", "--force", "shots")
    assert called.code == 2 and "--force shots" in called.err


def test_a_workspace_inside_its_source_is_no_source(animeflow: Call, clip: Path, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(clip, films)
    for out in (films / "workspace", tmp_path / "apart"):  # the second finds that of the first
        assert animeflow("run", films, "--out", out, *FAST, "--select", "source").code == 0
        assert animeflow("run", films, "--out", out, *FAST, "--select", "source").code == 0
        assert Workspace(out).shards() == [SHARD]


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_workspace_that_is_its_source_is_a_usage_error(
    animeflow: Call, source: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "link").symlink_to(source)
    for out in (source, tmp_path / "link", source / ".." / source.name):
        called = animeflow("run", source, "--out", out, *FAST, *words)
        assert called.code == 2 and "is the source itself" in called.err
        assert called.err.rstrip().endswith("/workspace")
    assert [path.name for path in source.iterdir()] == ["one.mkv"]


def test_a_place_that_no_workspace_can_be_made_at_is_a_usage_error(
    animeflow: Call, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_bytes(b"")
    called = animeflow("run", source, "--out", tmp_path / "a file" / "inside")
    assert called.code == 2 and "no workspace can be made at" in called.err and "--out" in called.err
