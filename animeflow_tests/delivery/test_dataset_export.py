import json
import shutil

import pytest

from animeflow.delivery.dataset_export import build_exports
from animeflow.media.images import read_image
from animeflow.settings.delivery import ExportSettings
from animeflow.tables.clip_records import clip_records
from animeflow.tables.staging import Staging
from animeflow.tables.workspace import Workspace
from animeflow_tests.fixtures.shards import (
    FILMS,
    Film,
    ShardWriter,
    picture,
    tree,
    write_annotation,
    write_footage,
    write_layers,
    write_results,
    write_speech,
)

INPUTS = (
    "shard_files", "frame_signals", "clips", "kept_clips", "drawings", "clip_videos", "smoothed_layers", "annotations",
    "captions", "transcripts", "flash", "statistics", "text", "quality", "aesthetics", "motion",
)  # fmt: skip


@pytest.fixture(scope="module")
def layered(tmp_path_factory, shard):
    root = tmp_path_factory.mktemp("layered") / "ws"
    shutil.copytree(shard.workspace.root, root)
    writer = ShardWriter(Workspace(root))
    write_layers(writer)
    return writer


@pytest.fixture
def export(layered, tmp_path):
    def run(name: str = "staging", **settings):
        staging = Staging.begin("dataset_export", layered.shard, tmp_path / name)
        return build_exports(layered.handles(*INPUTS), staging, ExportSettings(**settings)), staging

    return run


def test_every_file_of_every_export_has_a_row_and_the_other_way_round(export):
    run, staging = export()
    rows = run.tables["dataset_export"].to_pylist()
    assert {row["media_path"] for row in rows} == {f"media/{name}" for name in tree(staging.folder / "media")}
    assert {row["export"] for row in rows} == {"folder", "layers", "episode"}
    assert all(row["path"].startswith(f"data/{staging.shard}/") for row in rows)
    assert run.summary["kept"] == 4


def test_each_video_is_an_episode_numbered_by_its_path(export):
    _, staging = export()
    root = staging.folder / "media/episode/data" / staging.shard
    episodes = json.loads((root / "episodes.json").read_text())
    assert [episodes[name]["source_path"] for name in sorted(episodes)] == [film.path for film in FILMS]
    records = json.loads((root / "episode_001/metadata/frame_annotations.json").read_text())
    assert len(records) == 12  # two kept clips of six drawings
    assert records[1]["layers"]["effects"]["detected_types"] == ["light"]
    assert records[1]["layers"]["background"] == {
        "path": "layers/background/scene0000_frame000002_bg.jpg",
        "inpainted": True,
        "quality": 0.95,
    }
    effect = read_image(root / "episode_001" / records[1]["layers"]["effects"]["path"])
    assert effect[0, 0].tolist() == [255, 255, 255, 51]


def test_an_episode_has_the_number_of_its_name(tmp_path):
    writer = ShardWriter(Workspace(tmp_path / "ws"), films=(Film("第05話 雨.mkv"),))
    for write in (write_footage, write_results, write_annotation, write_speech, write_layers):
        write(writer)
    staging = Staging.begin("dataset_export", writer.shard, tmp_path / "staging")
    build_exports(writer.handles(*INPUTS), staging, ExportSettings(kinds=("episode",)))
    episodes = staging.folder / "media/episode/data" / writer.shard / "episodes.json"
    assert list(json.loads(episodes.read_text())) == ["episode_005"]


def test_published_layers_are_exported_without_loss(export, layered):
    _, staging = export()
    root = staging.folder / "media/layers/data" / staging.shard
    lines = [json.loads(line) for line in (root / "smoothed_layers.jsonl").read_text().splitlines()]
    assert len(lines) == 24
    assert (read_image(root / lines[0]["background_path"]) == picture(1)).all()
    source = layered.handle("smoothed_layers").media(lines[0]["character_path"])
    assert (root / lines[0]["character_path"]).read_bytes() == source.read_bytes()


def test_only_the_exports_that_are_asked_for_are_written(export):
    run, staging = export(kinds=("folder",))
    assert [path.name for path in (staging.folder / "media").iterdir()] == ["folder"]
    assert set(run.tables["dataset_export"]["export"].to_pylist()) == {"folder"}


def test_the_same_shard_gives_the_same_bytes_twice(export):
    assert tree(export("one")[1].folder) == tree(export("two")[1].folder)


def test_records_know_which_clips_have_layers(layered):
    found = {
        record.values["clip_id"]: record.values["layers"] for record in clip_records(layered.handles(*INPUTS))
    }
    assert found[FILMS[0].clip(0)] is True
    assert found[FILMS[0].clip(2)] is False
