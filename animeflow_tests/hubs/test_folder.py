import errno
import multiprocessing
import os

import pytest

from animeflow.errors import DiskFull, HubUnavailable, InputError, PublishRejected, SettingsError
from animeflow.hubs import open_hub, open_source
from animeflow.hubs.atomic import TEMPORARY, create_whole
from animeflow.hubs.folder import FolderHub
from animeflow.settings.hubs import FolderHub as FolderSettings
from animeflow_tests.hubs.conftest import everything


@pytest.fixture
def folder(tmp_path) -> FolderHub:
    return FolderHub(tmp_path / "hub")


def test_links_are_followed_but_not_in_circles_and_pipes_do_not_exist(folder, tmp_path):
    disk = tmp_path / "other disk"
    (disk / "Season").mkdir(parents=True)
    (disk / "Season/01.mkv").write_bytes(b"film")
    (disk / "back").symlink_to(disk)
    (folder.root / "real").mkdir(parents=True)
    (folder.root / "real/film.mkv").write_bytes(b"film")
    (folder.root / "alias").symlink_to(folder.root / "real")
    (folder.root / "loop").symlink_to(folder.root)
    (folder.root / "up").symlink_to(tmp_path)
    (folder.root / "disk").symlink_to(disk)
    (folder.root / "link.mkv").symlink_to(disk / "Season/01.mkv")
    os.mkfifo(folder.root / "pipe.mkv")
    assert [file.path for file in folder.list()] == ["disk/Season/01.mkv", "link.mkv", "real/film.mkv"]


def test_a_link_that_leads_nowhere_is_listed_and_says_where_it_should_lead(folder, tmp_path):
    folder.root.mkdir()
    (folder.root / "01.mkv").symlink_to(tmp_path / "unmounted/01.mkv")
    (found,) = folder.list()
    with pytest.raises(InputError, match=r"is a link to '.*unmounted/01\.mkv', which is not there"):
        folder.fetch_resumable(found, tmp_path / "copy.mkv")
    with pytest.raises(InputError, match="which is not there"):
        folder.read_start(found.path, 4)


def test_names_that_are_not_utf8_are_listed_and_read(folder):
    folder.root.mkdir()
    with open(os.fsencode(folder.root) + b"/bad\xff.mkv", "wb") as file:  # noqa: PTH123 a bytes path
        file.write(b"film")
    found = list(folder.list())
    assert [file.path for file in found] == ["bad\udcff.mkv"]
    assert folder.read_start(found[0].path, 4) == b"film"
    assert len(folder.head()) == 64


def test_a_file_that_arrived_with_its_old_times_counts_as_changed_now(folder):
    folder.root.mkdir()
    path = folder.root / "a.mkv"
    path.write_bytes(b"film")
    os.utime(path, (1_000_000, 1_000_000))
    file = next(iter(folder.list()))
    assert file.changed == path.stat().st_ctime > 1_000_000


def test_a_killed_upload_leaves_nothing_after_the_next_one(folder, local):
    file = local("data/a.bin", b"x" * 2_000_000)
    folder.publish([file])
    process = multiprocessing.get_context("fork").Process(target=_die_half_way, args=(folder, file))
    process.start()
    process.join(30)
    assert process.exitcode == 9
    assert any(TEMPORARY in name for name in everything(folder.root))
    assert [found.path for found in folder.list()] == ["data/a.bin"]
    folder.publish([file])
    assert list(everything(folder.root)) == ["data/a.bin"]


def _die_half_way(folder: FolderHub, file) -> None:
    os.fsync = lambda _fd: os._exit(9)
    folder.publish([file])


def test_a_second_publisher_of_the_same_file_waits_its_turn(folder, local, monkeypatch):
    file = local("data/a.bin")
    folder.root.mkdir()
    real = os.fsync
    refused = []

    def publish_meanwhile(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        with pytest.raises(HubUnavailable, match="another process"):
            FolderHub(folder.root).publish([file])
        refused.append(True)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", publish_meanwhile)
    folder.publish([file])
    assert refused
    assert list(folder.verify([file])) == []


def test_a_local_file_that_is_not_what_its_row_says_is_not_published(folder, local):
    good = local("data/a.bin", b"good")
    folder.publish([good])
    bad = local("data/a.bin", b"good")
    bad.local.write_bytes(b"rotten")
    with pytest.raises(PublishRejected, match="not what its row says"):
        folder.publish([bad])
    assert everything(folder.root) == {"data/a.bin": b"good"}


def test_a_target_that_cannot_be_written_says_so(tmp_path, local):
    (tmp_path / "hub").write_text("a file where the folder should be")
    with pytest.raises(PublishRejected, match=r"does not take 'data/a': Not a directory"):
        FolderHub(tmp_path / "hub").publish([local("data/a")])


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (errno.EROFS, PublishRejected, "Read-only file system"),
        (errno.ENOSPC, DiskFull, "no room for 'data/a'"),
    ],
)
def test_a_read_only_or_full_target_says_so_and_keeps_what_it_has(
    folder, local, monkeypatch, code, error, words
):
    folder.publish([local("data/a", b"old")])

    def fail(*_args: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch, pytest.raises(error, match=words):
        patch.setattr(os, "fsync", fail)
        folder.publish([local("data/a", b"new")])
    assert everything(folder.root) == {"data/a": b"old"}


def test_folders_that_a_deletion_left_empty_go_too(folder, local):
    folder.publish([local("data/s/a"), local("kept")])
    folder.remove(["data/s/a"])
    assert [path.name for path in folder.root.iterdir()] == ["kept"]


def test_creators_in_many_processes_agree_on_one(tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        won = pool.starmap(create_whole, [(tmp_path / "lock", b"%d" % i) for i in range(16)])
    assert won.count(True) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_relative_location_lies_in_the_workspace_so_that_it_can_move(tmp_path):
    assert open_hub(FolderSettings(location="published"), workspace=tmp_path).root == tmp_path / "published"
    assert open_hub(FolderSettings(location="/elsewhere"), workspace=tmp_path).root.as_posix() == "/elsewhere"


def test_a_source_that_is_one_file_is_a_repository_of_that_file(tmp_path):
    (tmp_path / "film.mkv").write_bytes(b"1")
    (tmp_path / "other.mkv").write_bytes(b"2")
    hub = open_source(FolderSettings(location="film.mkv"), workspace=tmp_path)
    assert [file.path for file in hub.list()] == ["film.mkv"]


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.*no such file or folder"):
        open_source(FolderSettings(location="nowhere"), workspace=tmp_path)
    with pytest.raises(SettingsError, match=r"source\.hub\.location"):
        open_source(FolderSettings(), workspace=tmp_path)


def test_a_url_that_nothing_here_opens_is_an_error_of_the_settings(tmp_path):
    with pytest.raises(SettingsError, match="cannot open"):
        open_hub(FolderSettings(location="nosuch://x/y"), workspace=tmp_path)
