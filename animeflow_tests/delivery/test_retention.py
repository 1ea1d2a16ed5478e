"""What may be deleted, on real files: only what is published, read back, and held there."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from animeflow.delivery import retention
from animeflow.delivery.publishing import Publisher, publish_dataset, publish_videos
from animeflow.delivery.retention import Freed, make_room, removable
from animeflow.errors import ContractError, PublishRejected
from animeflow.hubs.folder import FolderHub
from animeflow.settings.delivery import RetentionSettings, TargetSettings
from animeflow_tests.fixtures.shards import FILMS, ShardWriter, file_row, put, tree

FREE = RetentionSettings(source_files=True, intermediates=True)
SOURCES = RetentionSettings(source_files=True)


@pytest.fixture
def hub(tmp_path) -> FolderHub:
    return FolderHub(tmp_path / "target")


@pytest.fixture
def writer(fresh) -> ShardWriter:
    """The shard with source files and a segmentation; nothing is published yet."""
    staging = fresh.staging("shard_files")
    rows = [file_row(film) | put(staging, f"{film.id}.mkv", film.path.encode() * 9) for film in FILMS]
    fresh.finish("shard_files", {"shard_files": rows}, staging=staging)
    staging = fresh.staging("segmentation")
    put(staging, "seed.png", b"a mask")
    fresh.finish("segmentation", {"segmentation": []}, staging=staging)
    return fresh


def publish(writer, hub, name, call, source):
    staging = writer.staging(name)
    run = call(writer.handle(source), staging, Publisher(hub, name, TargetSettings(), sleep=lambda _: None))
    writer.finish(name, {name: run.tables[name].to_pylist()}, staging=staging)
    return hub


def published(writer, hub, *, held=("clip_videos",)):
    """Publish the encodes, and an export that holds the files of these assets."""
    staging = writer.staging("dataset_export")
    rows = [
        {
            "export": "folder",
            "path": f"data/{writer.shard}/{ref.path.removeprefix('media/')}",
            "role": "clip",
            **put(staging, f"{name}/{ref.path}", writer.handle(name).media(ref.path).read_bytes()),
        }
        for name in held
        for ref in writer.handle(name).manifest.media
    ]
    writer.finish("dataset_export", {"dataset_export": rows}, staging=staging)
    publish(writer, hub, "published_videos", publish_videos, "av1_videos")
    publish(writer, hub, "published_dataset", publish_dataset, "dataset_export")
    return {"published_videos": hub, "published_dataset": hub}


def files(writer, *assets):
    return {name: list(tree(writer.workspace.asset_dir(writer.shard, name) / "media")) for name in assets}


def free(writer, settings, targets):
    return make_room(writer.workspace, writer.shard, settings, targets)


def test_by_default_nothing_is_deleted_though_all_is_published(writer, hub):
    targets = published(writer, hub)
    before = tree(writer.workspace.root)
    assert removable(RetentionSettings()) == ()
    assert free(writer, RetentionSettings(), targets) == Freed((), 0)
    assert tree(writer.workspace.root) == before


def test_nothing_is_deleted_before_it_is_published_and_read_back(writer, hub):
    before = files(writer, "shard_files", "clip_videos")
    with pytest.raises(PublishRejected, match="was never published: nothing is deleted"):
        free(writer, FREE, {"published_videos": hub})
    with pytest.raises(PublishRejected, match="published nowhere"):
        free(writer, FREE, {})
    targets = published(writer, hub)
    victim = hub.root / f"published_videos/data/{writer.shard}/{FILMS[0].id}.mkv"
    victim.write_bytes(b"rot")
    with pytest.raises(PublishRejected, match=r"not intact .* nothing is deleted"):
        free(writer, FREE, targets)
    assert files(writer, "shard_files", "clip_videos") == before


def test_media_go_and_tables_stay(writer, hub):
    targets = published(writer, hub)
    rows = writer.handle("shard_files").rows()
    size = sum(
        ref.size for name in ("shard_files", "clip_videos") for ref in writer.handle(name).manifest.media
    )
    freed = free(writer, FREE, targets)
    assert freed == Freed(("shard_files", "clip_videos"), size), (
        "the export holds no layers: their steps stay"
    )
    assert files(writer, "shard_files", "clip_videos") == {"shard_files": [], "clip_videos": []}
    assert all(files(writer, "av1_videos", "segmentation", "dataset_export").values())
    gone = writer.handle("shard_files")
    assert gone.rows() == rows and gone.manifest.freed and gone.manifest.verify(gone.folder) == []
    with pytest.raises(ContractError, match="deleted after publishing") as told:
        gone.media(rows[0]["media_path"])
    assert told.value.hint == "make them again with animeflow run --select shard_files"
    victim = next((hub.root / "published_videos").rglob("*.mkv"))
    victim.unlink()
    assert free(writer, FREE, targets) == Freed((), 0), "nothing is left to delete: no target is asked"


def test_only_what_the_settings_name_goes(writer, hub):
    assert free(writer, SOURCES, published(writer, hub)).assets == ("shard_files",)
    assert files(writer, "clip_videos")["clip_videos"]


def test_clip_files_that_no_publication_holds_stay(writer, hub):
    assert free(writer, FREE, published(writer, hub, held=())).assets == ("shard_files",)
    assert files(writer, "clip_videos")["clip_videos"]


def test_the_steps_towards_layers_go_where_the_layers_are_published(writer, hub):
    staging = writer.staging("smoothed_layers")
    put(staging, "layer.webp", b"a layer")
    writer.finish("smoothed_layers", {"smoothed_layers": [], "layer_clips": []}, staging=staging)
    targets = published(writer, hub, held=("smoothed_layers",))
    assert free(writer, FREE, targets).assets == ("shard_files", "segmentation")
    assert files(writer, "smoothed_layers")["smoothed_layers"] == ["layer.webp"]


def test_a_file_that_another_shares_frees_no_bytes(writer, hub, tmp_path):
    folder = writer.workspace.asset_dir(writer.shard, "shard_files") / "media"
    first, second = sorted(folder.iterdir())
    (tmp_path / "elsewhere.mkv").hardlink_to(first)
    size = second.stat().st_size
    assert free(writer, SOURCES, published(writer, hub)).bytes == size
    assert (tmp_path / "elsewhere.mkv").is_file()


def test_a_deletion_that_was_cut_off_is_finished(writer, hub, monkeypatch):
    targets = published(writer, hub)
    with monkeypatch.context() as patched:
        patched.setattr(retention.shutil, "rmtree", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            free(writer, SOURCES, targets)
    assert writer.handle("shard_files").manifest.freed, "no reader believes files that are going"
    assert free(writer, SOURCES, targets).assets == ("shard_files",)
    assert files(writer, "shard_files") == {"shard_files": []}


def rewrite(writer, change):
    """Change the table of the encodes as it lies on disk."""
    for path in writer.workspace.asset_dir(writer.shard, "av1_videos").glob("tables/av1_videos/*.parquet"):
        pq.write_table(change(pq.read_table(path)), path)


def with_column(name, value):
    def change(table):
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        return table.set_column(place, field, pa.array([value] * table.num_rows, field.type))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_column("decoded_frames", None), "was not decoded"),
        (with_column("decoded_frames", 3), "was not decoded"),
        (with_column("metric_value", None), "was never measured"),
        (lambda table: table.slice(table.num_rows), "has no encode"),
    ],
)
def test_a_source_stays_until_its_encode_was_decoded_to_the_last_frame_and_measured(
    writer, hub, change, said
):
    """Even with the encode published and read back: what was published may be broken."""
    targets = published(writer, hub)
    rewrite(writer, change)
    with pytest.raises(PublishRejected, match=f"{said}.*: nothing is deleted") as refused:
        free(writer, FREE, targets)
    assert all(files(writer, "shard_files", "clip_videos").values())
    if said == "was never measured":
        assert refused.value.hint == "set media.av1.metric to ssim, xpsnr or vmaf and encode again"


def test_what_is_no_source_goes_though_no_encode_was_measured(writer, hub):
    targets = published(writer, hub)
    rewrite(writer, with_column("metric_value", None))
    assert free(writer, RetentionSettings(intermediates=True), targets).assets == ("clip_videos",)
