"""The IO manager, the joint asset and what Dagster records of them, on an ephemeral instance."""

from __future__ import annotations

import dagster as dg
import pytest

from animeflow.defs.assets.shots import one_decode
from animeflow.defs.partitions import SHARDS
from animeflow.defs.resources.settings import settings_resource
from animeflow.defs.resources.stages import stages_resource
from animeflow.defs.resources.workspace import workspace_resource
from animeflow.defs.storage import workspace_io_manager
from animeflow.tables import timings
from animeflow.tables.handle import Handle
from animeflow.tables.workspace import Workspace
from animeflow_tests.defs.conftest import FRAMES, SHARD


def materialise(
    workspace: Workspace, instance: dg.DagsterInstance, *names: str, **settings: object
) -> dg.ExecuteInProcessResult:
    """Run assets of the joint decode on SHARD, whose shard_files is finished."""
    source = dg.AssetSpec("shard_files", partitions_def=SHARDS).with_io_manager_key("io_manager")
    instance.add_dynamic_partitions("shard", [SHARD])
    config = {"run": {"min_free_gb": 0.0}, "shots": {"text": {"enabled": False}}} | settings
    return dg.materialize(
        [source, one_decode],
        partition_key=SHARD,
        instance=instance,
        selection=list(names) or None,
        raise_on_error=False,
        resources={
            "workspace": workspace_resource.configured({"root": str(workspace.root)}),
            "settings": settings_resource.configured(config),
            "stages": stages_resource.configured({}),
            "io_manager": workspace_io_manager,
        },
    )


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def test_one_decode_gives_both_tables_with_data_versions_row_counts_and_checks(
    workspace: Workspace, shard_files: Handle, instance: dg.DagsterInstance
) -> None:
    result = materialise(workspace, instance)
    assert result.success
    events = {
        event.asset_key.to_user_string(): event.materialization
        for event in result.get_asset_materialization_events()
    }
    signals = events["frame_signals"]
    assert (
        signals.tags["dagster/data_version"]
        == workspace.handle(SHARD, "frame_signals").manifest.content_digest
    )
    assert signals.metadata["dagster/row_count"].value == 2 * FRAMES
    assert "frames" in str(signals.metadata["dagster/column_schema"].value.columns[1].description)
    assert signals.metadata["frames_decoded"].value == 2 * FRAMES
    assert events["text_boxes"].metadata["frames_decoded"].value == 0
    assert {check.check_name for check in result.get_asset_check_evaluations()} == {"videos_failed"}
    timing = timings.latest(workspace.logs_dir(SHARD), "frame_signals")
    assert timing is not None and timing.frames_decoded == {"analysis": 2 * FRAMES} and timing.videos == 2


def test_one_output_of_the_pass_is_materialised_alone(
    workspace: Workspace, shard_files: Handle, instance: dg.DagsterInstance
) -> None:
    result = materialise(workspace, instance, "text_boxes")
    assert result.success
    assert [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()] == [
        "text_boxes"
    ]
    assert workspace.manifest(SHARD, "frame_signals") is None


def test_running_it_again_changes_no_byte_and_keeps_the_data_version(
    workspace: Workspace, shard_files: Handle, instance: dg.DagsterInstance
) -> None:
    materialise(workspace, instance)
    before = {p: p.read_bytes() for p in workspace.shard_dir(SHARD).rglob("*") if p.is_file()}
    again = materialise(workspace, instance)
    assert {p: p.read_bytes() for p in workspace.shard_dir(SHARD).rglob("*") if p.is_file()} == before
    assert all(
        event.materialization.metadata["unchanged"].value
        for event in again.get_asset_materialization_events()
    )


def test_a_stage_whose_input_was_never_finished_fails_with_one_line_and_is_not_tried_again(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    result = materialise(workspace, instance)
    assert not result.success
    failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert "materialise shard_files first" in failure.description


def test_a_setting_that_is_wrong_fails_the_run_and_names_the_key(
    workspace: Workspace, shard_files: Handle, instance: dg.DagsterInstance
) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="no_such_key"):
        materialise(workspace, instance, no_such_key=1)
