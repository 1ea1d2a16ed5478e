import contextlib
import json
import multiprocessing
import os
import signal

import pytest

from animeflow.errors import ContractError, StageFailed, WorkspaceBusy
from animeflow.tables import staging as staging_module
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import Manifest
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import PHASES, Staged, check_failures, finalise, sweep
from animeflow.tables.status import Reason, State, Status
from animeflow.tables.workspace import Workspace

VIDEO = "0123456789abcdef"


def stage(
    workspace: Workspace, *, flashes: float = 0.0, picture: bytes = b"picture", note: str = "x"
) -> Staged:
    staging = workspace.staging("shard", "flash")
    rows = [
        {
            "clip_id": f"{VIDEO}-0000000-0000010",
            "video_id": VIDEO,
            "general_flashes": flashes,
            "red_flashes": 0.0,
            "brightness_jumps": 0.0,
        }
    ]
    staging.write_table("flash", TABLES["flash"].table(rows), stem=VIDEO, provenance={"note": note})
    path = staging.path(f"{VIDEO}.webp")
    path.write_bytes(picture)
    staging.add(path)
    status = Status("a.mkv", VIDEO, source_frames=10, frames_decoded=10)
    return Staged(staging, [status], "digest", {"note": note})


def tree(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "ws")


def target(workspace):
    return workspace.asset_dir("shard", "flash")


def test_what_was_staged_is_what_a_handle_reads(workspace):
    finalise(stage(workspace, flashes=2.0), target(workspace))
    handle = Handle.open(target(workspace))
    assert handle.rows(video_id=VIDEO)[0]["general_flashes"] == 2.0
    assert handle.rows(video_id="0" * 16) == []
    assert handle.media("media/" + f"{VIDEO}.webp").read_bytes() == b"picture"
    assert handle.ok_videos() == {VIDEO}
    assert handle.manifest.verify(target(workspace)) == []


def test_a_changed_setting_with_an_equal_result_keeps_the_content_digest(workspace):
    one = finalise(stage(workspace, note="x"), target(workspace))
    two = finalise(stage(workspace, note="y"), target(workspace))
    three = finalise(stage(workspace, flashes=1.0), target(workspace))
    assert one.content_digest == two.content_digest != three.content_digest


def test_an_asset_without_a_manifest_does_not_exist(workspace):
    finalise(stage(workspace), target(workspace))
    (target(workspace) / "manifest.json").unlink()
    with pytest.raises(ContractError, match="never finished"):
        Handle.open(target(workspace))


def test_a_damaged_manifest_is_named_with_the_way_out(workspace):
    finalise(stage(workspace), target(workspace))
    (target(workspace) / "manifest.json").write_text("{")
    with pytest.raises(ContractError, match=r"damaged.*run flash again"):
        Manifest.read(target(workspace))


def test_a_missing_or_cut_file_is_found_by_recounting(workspace):
    manifest = finalise(stage(workspace), target(workspace))
    (target(workspace) / "media" / f"{VIDEO}.webp").write_bytes(b"")
    assert "0 bytes, manifest says 7" in manifest.verify(target(workspace))[0]


def test_a_media_path_cannot_leave_the_staging_folder(workspace):
    with pytest.raises(ContractError, match="leaves"):
        workspace.staging("shard", "flash").path("../../elsewhere")


def _die_at(phase: str, root, flashes: float) -> None:
    def kill(now: str, _asset: str) -> None:
        if now == phase:
            os.kill(os.getpid(), signal.SIGKILL)

    workspace = Workspace(root)
    staged = stage(workspace, flashes=flashes, picture=b"new picture")
    staging_module.on_phase = kill
    finalise(staged, target(workspace))


