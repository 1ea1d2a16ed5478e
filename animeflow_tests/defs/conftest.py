"""Small real videos, a workspace with a finished `shard_files`, and stages to run on them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from animeflow.cli.exits import guarded
from animeflow.cli.main import cli
from animeflow.defs.progress import Watch
from animeflow.defs.stage import Stage
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.load import load
from animeflow.tables import ids
from animeflow.tables.handle import Handle
from animeflow.tables.specs import TABLES
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Reason, State, Status
from animeflow.tables.workspace import Workspace

SHARD = "loose-00000000"
WHOLE = ids.shard_key(".")  # the shard of `whole`
# Settings under which the whole graph runs on a small test picture: everything is kept, nothing is read. Encodes are
# measured: else no source may go.
TINY = (
    "--set", "run.min_free_gb=0", "--set", "shots.detector={kind: content}",
    "--set", "shots.text.enabled=false", "--set", "media.av1.encoder.profile=draft", "--no-report",
    "--set", "layers.segmentation.net_drawings=1", "--set", "layers.segmentation.grabcut_iterations=0",
    "--set", "models.matte.short_side_px=64", "--set", "media.av1.metric=ssim",
)  # fmt: skip
FRAMES = 24


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 frames of 160x96 H.264 at 24 fps."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    source = f"testsrc2=size=160x96:rate=24:duration={FRAMES / 24}"
    subprocess.run(
        [
            str(ffmpeg_path()),
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            str(path),
        ],
        check=True,
    )
    return path


def shard_files_row(path: str, file: Path, **values: Any) -> dict[str, Any]:
    """A row of `shard_files` with the columns that stages read."""
    sha256 = ids.file_sha256(file)
    row = dict.fromkeys(TABLES["shard_files"].names)
    row |= {
        "path": path,
        "video_id": ids.video_id(sha256),
        "size_bytes": file.stat().st_size,
        "sha256": sha256,
        "usable": True,
        "media_path": f"media/{ids.video_id(sha256)}.mkv",
        "frames": FRAMES,
    }
    return row | values


def finish_shard_files(
    workspace: Workspace, rows: list[dict[str, Any]], statuses: list[Status], files: dict[str, bytes]
) -> Handle:
    """Make `shard_files` of SHARD from rows, statuses and the bytes of its media."""
    staging = workspace.staging(SHARD, "shard_files")
    for name, data in files.items():
        target = staging.path(name)
        target.write_bytes(data)
        staging.add(target)
    staging.write_table("shard_files", TABLES["shard_files"].table(rows))
    finalise(Staged(staging, statuses, "0" * 64, {}), workspace.asset_dir(SHARD, "shard_files"))
    return workspace.handle(SHARD, "shard_files")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def shard_files(workspace: Workspace, clip: Path) -> Handle:
    """Two videos that differ in one trailing byte, and a file that is none."""
    data = clip.read_bytes()
    rows, statuses, files = [], [], {}
    for number in range(2):
        part = workspace.root.parent / f"{number}.mkv"
        part.write_bytes(data + bytes([number]) * number)
        row = shard_files_row(f"{number}.mkv", part)
        rows.append(row)
        statuses.append(Status(row["path"], row["video_id"], source_frames=FRAMES))
        files[f"{row['video_id']}.mkv"] = part.read_bytes()
    bad = {"path": "note.mkv", "usable": False, "error": "not a video"}
    rows.append(
        shard_files_row(
            "note.mkv",
            clip,
            video_id=None,
            sha256=None,
            media_path=None,
            **{k: v for k, v in bad.items() if k != "path"},
        )
    )
    statuses.append(Status("note.mkv", None, State.FAILED, Reason.NOT_MEDIA, message="not a video"))
    return finish_shard_files(workspace, rows, statuses, files)


@pytest.fixture
def stage_of(workspace: Workspace) -> Callable[..., Stage]:
    """A stage on SHARD, as the resource would open it."""

    def build(name: str, *inputs: Handle, overrides: tuple[str, ...] = (), **values: Any) -> Stage:
        settings = load(environment={}, overrides=("run.min_free_gb=0", *overrides))
        spec = STAGES[name]
        return Stage(
            spec=spec,
            shard=SHARD,
            run_id=values.pop("run_id", "run-1"),
            settings=settings,
            workspace=workspace,
            watch=Watch(SHARD, name, lambda _: None),
            inputs={handle.asset: handle for handle in inputs},
            **values,
        )

    return build


def text_rows(video_id: str) -> pa.Table:
    """A small real table of one video."""
    row = {"video_id": video_id, "frame": 0, "width": 160, "height": 96, "method": "spared", "boxes": []}
    return TABLES["text_boxes"].table([row])


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Workspace:
    """A workspace in which every stage has run on one small video. Tests that change something copy it first."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "source").mkdir()
    (folder / "source" / "clip.mkv").write_bytes(clip.read_bytes())
    words = ["-q", "run", str(folder / "source"), "--out", str(folder / "workspace"), *TINY]
    code = guarded(lambda: cli.main(args=words, standalone_mode=False))
    assert code == 0, f"the whole graph on a small video ended with {code}"
    return Workspace(folder / "workspace")
