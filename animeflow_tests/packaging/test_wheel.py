"""The wheel holds the whole package, its data included, and works outside the repository."""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.models.registry import ENTRY_POINTS
from animeflow_tests.packaging.scripts import ROOT

BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the backend of pyproject.toml from a copy without version control, as from a source archive."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, source)
    for package in ("animeflow", "animeflow_tests", "benchmarks"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", BUILD, str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    (built,) = out.glob("animeflow-*-py3-none-any.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files in a folder of their own, as an installer lays them."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def _run(site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`animeflow` from the unpacked wheel, in a folder that is not the repository."""
    start = (
        f"import animeflow; assert animeflow.__file__.startswith({str(site)!r}), animeflow.__file__\n"
        "from animeflow.cli.main import main; main()"
    )
    environment = os.environ | {"PYTHONPATH": str(site), "HOME": str(cwd)}
    return subprocess.run(
        [sys.executable, "-c", start, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_every_file_of_the_package_is_in_the_wheel_and_no_other(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "animeflow"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = (ROOT / line for line in listed.stdout.splitlines() if not line.endswith(".md"))
    wanted = {str(path.relative_to(ROOT)) for path in files if path.is_file()}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name for name in wanted if not name.endswith(".py")} >= {
        "animeflow/py.typed",
        "animeflow/defs/instance.yaml",
        "animeflow/models/weights.toml",
        "animeflow/settings/profiles/embedded.yaml",
    }
    assert held == wanted


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_metadata_names_licence_pythons_and_extras(wheel: Path) -> None:
    found = _metadata(wheel)
    assert found["License-Expression"] == "MIT"
    assert found["Requires-Python"] == "<3.14,>=3.11"
    assert found.get_all("Provides-Extra") == ["gpu", "speech", "service", "distributed", "dev"]


def test_the_wheel_asks_for_exactly_one_opencv_and_no_torchvision(wheel: Path) -> None:
    always = [line for line in _metadata(wheel).get_all("Requires-Dist") or () if "extra ==" not in line]
    names = [line.split(";")[0].split("<")[0].split(">")[0].split("=")[0].strip() for line in always]
    assert [name for name in names if "opencv" in name] == ["opencv-python"]
    assert "torchvision" not in names


def test_the_command_is_an_entry_point(unpacked: Path) -> None:
    (path,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "animeflow = animeflow.cli.start:main" in path.read_text(encoding="utf-8")


def test_the_group_that_other_packages_add_adapters_to_is_the_one_that_is_read() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert list(project["entry-points"]) == [ENTRY_POINTS]


def test_settings_and_weights_are_found_outside_the_repository(unpacked: Path, tmp_path: Path) -> None:
    done = _run(unpacked, tmp_path, "settings", "show", "--profile", "modern")
    assert done.returncode == 0, done.stderr
    assert "profile: modern" in done.stdout
    done = _run(unpacked, tmp_path, "weights", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert {"u2netp", "modnet", "transnetv2"} <= {row["id"] for row in json.loads(done.stdout)}
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_runs_outside_the_repository(unpacked: Path, tmp_path: Path) -> None:
    done = _run(unpacked, tmp_path, "doctor", "--json")
    found = {row["name"]: row["state"] for row in json.loads(done.stdout)["findings"]}
    assert found["python"] == found["packages"] == found["ffmpeg"] == "ok", done.stdout + done.stderr


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second, 24 frames, with one hard cut."""
    path = tmp_path_factory.mktemp("episodes") / "episode.mkv"
    halves = [f"{name}=size=160x96:rate=24:duration=0.5" for name in ("testsrc2", "smptebars")]
    inputs = [word for half in halves for word in ("-f", "lavfi", "-i", half)]
    joined = ["-filter_complex", "concat=n=2", "-c:v", "libx264"]
    subprocess.run([ffmpeg_path(), "-v", "error", *inputs, *joined, path], check=True, timeout=60)
    return path


def test_shots_of_one_file_are_found_outside_the_repository(
    unpacked: Path, tmp_path: Path, episode: Path
) -> None:
    done = _run(unpacked, tmp_path, "shots", str(episode), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 24


def test_a_run_outside_the_repository_leaves_tables_and_a_report(
    unpacked: Path, tmp_path: Path, episode: Path
) -> None:
    """The stages that read no weights; the instance, the settings and the page come from the wheel's own data."""
    quick = ("--set", "shots.detector={kind: content}", "--set", "shots.text.enabled=false")
    groups = [word for group in ("source", "shots", "measures", "curation") for word in ("--select", group)]
    room = ("--set", "run.min_free_gb=0")
    done = _run(
        unpacked, tmp_path, "run", str(episode.parent), "--out", str(tmp_path / "out"), *groups, *quick, *room
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (shard,) = (tmp_path / "out" / "shards").iterdir()
    assert (shard / "kept_clips" / "manifest.json").is_file(), done.stdout
    assert len(list((tmp_path / "out" / "reports").glob("*.html"))) == 1
