import shutil

import pytest

from animeflow.catalog.dataset_index import build_index
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging
from animeflow.tables.workspace import Workspace
from animeflow_tests.catalog.conftest import BARE, FIRST, SECOND
from animeflow_tests.fixtures.shards import FILMS, tree


@pytest.fixture
def index(workspace, tmp_path):
    def run(name: str = "staging", of: Workspace = workspace):
        staging = Staging.begin("dataset_index", "catalog", tmp_path / name)
        return build_index(of, staging, provenance={"stage": "dataset_index"}), staging

    return run


def rows_of(staging) -> list[dict]:
    import pyarrow.parquet as pq

    files = sorted((staging.folder / "tables/dataset_index").iterdir())
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def test_every_decided_clip_of_every_shard_has_one_row(index):
    run, staging = index()
    rows = rows_of(staging)
    assert run.clips == {FIRST: 6, SECOND: 3}
    assert len({(row["shard"], row["clip_id"]) for row in rows}) == len(rows) == 9
    assert [row["keep"] for row in rows[:3]] == [True, True, False]


def test_a_video_of_two_shards_names_the_first_of_them(index, workspace, tmp_path):
    run, staging = index()
    assert run.repeated == frozenset()
    assert {row["duplicate_of"] for row in rows_of(staging)} == {None}
    shutil.copytree(workspace.root, tmp_path / "copied")
    copied = Workspace(tmp_path / "copied")
    shutil.copytree(copied.shard_dir(FIRST), copied.shard_dir("zz-copy-00000000"))
    run, staging = index("again", copied)
    again = [row for row in rows_of(staging) if row["shard"] == "zz-copy-00000000"]
    assert {row["duplicate_of"] for row in again} == {FIRST}
    assert run.repeated == {row["video_id"] for row in again}


def test_shards_and_stages_that_are_not_finished_are_counted(index):
    run, staging = index()
    assert set(run.missing) == {FIRST, SECOND, BARE}
    assert "kept_clips" in run.missing[BARE]
    assert "annotations" not in run.missing[FIRST]
    assert "annotations" in rows_of(staging)[-1]["missing_stages"]


def test_measures_labels_decision_and_files_stand_in_one_row(index, workspace):
    row = rows_of(index()[1])[1]
    assert row["clip_id"] == FILMS[0].clip(1)
    assert (row["sharpness"], row["quality"], row["hold_pattern"]) == (0.1, None, "twos")
    assert (row["source_path"], row["source_sha256"]) == (FILMS[0].path, FILMS[0].sha256)
    assert (workspace.root / row["media_path"]).read_bytes() == f"clip {row['clip_id']}".encode()
    assert rows_of(index()[1])[0]["transcript"] == "hello"


def test_a_dropped_clip_keeps_its_reason_and_has_no_file(index):
    row = rows_of(index()[1])[2]
    assert (row["keep"], row["drop_reason"], row["failed"]) == (False, "max_text_area", ["max_text_area"])
    assert (row["media_path"], row["sha256"]) == (None, None)


def test_provenance_is_columns(index):
    row = rows_of(index()[1])[0]
    assert row["adapters"] == ["shots/shots=transnetv2"]
    assert row["weights"] == [f"transnetv2={'a' * 64}"]
    assert row["licences"] == ["MIT"]
    assert f"clips={'5' * 64}" in row["settings_digests"]
    assert any(entry.startswith("kept_clips=") for entry in row["content_digests"])


def test_the_index_is_the_same_bytes_twice(index):
    assert tree(index("one")[1].folder) == tree(index("two")[1].folder)


def test_an_empty_workspace_gives_an_empty_index(index, tmp_path):
    run, staging = index(of=Workspace(tmp_path / "nothing"))
    assert run.clips == {}
    assert rows_of(staging) == []


def test_the_names_of_measures_are_unique_and_each_is_a_column():
    from animeflow.tables.schemas.catalog import MEASURE_COLUMNS

    names = [column for columns in MEASURE_COLUMNS.values() for column in columns]
    assert len(set(names)) == len(names)
    assert set(names) <= set(TABLES["dataset_index"].names)
