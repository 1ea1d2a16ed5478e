from __future__ import annotations

from animeflow.report.pictures import Budget
from animeflow.report.shard import ShardData
from animeflow.report.summary import Figure, figures
from animeflow.report.timeline import timelines
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Reason, State, Status
from animeflow.tables.workspace import Workspace
from animeflow_tests.report.shard_on_disk import SHARD


def head(workspace: Workspace) -> dict[str, Figure]:
    data = ShardData(workspace, SHARD)
    return {one.name: one for one in figures(data, [], timelines(data, Budget(0)))}


def test_a_video_that_failed_after_its_probe_is_no_footage(own_workspace: Workspace) -> None:
    before = head(own_workspace)
    assert (before["videos"].value, before["videos"].small) == ("1", "of 2 files")
    assert before["footage"].value != "0.00 s"
    (good,) = [status for status in own_workspace.handle(SHARD, "clips").statuses if status.ok]
    late = Status(good.path, good.video_id, State.FAILED, Reason.UNDECODABLE)
    staged = Staged(own_workspace.staging(SHARD, "text_boxes"), [late], "digest", {})
    finalise(staged, own_workspace.asset_dir(SHARD, "text_boxes"))
    after = head(own_workspace)
    assert after["videos"].value == "0"
    assert (after["footage"].value, after["footage"].small) == ("0.00 s", "0 frames")
