"""Calling the command as a user does, in this process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from animeflow.cli.exits import guarded
from animeflow.cli.main import cli
from animeflow.media.command import STOP
from animeflow.media.ffmpeg import ffmpeg_path


@dataclass(frozen=True)
class Called:
    """How a call ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Called]


@pytest.fixture
def animeflow(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Call `animeflow` with words; the current folder is the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMEFLOW_WORKSPACE", str(tmp_path / "workspace"))

    def call(*words: object) -> Called:
        STOP.clear()
        capfd.readouterr()
        code = guarded(
            lambda: cli.main(args=[str(word) for word in words], prog_name="animeflow", standalone_mode=False)
        )
        out, err = capfd.readouterr()
        return Called(code, out, err)

    return call


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 frames of 160x96 H.264 with sound and one hard cut in the middle."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    first, second = (
        "testsrc2=size=160x96:rate=24:duration=1",
        "mandelbrot=size=160x96:rate=24,trim=duration=1",
    )
    args = [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        first,
        "-f",
        "lavfi",
        "-i",
        second,
        "-f",
        "lavfi",
        "-i",
        "sine=d=2",
    ]
    args += ["-filter_complex", "[0][1]concat=n=2:v=1[v]", "-map", "[v]", "-map", "2", "-shortest"]
    args += ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    subprocess.run([str(ffmpeg_path()), *args], check=True)
    return path


@pytest.fixture
def source(tmp_path: Path, clip: Path) -> Path:
    """A folder with one good video."""
    folder = tmp_path / "episodes"
    folder.mkdir()
    (folder / "one.mkv").write_bytes(clip.read_bytes())
    return folder
