"""How a stage runs: what is skipped, what fails, what is carried, and what stops the step."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest

from animeflow.defs.runner import Outcome, ShardResult, SkipVideo, run_jointly, run_per_shard, run_per_video
from animeflow.defs.stage import Stage, Video
from animeflow.errors import DecodeError, DiskFull, StageFailed, WeightsMissing, WorkspaceBusy
from animeflow.media.decode.reader import open_video
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import TableFile
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Reason, State
from animeflow.tables.workspace import Workspace
from animeflow_tests.defs.conftest import FRAMES, SHARD, text_rows

Open = Callable[..., Stage]


def work(video: Video) -> dict[str, pa.Table]:
    return {"text_boxes": text_rows(video.id)}


def store(outcome: Outcome) -> Handle:
    """What the IO manager does."""
    if isinstance(outcome.value, Staged):
        finalise(outcome.value, outcome.stage.folder)
    outcome.release()
    return Handle.open(outcome.stage.folder)


def by_path(handle: Handle) -> dict[str, tuple[State, Reason]]:
    return {status.path: (status.state, status.reason) for status in handle.statuses}


def test_videos_that_are_ok_upstream_are_worked_on_and_the_rest_is_carried_as_skipped(
    stage_of: Open, shard_files: Handle
) -> None:
    done = store(run_per_video(stage_of("text_boxes", shard_files), work))
    assert by_path(done) == {
        "0.mkv": (State.OK, Reason.NONE),
        "1.mkv": (State.OK, Reason.NONE),
        "note.mkv": (State.SKIPPED, Reason.UPSTREAM),
    }
    assert done.table().num_rows == 2
    assert {status.message for status in done.statuses} == {"", "shard_files: not_media: not a video"}


def test_a_table_that_the_work_has_written_itself_is_the_table_of_the_stage(
    stage_of: Open, shard_files: Handle
) -> None:
    def row_by_row(video: Video) -> dict[str, TableFile]:
        with video.staging.writer("text_boxes", stem=video.id, provenance=video.stage.provenance) as out:
            rows = text_rows(video.id)
            for start in range(rows.num_rows):
                out.write(rows.slice(start, 1))
            if video.path == "1.mkv":
                raise DecodeError("ends early", path=video.path)
        return {"text_boxes": out.written}

    streamed = store(run_per_video(stage_of("text_boxes", shard_files), row_by_row))
    assert by_path(streamed)["1.mkv"] == (State.FAILED, Reason.UNDECODABLE)
    whole = store(run_per_video(stage_of("text_boxes", shard_files, force=True), work))
    (one,) = streamed.manifest.tables["text_boxes"]
    assert one in whole.manifest.tables["text_boxes"] and len(whole.manifest.tables["text_boxes"]) == 2


def test_equal_inputs_leave_the_old_result_and_run_nothing(stage_of: Open, shard_files: Handle) -> None:
    store(run_per_video(stage_of("text_boxes", shard_files), work))

    def never(video: Video) -> dict[str, pa.Table]:
        raise AssertionError("ran again")

    again = run_per_video(stage_of("text_boxes", shard_files), never)
    assert again.unchanged and again.timing.unchanged
    assert store(again).table().num_rows == 2


@pytest.mark.parametrize("change", ["settings", "force", "lost file", "origin"])
def test_a_changed_input_a_lost_file_or_force_run_it_again(
    stage_of: Open, shard_files: Handle, change: str
) -> None:
    done = store(run_per_video(stage_of("text_boxes", shard_files), work))
    values: dict[str, object] = {}
    if change == "settings":
        values["overrides"] = ("shots.text.interval_s=0.25",)
    elif change == "force":
        values["force"] = True
    elif change == "origin":
        values["origin"] = {"unit": "another digest"}
    else:
        (done.folder / done.manifest.tables["text_boxes"][0].path).unlink()
    assert not run_per_video(stage_of("text_boxes", shard_files, **values), work).unchanged


def test_settings_that_change_no_result_do_not_run_it_again(stage_of: Open, shard_files: Handle) -> None:
    store(run_per_video(stage_of("text_boxes", shard_files), work))
    again = run_per_video(
        stage_of("text_boxes", shard_files, overrides=("run.threads=1", "shots.decode.threads=1")), work
    )
    assert again.unchanged


def test_a_failed_video_is_a_row_with_its_reason_and_leaves_nothing_behind(
    stage_of: Open, shard_files: Handle
) -> None:
    def one_breaks(video: Video) -> dict[str, pa.Table]:
        if video.path == "0.mkv":
            leftover = video.staging.path(f"{video.id}.bin")
            leftover.write_bytes(b"half")
            video.staging.add(leftover)
            raise DecodeError("the pictures are broken", path=video.path)
        return work(video)

    done = store(run_per_video(stage_of("text_boxes", shard_files), one_breaks))
    assert by_path(done)["0.mkv"] == (State.FAILED, Reason.UNDECODABLE)
    assert not done.manifest.media and done.table().num_rows == 1
    assert not list(done.folder.rglob("*.bin"))


def test_a_stage_without_a_good_video_fails(stage_of: Open, shard_files: Handle) -> None:
    def all_break(video: Video) -> dict[str, pa.Table]:
        raise DecodeError("broken")

    with pytest.raises(StageFailed, match=r"all 2 videos failed: '0.mkv': broken; '1.mkv': broken"):
        run_per_video(stage_of("text_boxes", shard_files), all_break)


def test_a_video_without_the_matter_of_a_stage_is_skipped_with_its_reason(
    stage_of: Open, shard_files: Handle
) -> None:
    def silent(video: Video) -> dict[str, pa.Table]:
        raise SkipVideo(Reason.NO_AUDIO, "no audio stream")

    done = store(run_per_video(stage_of("text_boxes", shard_files), silent))
    assert by_path(done)["0.mkv"] == (State.SKIPPED, Reason.NO_AUDIO)


def test_what_is_wrong_with_the_machine_stops_the_step_at_the_first_video(
    stage_of: Open, shard_files: Handle
) -> None:
    seen = []

    def no_weights(video: Video) -> dict[str, pa.Table]:
        seen.append(video.path)
        raise WeightsMissing("weights 'x' are not here")

    with pytest.raises(WeightsMissing):
        run_per_video(stage_of("text_boxes", shard_files), no_weights)
    assert seen == ["0.mkv"]


def test_a_full_disk_is_transient_and_too_little_memory_is_a_row_that_may_be_tried_again(
    stage_of: Open, shard_files: Handle
) -> None:
    def full(video: Video) -> dict[str, pa.Table]:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

    with pytest.raises(DiskFull):
        run_per_video(stage_of("text_boxes", shard_files), full)

    def hungry(video: Video) -> dict[str, pa.Table]:
        if video.path == "0.mkv":
            raise MemoryError("4 GB")
        return work(video)

    stage = stage_of("text_boxes", shard_files)
    done = store(run_per_video(stage, hungry))
    assert by_path(done)["0.mkv"] == (State.FAILED, Reason.OUT_OF_MEMORY)
    assert not done.manifest.done, "a transient error never counts as done"
    assert not run_per_video(stage, work).unchanged


def test_an_error_that_is_not_ours_costs_its_own_video_and_its_stack_is_logged(
    stage_of: Open, shard_files: Handle, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(video: Video) -> dict[str, pa.Table]:
        if video.path == "0.mkv":
            raise KeyError("bug")
        return work(video)

    with caplog.at_level("DEBUG", logger="animeflow"):
        done = store(run_per_video(stage_of("text_boxes", shard_files), bug))
    assert by_path(done)["0.mkv"] == (State.FAILED, Reason.INTERNAL)
    assert by_path(done)["1.mkv"] == (State.OK, Reason.NONE)
    assert {status.message for status in done.statuses if status.state is State.FAILED} == {"KeyError: 'bug'"}
    assert "text_boxes: 0.mkv: unexpected error" in caplog.text and 'raise KeyError("bug")' in caplog.text


def test_an_error_of_the_system_may_pass_and_an_error_of_every_video_fails_the_stage(
    stage_of: Open, shard_files: Handle
) -> None:
    def fails(video: Video) -> dict[str, pa.Table]:
        raise OSError(errno.EIO, "Input/output error")

    def one_fails(video: Video) -> dict[str, pa.Table]:
        return work(video) if video.path == "1.mkv" else fails(video)

    assert not store(run_per_video(stage_of("text_boxes", shard_files), one_fails)).manifest.done
    with pytest.raises(StageFailed, match="all 2 videos failed"):
        run_per_video(stage_of("text_boxes", shard_files), fails)


def test_decoded_frames_are_counted_per_video_where_they_are_decoded(
    stage_of: Open, shard_files: Handle
) -> None:
    def decode(video: Video) -> dict[str, pa.Table]:
        with open_video(video.file, purpose="analysis") as reader:
            assert sum(1 for _ in reader) == FRAMES
        return work(video)

    outcome = run_per_video(stage_of("text_boxes", shard_files), decode)
    assert outcome.timing.frames_decoded == {"analysis": 2 * FRAMES}
    done = store(outcome)
    assert {status.path: status.frames_decoded for status in done.statuses} == {
        "0.mkv": FRAMES,
        "1.mkv": FRAMES,
        "note.mkv": 0,
    }


def test_another_run_on_the_shard_is_refused_until_the_result_is_stored(
    stage_of: Open, shard_files: Handle, workspace: Workspace
) -> None:
    outcome = run_per_video(stage_of("text_boxes", shard_files), work)
    with pytest.raises(WorkspaceBusy, match="run-1"), workspace.lock(SHARD, "run-2"):
        pass
    store(outcome)
    with workspace.lock(SHARD, "run-2"):
        pass


@pytest.mark.parametrize("error", [StageFailed("bug"), KeyboardInterrupt(), DiskFull("full")])
def test_a_failed_stage_lets_go_of_the_shard_and_of_the_room_it_took(
    stage_of: Open, shard_files: Handle, workspace: Workspace, error: BaseException
) -> None:
    def fails(video: Video) -> dict[str, pa.Table]:
        video.staging.path("half.bin").write_bytes(b"half")
        raise error

    with pytest.raises(type(error)):
        run_per_video(stage_of("text_boxes", shard_files), fails)
    with workspace.lock(SHARD, "run-2"):
        pass
    assert not list(workspace.root.rglob("half.bin"))


def test_stages_of_one_pass_share_its_decode_and_each_is_skipped_alone(
    stage_of: Open, shard_files: Handle
) -> None:
    ran: list[set[str]] = []

    def both(video: Video, todo: dict[str, object]) -> dict[str, dict[str, pa.Table]]:
        ran.append(set(todo))
        with open_video(video.file, purpose="analysis") as reader:
            for _ in reader:
                pass
        return {"text_boxes": work(video), "shard_files": {"shard_files": shard_files.table().slice(0, 0)}}

    stages = [stage_of("text_boxes", shard_files), stage_of("shard_files")]
    # `shard_files` has no input here, so it is opened on the same one to stand for a second output.
    stages[1] = replace(stages[0], spec=stages[1].spec, force=True)
    outcomes = run_jointly(stages, both)
    assert [outcome.timing.frames_decoded for outcome in outcomes] == [{"analysis": 2 * FRAMES}, {}]
    store(outcomes[0])
    outcomes[1].release()
    again = run_jointly(stages, both)
    assert ran[-1] == {"shard_files"}
    assert [outcome.unchanged for outcome in again] == [True, False]
    for outcome in again:
        outcome.release()
    # A run killed between the two outputs must end in the tables of an undisturbed one: only the timing tells.
    assert again[1].timing.frames_decoded == {"analysis": 2 * FRAMES}
    assert list(again[1].statuses) == list(outcomes[1].statuses)


def test_a_stage_of_the_whole_shard_carries_the_statuses_of_its_inputs(
    stage_of: Open, shard_files: Handle
) -> None:
    def whole(stage: Stage, staging: object) -> ShardResult:
        tables = [text_rows(video) for video in sorted(shard_files.ok_videos())]
        return ShardResult({"text_boxes": pa.concat_tables(tables)})

    done = store(run_per_shard(stage_of("text_boxes", shard_files), whole))
    assert by_path(done)["1.mkv"] == (State.OK, Reason.NONE)
    assert by_path(done)["note.mkv"] == (State.SKIPPED, Reason.UPSTREAM)
    assert [file.path for file in done.manifest.tables["text_boxes"]] == ["tables/text_boxes/all.parquet"]


def test_a_stage_that_forgets_a_declared_table_is_refused(stage_of: Open, shard_files: Handle) -> None:
    with pytest.raises(StageFailed, match="declared are"):
        run_per_video(stage_of("text_boxes", shard_files), lambda _: {})