@pytest.mark.parametrize("phase", PHASES)
def test_a_kill_in_any_phase_of_writing_leaves_the_old_result_or_none_and_a_rerun_gives_the_same_bytes(
    tmp_path, phase
):
    calm, stormy = Workspace(tmp_path / "calm"), Workspace(tmp_path / "stormy")
    finalise(stage(calm, flashes=3.0, picture=b"new picture"), target(calm))
    finalise(stage(stormy, flashes=1.0), target(stormy))
    process = multiprocessing.get_context("fork").Process(target=_die_at, args=(phase, stormy.root, 3.0))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    manifest = Manifest.read(target(stormy))
    if manifest is not None:
        assert manifest.verify(target(stormy)) == []
        expected = 3.0 if phase == "finished" else 1.0
        assert Handle.open(target(stormy)).rows()[0]["general_flashes"] == expected
        sweep(target(stormy))
    finalise(stage(stormy, flashes=3.0, picture=b"new picture"), target(stormy))
    assert tree(calm.root) == tree(stormy.root)


def test_all_videos_failing_fails_the_stage_whatever_the_share():
    failed = Status("a", VIDEO, State.FAILED, Reason.UNDECODABLE, message="broken")
    with pytest.raises(StageFailed, match=r"^'a': broken$"):
        check_failures([failed], max_failed_share=1.0)


def test_a_share_of_failures_above_the_limit_fails_the_stage_and_skipped_files_do_not_count():
    ok = [Status(f"ok{i}", VIDEO) for i in range(6)]
    failed = [
        Status(f"bad{i}", VIDEO, State.FAILED, Reason.UNDECODABLE, message=f"torn {i}") for i in range(12)
    ]
    skipped = [Status(f"s{i}", VIDEO, State.SKIPPED, Reason.UPSTREAM) for i in range(9)]
    check_failures([*ok, *failed, *skipped], max_failed_share=0.67)
    with pytest.raises(StageFailed, match="12 of 18") as raised:
        check_failures([*ok, *failed, *skipped], max_failed_share=0.2)
    said = str(raised.value)
    assert "--set run.max_failed_share=0.67 " in said, "the way out is one that helps"
    assert "'bad0': torn 0" in said and "'bad9': torn 9" in said and said.endswith("and 2 more")


@pytest.mark.parametrize(("good", "bad", "fails"), [(2, 1, False), (1, 4, False), (1, 5, True), (0, 1, True)])
def test_few_bad_files_never_lose_a_shard_that_has_a_good_one(good, bad, fails):
    ok = [Status(f"ok{i}", VIDEO) for i in range(good)]
    failed = [Status(f"bad{i}", VIDEO, State.FAILED, Reason.UNDECODABLE) for i in range(bad)]
    with pytest.raises(StageFailed) if fails else contextlib.nullcontext():
        check_failures([*ok, *failed], max_failed_share=0.2)


def test_a_manifest_with_a_transient_error_is_not_done(workspace):
    staged = stage(workspace)
    hub = Status("b.mkv", None, State.FAILED, Reason.HUB_UNAVAILABLE, transient=True)
    manifest = finalise(Staged(staged.staging, [*staged.statuses, hub], "d", {}), target(workspace))
    assert not manifest.done
    assert json.loads(manifest.to_json())["missing"] == [
        {"path": "b.mkv", "reason": "hub_unavailable", "state": "failed"}
    ]


def test_a_second_run_on_a_shard_is_refused_with_the_name_of_the_first(workspace):
    with workspace.lock("shard", "run-1"):
        with workspace.lock("shard", "run-1"):
            pass
        with workspace.lock("other", "run-2"):
            pass
        with pytest.raises(WorkspaceBusy, match="run-1"), workspace.lock("shard", "run-2"):
            pass
    with workspace.lock("shard", "run-2"):
        pass


def _hold(root, ready) -> None:
    with Workspace(root).lock("shard", "dead"):
        ready.set()
        signal.pause()


def test_a_killed_run_never_leaves_its_shard_locked(workspace):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_hold, args=(workspace.root, ready))
    process.start()
    assert ready.wait(10)
    with pytest.raises(WorkspaceBusy), workspace.lock("shard", "next"):
        pass
    process.kill()
    process.join()
    with workspace.lock("shard", "next"):
        pass


def test_only_what_lies_in_the_workspace_is_deleted(workspace, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    workspace.root.mkdir()
    (workspace.root / "link").symlink_to(outside)
    for path in (outside, workspace.root, workspace.root / "link" / "..", workspace.root / "link"):
        with pytest.raises(ContractError, match="outside"):
            workspace.remove(path)
    assert outside.is_dir()
