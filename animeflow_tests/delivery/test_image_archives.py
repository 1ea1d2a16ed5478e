import json
import tarfile

import pytest

from animeflow.delivery.image_archives import build_archives, verify_archives
from animeflow.settings.delivery import ArchiveSettings
from animeflow.tables.staging import Staging
from animeflow_tests.delivery.archives import archives_of
from animeflow_tests.fixtures.shards import BASE, FILMS, pts, tree


@pytest.fixture
def build(shard, tmp_path):
    def run(name: str = "staging", **settings):
        staging = Staging.begin("image_archives", shard.shard, tmp_path / name)
        inputs = {"signals": "frame_signals", "key_frames": "key_frames", "kept_clips": "kept_clips"}
        handles = {word: shard.handle(asset) for word, asset in inputs.items()}
        return build_archives(**handles, staging=staging, settings=ArchiveSettings(**settings)), staging

    return run


def test_pictures_of_kept_clips_are_numbered_without_gaps_by_video_and_frame(build):
    run, staging = build()
    rows = run.tables["archive_images"].to_pylist()
    assert [(row["name"], row["video_id"], row["shot"]) for row in rows] == [
        ("000001.webp", FILMS[0].id, 0),
        ("000002.webp", FILMS[0].id, 1),
        ("000003.webp", FILMS[1].id, 0),
        ("000004.webp", FILMS[1].id, 1),
    ]
    assert [row["frame"] for row in rows[:2]] == [6, 18]
    assert rows[1]["pts"] == pts(18)
    assert rows[1]["time_s"] == pts(18) / BASE
    assert run.clips_without_picture == ()
    with tarfile.open(staging.folder / run.tables["image_archives"].to_pylist()[0]["media_path"]) as archive:
        assert archive.getnames() == [row["name"] for row in rows]
        assert archive.extractfile("000001.webp").read(4) == b"RIFF"


def test_the_listing_beside_the_archive_has_a_line_for_each_picture(build):
    run, staging = build()
    lines = [json.loads(line) for line in (staging.folder / "media/images.jsonl").read_text().splitlines()]
    assert [line["name"] for line in lines] == run.tables["archive_images"]["name"].to_pylist()
    assert lines[0]["clip_id"] == FILMS[0].clip(0)


def test_the_same_shard_gives_the_same_bytes_twice(build):
    _, one = build("one")
    _, two = build("two")
    assert tree(one.folder) == tree(two.folder) != {}


def test_a_large_shard_is_continued_in_parts(shard, build, monkeypatch):
    monkeypatch.setattr("animeflow.delivery.image_archives.MB", 2000)
    run, staging = build(max_part_mb=1)
    archives = run.tables["image_archives"].to_pylist()
    assert len(archives) > 1
    assert archives[0]["media_path"] == f"media/{shard.shard}_part01of0{len(archives)}.tar.gz"
    assert sum(row["pictures"] for row in archives) == 4
    assert sorted({row["part"] for row in run.tables["archive_images"].to_pylist()}) == [
        r["part"] for r in archives
    ]
    assert len(staging.files) == len(archives) + 1


def test_a_key_frame_in_a_dropped_part_of_its_shot_is_left_out(fresh):
    writer = fresh
    rows = writer.handle("kept_clips").rows()
    for row in rows:
        if row["shot"] == 0:
            row["start"] += 8  # the middle frame, 6, now lies before the clip
    writer.finish("kept_clips", {"kept_clips": rows})
    run, _ = archives_of(writer)
    assert {row["shot"] for row in run.tables["archive_images"].to_pylist()} == {1}
    assert len(run.clips_without_picture) == 2


def test_nothing_kept_gives_no_archive(fresh):
    writer = fresh
    rows = [row | {"keep": False} for row in writer.handle("kept_clips").rows()]
    writer.finish("kept_clips", {"kept_clips": rows})
    run, staging = archives_of(writer)
    assert [table.num_rows for table in run.tables.values()] == [0, 0]
    assert staging.files == {}


def test_reopening_finds_a_damaged_and_an_exchanged_archive(fresh):
    writer = fresh
    run, staging = archives_of(writer)
    tables = {name: table.to_pylist() for name, table in run.tables.items()}
    handle = writer.finish("image_archives", tables, staging=staging)
    assert verify_archives(handle) == []
    path = handle.media(tables["image_archives"][0]["media_path"])
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    assert "is damaged" in verify_archives(handle)[0]
    changed = bytearray(good)
    changed[700] ^= 0xFF
    path.write_bytes(bytes(changed))
    assert len(verify_archives(handle)) == 1
    dated = bytearray(good)
    dated[5] ^= 0xFF  # the time in gzip's header, which no checksum covers
    path.write_bytes(bytes(dated))
    (fault,) = verify_archives(handle)
    assert "is not the file that was written" in fault
