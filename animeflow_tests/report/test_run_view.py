from __future__ import annotations

from animeflow.models.weight_table import load_table
from animeflow.report import run_view
from animeflow.report.shard import ShardData
from animeflow.tables.stages import STAGES
from animeflow.tables.workspace import Workspace
from animeflow_tests.report.shard_on_disk import SHARD


def test_each_stage_has_a_line_with_its_decoded_frames_per_source_frame(data: ShardData) -> None:
    lines = {line.name: line for line in run_view.stage_lines(data)}
    assert list(lines) == [name for name, stage in STAGES.items() if stage.partitioned]
    assert lines["frame_signals"].per_source_frame == 1.0
    assert lines["kept_clips"].per_source_frame == 0.0
    assert lines["frame_signals"].timing is not None and lines["frame_signals"].rate is not None


def test_the_broken_file_is_named_once_although_every_stage_skipped_it(data: ShardData) -> None:
    (problem,) = run_view.problems(data)
    assert (problem.asset, problem.path, problem.reason) == ("shard_files", "notes.mkv", "not_media")


def test_weights_are_shown_with_their_licence_and_with_what_they_made(data: ShardData) -> None:
    (model,) = run_view.models_used(data, load_table().rows)
    assert (model.kind, model.weights, model.weights_licence, model.commercial) == (
        "transnetv2", "transnetv2", "MIT", True,
    )  # fmt: skip
    assert model.used_by == ("shots",)


def test_weights_that_nobody_knows_are_said_to_be_unknown(data: ShardData) -> None:
    (model,) = run_view.models_used(data, {})
    assert model.weights_licence == "not in weights.toml" and model.commercial is None


def test_decoded_frames_are_summed_by_purpose(data: ShardData) -> None:
    frames = next(row["frames"] for row in data.rows("shard_files") if row["usable"])
    found = {one.purpose: one for one in run_view.passes(data, frames)}
    assert found["frame_signals"].share == 1.0


def test_a_log_that_cannot_be_read_is_no_timing(own_workspace: Workspace) -> None:
    (own_workspace.logs_dir(SHARD) / "shots.json").write_text('[{"odd": 1}]')
    (own_workspace.logs_dir(SHARD) / "clips.json").write_text("[1")
    lines = {line.name: line for line in run_view.stage_lines(ShardData(own_workspace, SHARD))}
    assert lines["shots"].timing is None and lines["clips"].timing is None


def test_provenance_is_listed_with_both_digests(data: ShardData) -> None:
    found = {origin.asset: origin for origin in run_view.origins(data)}
    assert len(found["shots"].content_digest) == 64 and found["shots"].device == "cpu"
    assert any(key.startswith("upstream.") for key, _ in found["shots"].facts)


def test_a_measure_without_a_model_is_null_with_its_reason_and_has_no_rate(data: ShardData) -> None:
    lines = {line.name: line for line in run_view.stage_lines(data)}
    assert (lines["quality"].state, lines["quality"].rate) == ("null", None)
    assert lines["quality"].reason
    assert lines["flash"].state == lines["text"].state == "done"
