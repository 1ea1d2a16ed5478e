import hashlib
import os

import pytest

from animeflow.hubs.folder import FolderHub
from animeflow.settings.source import SourceSettings
from animeflow.source.completeness import Completeness, completeness, parse_checksums
from animeflow.source.units import list_units

NOW = 2_000_000_000.0


class Clocked(FolderHub):
    """A folder whose files changed at a given time: ctime cannot be set."""

    changed: float | None = NOW

    def list(self, prefix=""):
        for file in super().list(prefix):
            object.__setattr__(file, "changed", self.changed)
            yield file


@pytest.fixture
def folder(tmp_path):
    hub = Clocked(tmp_path)
    (tmp_path / "S").mkdir()
    (tmp_path / "S" / "01.mkv").write_bytes(b"film")
    return hub


def judge(hub, *, now=NOW, **options) -> Completeness:
    settings = SourceSettings()
    return completeness(list_units(hub, settings)[0], hub, settings, now=now, **options)


def test_a_folder_is_complete_once_nothing_changed_for_the_quiet_time(folder):
    assert judge(folder, now=NOW + 599).waits_for == "1 s without a change"
    assert judge(folder, now=NOW + 600) == Completeness(True, "quiet")


def test_a_marker_completes_a_folder_at_once(folder):
    (folder.root / "S" / "_SUCCESS").write_bytes(b"")
    assert judge(folder) == Completeness(True, "marker")


def test_a_checksum_list_completes_a_folder_when_all_of_it_is_there(folder):
    digests = {
        name: hashlib.sha256(data).hexdigest() for name, data in (("01.mkv", b"film"), ("02.mkv", b"two"))
    }
    listing = "".join(f"{sha256}  {name}\n" for name, sha256 in digests.items())
    (folder.root / "S" / "SHA256SUMS").write_text(listing)
    assert judge(folder, now=NOW + 9999).waits_for == "'02.mkv', which SHA256SUMS names, is not there"
    (folder.root / "S" / "02.mkv").write_bytes(b"tw")
    assert judge(folder, now=NOW + 9999).waits_for == "'02.mkv' is not yet what SHA256SUMS says"
    (folder.root / "S" / "02.mkv").write_bytes(b"two")
    assert judge(folder) == Completeness(True, "checksums")


def test_a_checksum_list_reads_each_file_once(folder, monkeypatch):
    (folder.root / "S" / "SHA256SUMS").write_text(f"{hashlib.sha256(b'film').hexdigest()} *01.mkv\n")
    digests = {}
    assert judge(folder, digests=digests).ready
    monkeypatch.setattr(FolderHub, "sha256", lambda *_: pytest.fail("read again"))
    assert judge(folder, digests=digests).ready


def test_an_archive_of_a_hub_that_shows_whole_files_is_complete_at_once(folder):
    (folder.root / "S" / "01.mkv").rename(folder.root / "a.zip")
    (folder.root / "a.zip").write_bytes(b"PK\x03\x04")
    assert not judge(folder).ready  # a copy into a folder grows
    folder.atomic_files = True
    assert judge(folder) == Completeness(True, "archive")


def test_a_file_from_the_future_counts_from_when_it_was_first_seen(folder):
    folder.changed = NOW + 1e6
    assert not judge(folder, now=NOW + 700).ready
    assert judge(folder, now=NOW + 700, first_seen=NOW).ready


def test_a_hub_that_tells_no_times_counts_from_when_it_was_first_seen(folder):
    folder.changed = None
    assert not judge(folder).ready
    assert not judge(folder, now=NOW + 10, first_seen=NOW).ready
    assert judge(folder, now=NOW + 600, first_seen=NOW).ready


def test_a_young_ctime_keeps_a_file_with_old_times_waiting(tmp_path):
    (tmp_path / "S").mkdir()
    path = tmp_path / "S" / "01.mkv"
    path.write_bytes(b"film")
    os.utime(path, (1, 1))
    hub = FolderHub(tmp_path)
    arrived = path.stat().st_ctime
    assert not judge(hub, now=arrived + 10).ready
    assert judge(hub, now=arrived + 601).ready


def test_lines_that_are_no_checksums_are_passed_over():
    good = "a" * 64
    assert parse_checksums(f"# comment\n{good}  ./01.mkv\n{'B' * 64} *two words.mkv\nbroken\n") == {
        "01.mkv": good,
        "two words.mkv": "b" * 64,
    }
