import functools
import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import HubUnavailable, StageFailed
from animeflow.hubs.folder import FolderHub
from animeflow.hubs.remote_folder import RemoteFolderHub
from animeflow.media.probe.scan import Scan
from animeflow.settings.source import SourceSettings
from animeflow.source.remarks import not_restored, restored
from animeflow.source.shard import SourceRun, scan_counts, take_unit
from animeflow.source.units import list_units
from animeflow.tables.ids import file_sha256, video_id
from animeflow.tables.staging import Staging, check_failures
from animeflow_tests.fixtures.films import tone, write_film, write_sound
from animeflow_tests.media.fields import FILM, TELECINE, TFF, drawn, write_fields


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> dict[str, bytes]:
    """Small real media by name."""
    folder = tmp_path_factory.mktemp("films")
    write_film(folder / "one.mkv", seed=1)
    write_film(folder / "two.mp4", seed=2)
    write_film(folder / "single.mkv", frames=1)
    write_sound(folder / "sound.mkv", tone(0.5))
    long = write_film(folder / "long.mkv", frames=96, seed=3).read_bytes()
    return {path.name: path.read_bytes() for path in folder.iterdir()} | {"cut.mkv": long[: len(long) // 2]}


@pytest.fixture
def take(tmp_path):
    """take({path: bytes}) -> (SourceRun, Staging) of the first unit of a folder with these files."""

    def run(
        files: dict[str, bytes], hub=None, only: str | None = None, **settings
    ) -> tuple[SourceRun, Staging]:
        for path, data in files.items():
            target = tmp_path / "source" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        hub = hub or FolderHub(tmp_path / "source", only=only)
        chosen = SourceSettings(**settings)
        staging = Staging.begin("shard_files", "shard", tmp_path / "staging")
        return take_unit(list_units(hub, chosen)[0], hub, staging, chosen), staging

    return run


def rows(run: SourceRun) -> dict[str, dict]:
    return {row["path"]: row for row in run.table.to_pylist()}


def reasons(run: SourceRun) -> dict[str, str]:
    return {status.path: f"{status.state}: {status.reason}" for status in run.statuses}


def test_every_video_is_stored_by_its_id_with_its_probe(take, films):
    run, staging = take({"S/01.mkv": films["one.mkv"], "S/02.mp4": films["two.mp4"]})
    found = rows(run)
    assert list(found) == ["01.mkv", "02.mp4"]
    for name in found:
        row = found[name]
        stored = staging.folder / row["media_path"]
        assert stored.stem == row["video_id"] == video_id(file_sha256(stored))
        assert (row["usable"], row["error"], row["frames"], row["codec"]) == (True, None, 24, "h264")
        assert staging.files[row["media_path"]].sha256 == row["sha256"]
    assert [status.source_frames for status in run.statuses] == [24, 24]
    assert not (staging.folder / "incoming").exists()


def test_bad_files_give_rows_with_the_reason_and_the_others_go_on(take, films):
    run, _ = take(
        {
            "S/01 good.mkv": films["one.mkv"],
            "S/02 empty.mkv": b"",
            "S/03 text.mkv": b"this is no video\n" * 100,
            "S/04 sound.mkv": films["sound.mkv"],
            "S/05 cut off.mkv": films["cut.mkv"],
            "S/06 playlist.mp4": b"ffconcat version 1.0\nfile '01 good.mkv'\n",
            "S/07 one frame.mkv": films["single.mkv"],
            "S/08 copy.mkv": films["one.mkv"],
            "S/09 noise.mkv": np.random.default_rng(0).bytes(50_000),
        }
    )
    assert reasons(run) == {
        "01 good.mkv": "ok: none",
        "02 empty.mkv": "failed: empty_file",
        "03 text.mkv": "failed: not_media",
        "04 sound.mkv": "failed: no_video",
        "05 cut off.mkv": "failed: truncated",
        "06 playlist.mp4": "failed: playlist",
        "07 one frame.mkv": "failed: too_short",
        "08 copy.mkv": "skipped: duplicate_of",
        "09 noise.mkv": "failed: not_media",
    }
    found = rows(run)
    assert found["07 one frame.mkv"]["error"] == "has 1 frame, fewer than source.min_frames=2"
    assert found["08 copy.mkv"]["error"] == "has the bytes of '01 good.mkv'"
    assert all((row["media_path"] is not None) == row["usable"] for row in found.values())
    assert all(row["error"] for row in found.values() if not row["usable"])


def test_no_row_names_a_place_on_this_machine(take, films, tmp_path):
    run, _ = take({"S/a.mkv": films["cut.mkv"], "S/b.mkv": b"x", "S/c.mkv": b"", "S/d.mkv": films["one.mkv"]})
    assert str(tmp_path) not in str(run.table.to_pylist()) + str(run.statuses)


def test_a_cut_off_video_can_be_taken_on_request(take, films):
    run, _ = take({"S/cut.mkv": films["cut.mkv"]}, truncated=True)
    assert reasons(run) == {"cut.mkv": "ok: none"}
    assert 24 < rows(run)["cut.mkv"]["frames"] < 96


def test_what_the_fields_say_is_in_the_row_and_its_frames_are_counted(take, films, tmp_path):
    film = write_fields(tmp_path / "t.mkv", drawn(60, hold=2), rate=FILM, filters=TELECINE, codec=TFF)
    run, _ = take({"S/plain.mkv": films["one.mkv"], "S/tv.mkv": film.read_bytes()})
    found = rows(run)
    columns = ("scan", "scan_field_first", "scan_frames", "film_rate_num", "film_rate_den")
    assert [found["plain.mkv"][name] for name in columns] == ["progressive", None, 0, None, None]
    assert [found["tv.mkv"][name] for name in columns] == ["telecine_hard", "top", 75, 24000, 1001]
    assert [status.frames_decoded for status in run.statuses] == [1, 76]
    assert scan_counts(found.values()) == {"progressive": 1, "telecine_hard": 1}
    assert not_restored(found.values()) == [
        "'tv.mkv' is telecined and was not restored (source.restore=film restores it)"
    ]


def test_a_telecined_film_is_restored_on_request_under_the_id_of_its_source(take, films, tmp_path):
    film = write_fields(tmp_path / "t.mkv", drawn(60), rate=FILM, filters=TELECINE, codec=TFF).read_bytes()
    run, staging = take({"S/plain.mkv": films["one.mkv"], "S/tv.mp4": film}, restore="film")
    plain, tv = rows(run)["plain.mkv"], rows(run)["tv.mp4"]
    assert (plain["restored"], plain["restored_from_frames"]) == (None, None)
    assert (tv["frames"], tv["restored_from_frames"], tv["scan"]) == (60, 75, "telecine_hard")
    assert "fieldmatch" in tv["restored"]
    assert (tv["rate_num"], tv["rate_den"], tv["profile"]) == (24000, 1001, "High 4:4:4 Predictive")
    stored = staging.folder / tv["media_path"]
    assert stored.name == f"{tv['video_id']}.mkv"
    assert tv["video_id"] == video_id(tv["sha256"])
    assert staging.files[tv["media_path"]].sha256 == file_sha256(stored) != tv["sha256"]
    assert [status.source_frames for status in run.statuses] == [24, 60]
    assert not_restored(rows(run).values()) == []
    (line,) = restored(rows(run).values())
    assert line == "'tv.mp4' was telecined: restored, 75 frames became 60 (fieldmatch, bwdif, decimate)"


@pytest.mark.parametrize(("forced", "wanted"), [(False, "failed: not_restorable"), (True, "ok: none")])
def test_what_is_telecined_only_in_parts_is_restored_by_force_alone(take, films, tmp_path, forced, wanted):
    film = write_fields(tmp_path / "t.mkv", drawn(60), rate=FILM, filters=TELECINE, codec=TFF).read_bytes()
    hub = FolderHub(Path(take({"S/01.mkv": film})[1].folder).parent / "source")
    settings = SourceSettings(restore="film", restore_mixed=forced)
    staging = Staging.begin("shard_files", "shard", tmp_path / "again")
    (unit,) = list_units(hub, settings)
    run = take_unit(unit, hub, staging, settings, scanner=lambda *_: Scan("mixed", "top"))
    assert reasons(run) == {"01.mkv": wanted}
    assert forced or "source.restore_mixed=true" in run.statuses[0].message
    assert len(staging.files) == forced


def test_odd_names_go_through(take, films, tmp_path):
    odd = ["-rf.mkv", "new\nline.mkv", "quote'\".mkv", "日本語.mkv", "x" * 200 + ".mkv", "sp ace.MKV"]
    odd.append(os.fsdecode(b"bad\xff.mkv"))
    run, staging = take(
        {f"S/{name}": write_film(tmp_path / "f.mkv", seed=9 + i).read_bytes() for i, name in enumerate(odd)}
    )
    assert set(reasons(run).values()) == {"ok: none"}
    assert r"bad\xff.mkv" in rows(run)
    assert all(Path(path).name.isascii() for path in staging.files)


def test_the_first_of_equal_files_by_path_is_kept_whatever_the_order_of_arrival(take, films):
    run, _ = take({"S/b.mkv": films["one.mkv"], "S/a.mkv": films["one.mkv"]})
    assert reasons(run) == {"a.mkv": "ok: none", "b.mkv": "skipped: duplicate_of"}


def test_a_video_with_another_extension_is_pointed_out_and_other_files_are_counted(take, films):
    run, _ = take(
        {"S/01.mkv": films["one.mkv"], "S/film.txt": films["two.mp4"], "S/01.ass": b"x", "S/a.jpg": b"y"}
    )
    assert reasons(run)["film.txt"] == "skipped: not_media"
    assert "rename it, or add that to source.extensions" in rows(run)["film.txt"]["error"]
    assert rows(run)["film.txt"]["size_bytes"] == len(films["two.mp4"])
    assert run.ignored == 2


def test_video_without_a_container_is_pointed_out_with_the_way_out(take, films):
    run, _ = take({"S/01.mkv": films["one.mkv"], "S/02.h264": b"\0\0\0\x01\x67\x64\0\x0c" + bytes(99)})
    assert reasons(run) == {"01.mkv": "ok: none", "02.h264": "skipped: not_media"}
    assert "mkvmerge" in rows(run)["02.h264"]["error"]
    assert run.ignored == 0


def test_a_file_above_the_limit_is_not_even_read(take, films):
    run, _ = take({"S/01.mkv": films["one.mkv"], "S/02.mkv": films["two.mp4"]}, max_file_gb=1e-6)
    assert reasons(run) == {"01.mkv": "failed: too_large", "02.mkv": "failed: too_large"}
    assert rows(run)["01.mkv"]["sha256"] is None


def test_files_of_the_same_file_system_share_their_blocks(take, films, tmp_path):
    _, staging = take({"S/01.mkv": films["one.mkv"]})
    (ref,) = staging.files.values()
    assert (staging.folder / ref.path).stat().st_ino == (tmp_path / "source/S/01.mkv").stat().st_ino
    _, staging = take({"S/01.mkv": films["one.mkv"]}, hard_links=False)
    (ref,) = staging.files.values()
    assert (staging.folder / ref.path).stat().st_ino != (tmp_path / "source/S/01.mkv").stat().st_ino


def test_an_object_store_gives_the_same_table_as_a_folder(take, films, tmp_path):
    local, _ = take({"S/01.mkv": films["one.mkv"], "S/02.mkv": b"junk"})
    remote = RemoteFolderHub(f"memory://{tmp_path.name}")
    for name in ("01.mkv", "02.mkv"):
        remote.put_if_absent(f"S/{name}", (tmp_path / "source/S" / name).read_bytes())
    assert take({}, hub=remote)[0].table.equals(local.table)


def test_the_table_is_the_same_twice(take, films):
    files = {"S/01.mkv": films["one.mkv"], "S/02.mkv": b"junk", "S/03.mkv": films["one.mkv"]}
    assert take(files)[0].table.equals(take(files)[0].table)


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tar_of(*members: tarfile.TarInfo, data: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for info in members:
            archive.addfile(info, io.BytesIO(data[: info.size]) if info.isreg() else None)
    return buffer.getvalue()


def test_an_archive_is_unpacked_and_its_videos_taken(take, films):
    members = {
        "Show/01.mkv": films["one.mkv"],
        "Show/02.mkv": b"junk",
        "Show/a.nfo": b"x",
        "__MACOSX/01.mkv": b"y",
    }
    run, staging = take({"box.zip": zip_of(members)})
    assert reasons(run) == {"Show/01.mkv": "ok: none", "Show/02.mkv": "failed: not_media"}
    assert run.ignored == 2
    assert len(staging.files) == 1
    assert sorted(path.name for path in staging.folder.iterdir()) == ["media"]


def cut_tar() -> bytes:
    """Cut off between its first member and its second."""
    first = tarfile.TarInfo("01.mkv")
    first.size = tarfile.BLOCKSIZE
    return first.tobuf() + bytes(tarfile.BLOCKSIZE)


@functools.cache
def hostile() -> dict[str, bytes]:
    link = tarfile.TarInfo("evil.mkv")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    out = tarfile.TarInfo("../../escaped.mkv")
    out.size = 4
    absolute = tarfile.TarInfo("/tmp/absolute.mkv")
    absolute.size = 4
    device = tarfile.TarInfo("null.mkv")
    device.type = tarfile.CHRTYPE
    return {
        "link.tar.gz": tar_of(link),
        "dotdot.tar.gz": tar_of(out, data=b"evil"),
        "absolute.tar.gz": tar_of(absolute, data=b"evil"),
        "device.tar.gz": tar_of(device),
        "bomb.zip": zip_of({"bomb.mkv": bytes(80_000_000)}),
        "cut.zip": b"PK\x03\x04" + bytes(500),
        "cut.tar": cut_tar(),
        "box.7z": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    }


@pytest.mark.parametrize("name", sorted(hostile()))
def test_a_hostile_or_broken_archive_is_refused_whole_and_leaves_nothing(take, tmp_path, name):
    before = sorted(tmp_path.parent.iterdir())
    run, staging = take({name: hostile()[name]})
    assert reasons(run) == {name: "failed: bad_archive"}
    assert [path.name for path in staging.folder.rglob("*")] == ["media"]
    assert sorted(tmp_path.parent.iterdir()) == before
    assert str(tmp_path) not in rows(run)[name]["error"]
    with pytest.raises(StageFailed, match=f"^'{name}': "):
        check_failures(run.statuses, max_failed_share=0.2)


def test_a_unit_without_any_video_fails_in_words(take):
    with pytest.raises(
        StageFailed, match=r"'box.zip' \(archive\) holds no video: 1 other file; names of videos end in mkv"
    ):
        take({"box.zip": zip_of({"readme.txt": b"x"})})


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.zip", b"", "it is empty"),
        ("page.tar.gz", b"<html>404</html>", "it is an HTML page"),
        ("zeroed.tar", bytes(20_000), "it begins with zeros only"),
    ],
)
@pytest.mark.parametrize("alone", [False, True])
def test_what_is_only_called_an_archive_fails_and_says_what_it_is(take, name, data, words, alone):
    run, _ = take({name: data}, only=name if alone else None)
    assert reasons(run) == {name: "failed: bad_archive"}
    with pytest.raises(
        StageFailed, match=f"^'{name}': is no readable archive: {words} .fetch or pack it again"
    ):
        check_failures(run.statuses, max_failed_share=0.2)


def test_a_link_to_an_archive_that_is_not_there_fails_and_says_where_it_leads(take, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source/gone.zip").symlink_to("/unmounted/gone.zip")
    run, _ = take({})
    assert reasons(run) == {"gone.zip": "failed: unreadable"}
    said = "is a link to '/unmounted/gone.zip', which is not there (is its disk mounted?)"
    assert rows(run)["gone.zip"]["error"] == said


def test_an_archive_in_an_archive_is_named_and_not_unpacked(take, films):
    inner = zip_of({"01.mkv": films["one.mkv"]})
    with pytest.raises(
        StageFailed,
        match=r"'box.zip' \(archive\) holds no video, but 'S/in.zip': .* not unpacked \(unpack 'box",
    ):
        take({"box.zip": zip_of({"S/in.zip": inner, "a.txt": b"x"})})
    run, _ = take({"box.zip": zip_of({"02.mkv": films["two.mp4"], "in.bin": tar_of(tarfile.TarInfo("x"))})})
    assert reasons(run) == {"02.mkv": "ok: none", "in.bin": "skipped: not_media"}
    assert "is an archive in an archive, and is not unpacked" in rows(run)["in.bin"]["error"]


def test_a_source_that_changes_while_it_is_read_is_tried_again_later(take, films, tmp_path, monkeypatch):
    real = FolderHub.list

    def changed_afterwards(self, prefix=""):
        yield from list(real(self, prefix))
        (tmp_path / "source/S/01.mkv").write_bytes(films["two.mp4"])

    monkeypatch.setattr(FolderHub, "list", changed_afterwards)
    with pytest.raises(HubUnavailable, match="changed while it was read"):
        take({"S/01.mkv": films["one.mkv"]})


def test_a_file_that_breaks_the_probe_is_one_row_not_the_end(take, films):
    def broken(path):
        raise ZeroDivisionError(f"deep inside {path}")

    hub = FolderHub(Path(take({"S/01.mkv": films["one.mkv"]})[1].folder).parent / "source")
    settings = SourceSettings()
    staging = Staging.begin("shard_files", "shard", hub.root.parent / "again")
    run = take_unit(list_units(hub, settings)[0], hub, staging, settings, prober=broken)
    assert reasons(run) == {"01.mkv": "failed: internal"}
    assert run.statuses[0].message == "ZeroDivisionError: deep inside the file"


def test_progress_names_each_file(take, films, tmp_path):
    seen = []
    take({"S/01.mkv": films["one.mkv"], "S/02.mkv": b"junk"})
    hub, settings = FolderHub(tmp_path / "source"), SourceSettings()
    staging = Staging.begin("shard_files", "shard", tmp_path / "staging")
    take_unit(list_units(hub, settings)[0], hub, staging, settings, on_file=lambda *args: seen.append(args))
    assert seen == [(1, 2, "01.mkv"), (2, 2, "02.mkv")]
