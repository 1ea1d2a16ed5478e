import os
import zipfile

import pytest

from animeflow.errors import InputError
from animeflow.hubs.folder import FolderHub
from animeflow.settings.source import SourceSettings
from animeflow.source.units import find_unit, list_units
from animeflow.tables.ids import shard_key


@pytest.fixture
def make(tmp_path):
    """make({path: bytes}) -> the units of a source with these files."""

    def units(files: dict[str, bytes], **settings):
        root = tmp_path / "source"
        for path, data in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return list_units(FolderHub(root), SourceSettings(**settings))

    return units


def zip_of(path) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("e.mkv", b"x")
    return path.read_bytes()


def shape(units):
    return [(unit.kind, unit.path, [file.path for file in unit.files]) for unit in units]


def test_archives_folders_with_videos_and_loose_videos_are_the_units(make, tmp_path):
    units = make(
        {
            "Series/S1/01.mkv": b"1",
            "Series/S1/02.MKV": b"2",
            "Series/S1/01.ass": b"subtitles",
            "Series/extra.zip": zip_of(tmp_path / "x.zip"),
            "loose.mp4": b"3",
            "readme.txt": b"hello",
            "empty/readme.txt": b"no video here",
        }
    )
    assert shape(units) == [
        ("loose", ".", ["loose.mp4"]),
        ("folder", "Series/S1", ["Series/S1/01.mkv", "Series/S1/02.MKV"]),
        ("archive", "Series/extra.zip", ["Series/extra.zip"]),
    ]
    assert [file.path for file in units[1].others] == ["Series/S1/01.ass"]
    assert [unit.key for unit in units] == [shard_key(unit.path) for unit in units]


def test_a_folder_and_its_sub_folder_are_two_units(make):
    units = make({"S/01.mkv": b"1", "S/extras/ncop.mkv": b"2"})
    assert [unit.path for unit in units] == ["S", "S/extras"]


def test_a_source_that_is_one_file_is_one_unit_whatever_it_is_called(tmp_path):
    (tmp_path / "film.dat").write_bytes(b"1")
    (tmp_path / "other.mkv").write_bytes(b"1")
    units = list_units(FolderHub(tmp_path, only="film.dat"), SourceSettings())
    assert shape(units) == [("file", "film.dat", ["film.dat"])]
    zip_of(tmp_path / "box.bin")
    assert list_units(FolderHub(tmp_path, only="box.bin"), SourceSettings())[0].kind == "archive"


def test_a_lone_video_in_a_folder_keeps_its_shard_when_another_joins(make):
    alone = make({"a.mkv": b"1"})
    joined = make({"b.mkv": b"2"})
    assert alone[0].key == joined[0].key
    assert alone[0].digest != joined[0].digest


def test_partial_downloads_and_hidden_files_do_not_exist(make):
    units = make({"S/01.mkv": b"1", "S/02.mkv.part": b"2", "S/.hidden.mkv": b"3", ".git/x.mkv": b"4"})
    assert shape(units) == [("folder", "S", ["S/01.mkv"])]
    assert units[0].others == ()


def test_names_that_merely_contain_an_ignored_word_are_kept(make):
    assert make({"Digital.git/01.mkv": b"1", "part.1/01.mkv": b"2"})[0].path == "Digital.git"


def test_odd_names_are_units_like_any_other(make):
    odd = ["-rf", "new\nline", "quote'\"", "日本語", "x" * 200, os.fsdecode(b"bad\xff")]
    units = make({f"{name}/{name}.mkv": b"1" for name in odd})
    assert {unit.path for unit in units} == set(odd)
    assert len({unit.key for unit in units}) == len(odd)
    for unit in units:
        unit.name.encode("utf-8")
        assert unit.key.isascii()


def test_only_what_is_taken_counts_for_the_digest(make):
    before = make({"S/01.mkv": b"1"})[0]
    after = make({"S/01.ass": b"subtitles"})[0]
    assert before.digest == after.digest
    assert make({"S/01.mkv": b"longer"})[0].digest != before.digest


def test_a_source_without_any_unit_says_what_it_looked_for(make):
    with pytest.raises(InputError, match=r"2 files, none of them an archive or a video .*mkv"):
        make({"a.txt": b"1", "b/c.jpg": b"2"})


def test_an_unreadable_stranger_does_not_hide_the_units(make, monkeypatch):
    real = FolderHub.read_start

    def refuse(self, path, size):
        if path.endswith("secret.bin"):
            raise InputError("cannot be read: Permission denied", path=path)
        return real(self, path, size)

    monkeypatch.setattr(FolderHub, "read_start", refuse)
    assert shape(make({"S/01.mkv": b"1", "S/secret.bin": b"2"})) == [("folder", "S", ["S/01.mkv"])]


def test_what_is_called_an_archive_is_a_unit_whatever_its_bytes_say(make, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source/gone.tar.gz").symlink_to(tmp_path / "unmounted.tar.gz")
    (tmp_path / "source/gone.txt").symlink_to(tmp_path / "unmounted.txt")
    units = make({"01.mkv": b"1", "S/empty.zip": b"", "S/junk.RAR": b"junk", "S/a.txt": b"x"})
    assert [(unit.kind, unit.path) for unit in units] == [
        ("loose", "."),
        ("archive", "S/empty.zip"),
        ("archive", "S/junk.RAR"),
        ("archive", "gone.tar.gz"),
    ]
    assert (
        list_units(FolderHub(tmp_path / "source/S", only="junk.RAR"), SourceSettings())[0].kind == "archive"
    )


def test_a_video_that_is_called_an_archive_is_taken_when_it_alone_is_named(tmp_path):
    (tmp_path / "film.zip").write_bytes(b"\x1aE\xdf\xa3 film")
    assert list_units(FolderHub(tmp_path, only="film.zip"), SourceSettings())[0].kind == "file"


def test_a_unit_that_is_gone_is_named_with_those_that_are_there(make):
    units = make({"S/01.mkv": b"1"})
    assert find_unit(units, units[0].key) is units[0]
    with pytest.raises(InputError, match=r"no unit with the key 'gone'.*S-"):
        find_unit(units, "gone")
