"""The end of a run, `status` and the report say the same of what stopped a shard."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from animeflow.cli.summary import failed_stages, has_failed, outcome_text, whole_failures
from animeflow.errors import DecodeError, StageFailed
from animeflow.media.images import read_image, write_webp
from animeflow.report import build_report
from animeflow.tables import failed
from animeflow.tables.status import Status
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call
from animeflow_tests.defs.conftest import TINY, WHOLE, clip, whole  # noqa: F401 fixtures


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (outcome_text(1, [], 0), "1 shard, all done"),
        (outcome_text(2, [], 0, checks=["c"]), "2 shards, done; a check failed: c"),
        (outcome_text(2, [], 0, checks=list("abcdefg")), "2 shards, done; 7 checks failed: a, b, c, d, e and 2 more"),
        (outcome_text(2, [], 1, checks=["c"]), "2 shards done, 1 video failed"),
        (outcome_text(2, ["a"], 7), "2 shards, 1 FAILED: a, 7 videos failed"),
    ],
)  # fmt: skip
def test_the_closing_line(text: str, said: str) -> None:
    assert text == said


def test_stages_that_failed_as_a_whole_are_named_with_the_file_and_the_reason(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    logs = workspace.logs_dir("shard")
    with pytest.raises(StageFailed), failed.remembered(logs, "frame_signals", "text_boxes"):
        raise StageFailed("'flip.mkv': 44 of 359 frames are damaged")
    assert whole_failures(workspace, "shard") == [
        "frame_signals, text_boxes: stage_failed: 'flip.mkv': 44 of 359 frames are damaged"
    ]
    failed.forget(logs, "frame_signals")
    failed.forget(logs, "text_boxes")
    assert whole_failures(workspace, "shard") == []


def test_the_row_of_a_failed_video_names_it_once(tmp_path: Path) -> None:
    staged = tmp_path / "media" / "a51712c794583a43.mkv"
    error = DecodeError("44 of 359 frames are damaged", reason="corrupt", path=staged, hint="fetch it again")
    row = Status.of_error(error, path="Season 1/flip.mkv", video_id="a51712c794583a43")
    assert row.path == "Season 1/flip.mkv"
    assert row.message == "44 of 359 frames are damaged (fetch it again)"


@pytest.fixture
def workspace(whole: Workspace, tmp_path: Path) -> Workspace:  # noqa: F811
    """A copy of the finished workspace and of its source, without what reads its layers."""
    shutil.copytree(whole.root.parent, tmp_path, dirs_exist_ok=True)
    found = Workspace(tmp_path / "workspace")
    for name in ("annotations", "dataset_export", "published_dataset"):
        shutil.rmtree(found.asset_dir(WHOLE, name))
    return found


@pytest.mark.logs_errors
def test_a_blocking_check_that_fails_is_named_with_what_waits_for_it_and_the_way_out(
    animeflow: Call, workspace: Workspace, tmp_path: Path
) -> None:
    layers = workspace.asset_dir(WHOLE, "smoothed_layers")
    for row in workspace.handle(WHOLE, "smoothed_layers").rows():
        path = layers / row["background_path"]
        size = path.stat().st_size
        write_webp(path, 255 - read_image(path, mode="RGB"), lossless=True)
        path.write_bytes(path.read_bytes().ljust(size, b"\0")[:size])
    words = ("run", tmp_path / "source", *TINY, "--select", "smoothed_layers", "--select", "annotations")
    called = animeflow(*words)
    assert called.code == 1, called.out + called.err
    line = f"failed   {WHOLE}: check layers_give_the_frame of smoothed_layers failed (3 stages wait for it): "
    (said,) = [text for text in called.out.splitlines() if text.startswith(line)]
    assert len(said) > len(line), "and why"
    assert "`animeflow run` with --retry-failed makes smoothed_layers again" in called.out
    assert "FAILED smoothed_layers_layers_give_the_frame: the check failed: the stages behind" in called.out
    assert "dagster" not in called.out

    lines = animeflow("status", "--stale").out.splitlines()
    assert "check failed: layers_give_the_frame" in lines[0]
    assert any("layers_give_the_frame of smoothed_layers failed (3 stages" in text for text in lines[1:])
    (check,) = json.loads(animeflow("status", "--json").out)["shards"][0]["checks"]
    assert check["waiting"] == ["annotations", "dataset_export", "published_dataset"]
    page = build_report(workspace, WHOLE, tmp_path / "page.html").read_text()
    assert "1 check failed:" in page and "check layers_give_the_frame of smoothed_layers failed" in page
    assert "not materialised; layers_give_the_frame of smoothed_layers failed" in page

    assert has_failed(workspace, WHOLE) and "smoothed_layers" in failed_stages(workspace, WHOLE)
    mended = animeflow(*words, "--retry-failed")
    assert mended.code == 0, mended.out + mended.err
    assert not json.loads(animeflow("status", "--json").out)["shards"][0]["checks"]
    assert not has_failed(workspace, WHOLE)
