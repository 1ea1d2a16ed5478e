import json
import multiprocessing
import os
import signal

import pytest

from animeflow.delivery.publishing import (
    Publisher,
    publish_archives,
    publish_dataset,
    publish_videos,
    verify_published,
)
from animeflow.hubs.folder import FolderHub
from animeflow.hubs.publication import PHASES
from animeflow.settings.delivery import TargetSettings
from animeflow.tables import staging as staging_module
from animeflow_tests.delivery.archives import archives_of
from animeflow_tests.fixtures.shards import FILMS, ShardWriter, put, tree


@pytest.fixture
def writer(fresh) -> ShardWriter:
    return fresh


@pytest.fixture
def hub(tmp_path) -> FolderHub:
    return FolderHub(tmp_path / "target")


def publisher(hub, prefix="videos") -> Publisher:
    return Publisher(hub, prefix, TargetSettings(), sleep=lambda _: None)


def finish(writer, run, asset, staging):
    return writer.finish(asset, {asset: run.tables[asset].to_pylist()}, staging=staging)


def test_encodes_are_published_with_metadata_and_the_manifest(writer, hub):
    staging = writer.staging("published_videos")
    run = publish_videos(writer.handle("av1_videos"), staging, publisher(hub))
    data = f"videos/data/{writer.shard}"
    assert sorted(tree(hub.root)) == sorted(
        [f"{data}/{film.id}.mkv" for film in FILMS]
        + [f"{data}/metadata.jsonl", f"videos/manifests/{writer.shard}.json"]
    )
    lines = [json.loads(line) for line in tree(hub.root)[f"{data}/metadata.jsonl"].splitlines()]
    assert [line["source_path"] for line in lines] == [film.path for film in FILMS]
    assert [row["role"] for row in run.tables["published_videos"].to_pylist()] == [
        "data",
        "data",
        "metadata",
        "manifest",
    ]
    assert verify_published(finish(writer, run, "published_videos", staging), hub) == []


def test_the_manifest_names_what_is_missing(writer, hub):
    publish_videos(writer.handle("av1_videos"), writer.staging("published_videos"), publisher(hub))
    manifest = json.loads((hub.root / f"videos/manifests/{writer.shard}.json").read_text())
    assert [entry["path"] for entry in manifest["missing"]] == ["Show/broken.mkv"]


def test_publishing_twice_uploads_nothing_and_gives_the_same_table(writer, hub):
    one = publish_videos(writer.handle("av1_videos"), writer.staging("published_videos"), publisher(hub))
    two = publish_videos(writer.handle("av1_videos"), writer.staging("published_videos"), publisher(hub))
    assert one.uploaded_bytes > 0 == two.uploaded_bytes
    assert one.tables["published_videos"].equals(two.tables["published_videos"])


def test_archives_are_published_with_their_listing(writer, hub):
    run, staging = archives_of(writer)
    made = writer.finish("image_archives", {k: t.to_pylist() for k, t in run.tables.items()}, staging=staging)
    publish_archives(made, writer.staging("published_archives"), publisher(hub, "archives"))
    names = {name.rsplit("/", 1)[1] for name in tree(hub.root)}
    assert names == {f"{writer.shard}.tar.gz", "images.jsonl", f"{writer.shard}.json"}


def test_each_export_is_a_repository_of_its_own(writer, hub):
    staging = writer.staging("dataset_export")
    rows = [
        {
            "export": export,
            "path": f"data/{writer.shard}/{name}",
            "role": "metadata",
            **put(staging, f"{export}/data/{writer.shard}/{name}", export.encode()),
        }
        for export, name in (("folder", "metadata.jsonl"), ("episode", "episode_001/a.json"))
    ]
    made = writer.finish("dataset_export", {"dataset_export": rows}, staging=staging)
    run = publish_dataset(made, writer.staging("published_dataset"), publisher(hub, "dataset"))
    assert sorted(tree(hub.root)) == [
        f"dataset/episode/data/{writer.shard}/episode_001/a.json",
        f"dataset/episode/manifests/{writer.shard}.json",
        f"dataset/folder/data/{writer.shard}/metadata.jsonl",
        f"dataset/folder/manifests/{writer.shard}.json",
    ]
    assert len(run.publications) == 2


def _die(phase, writer, hub):
    def kill(now, _asset):
        if now == phase:
            os.kill(os.getpid(), signal.SIGKILL)

    staging_module.on_phase = kill
    publish_videos(writer.handle("av1_videos"), writer.staging("published_videos"), publisher(hub))


@pytest.mark.parametrize("phase", PHASES)
def test_killed_at_any_phase_a_rerun_gives_the_same_bytes(phase, writer, hub, tmp_path):
    calm = FolderHub(tmp_path / "calm")
    publish_videos(writer.handle("av1_videos"), writer.staging("published_videos"), publisher(calm))
    process = multiprocessing.get_context("fork").Process(target=_die, args=(phase, writer, hub))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    publish_videos(writer.handle("av1_videos"), writer.staging("published_videos"), publisher(hub))
    assert tree(hub.root) == tree(calm.root)
