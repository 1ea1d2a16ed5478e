"""The picture of the network's probabilities on the page: folded, within its budget, absent where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

from animeflow.report import build_report
from animeflow.report.pictures import Budget
from animeflow.report.predictions import predictions
from animeflow.report.shard import ShardData
from animeflow.tables.workspace import Workspace
from animeflow_tests.report.shard_on_disk import SHARD

FOLDED = '<details class="prediction"><summary>'


def test_each_video_shows_its_pages_with_their_frames(data: ShardData) -> None:
    budget = Budget(1_000_000)
    found = predictions(data, budget)
    (row,) = data.rows("shots", "shot_pictures")
    shown = found[row["video_id"]]
    ((first, last, uri),) = shown.pages
    assert (first, last, shown.left_out) == (0, row["frames"] - 1, 0)
    assert uri.startswith("data:image/webp;base64,") and budget.used == len(uri)


def test_what_does_not_fit_is_left_out_and_counted(data: ShardData) -> None:
    budget = Budget(100)
    (shown,) = predictions(data, budget).values()
    assert (shown.pages, shown.left_out, budget.used) == ([], 1, 0)


def test_the_page_has_it_folded(finished_workspace: Workspace, tmp_path: Path) -> None:
    html = build_report(finished_workspace, SHARD, tmp_path / "page.html").read_text()
    assert html.count(FOLDED) == 1
    folded = html[html.index(FOLDED) :].split("</details>")[0]
    assert "with their probabilities" in folded and "<img" in folded and "open" not in folded.split(">")[0]


def test_a_lost_picture_is_left_out_and_said(own_workspace: Workspace, tmp_path: Path) -> None:
    shutil.rmtree(own_workspace.asset_dir(SHARD, "shots") / "media")
    html = build_report(own_workspace, SHARD, tmp_path / "page.html").read_text()
    assert "1 of 1 pictures are left out" in html
