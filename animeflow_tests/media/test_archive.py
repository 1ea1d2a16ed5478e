from __future__ import annotations

import hashlib
import os
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import ArchiveError, ContractError
from animeflow.media import archive
from animeflow.media.archive import (
    Member,
    list_archive,
    member_digest,
    part_name,
    require_member_name,
    safe_name,
    split_by_size,
    verify_archive,
    write_archive,
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "files"
    folder.mkdir()
    names = {
        "b/000002.webp": b"two" * 500,
        "a.txt": b"",
        "b/000001.webp": os.urandom(70_000),
        "日本.json": b"{}",
    }
    found = {}
    for n, (name, data) in enumerate(names.items()):
        (folder / str(n)).write_bytes(data)
        found[name] = folder / str(n)
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_files_give_the_same_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    first = write_archive(tmp_path / "one.tar.gz", files)
    for path in files.values():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    time.sleep(1.1)  # gzip and tar keep whole seconds
    again = write_archive(tmp_path / "two.tar.gz", dict(reversed(files.items())))
    assert sha256(first.path) == sha256(again.path) == first.sha256
    assert first.digest == again.digest


def test_members_are_sorted_plain_and_complete(files: dict[str, Path], tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "x.tar.gz", files)
    with tarfile.open(archive.path) as tar:
        infos = tar.getmembers()
        assert [i.name for i in infos] == ["a.txt", "b/000001.webp", "b/000002.webp", "日本.json"]
        assert {(i.mtime, i.uid, i.gid, i.uname, i.gname, i.mode) for i in infos} == {
            (0, 0, 0, "", "", 0o644)
        }
        for info in infos:
            content = tar.extractfile(info)
            assert content is not None
            assert content.read() == files[info.name].read_bytes()
    assert archive.size_bytes == archive.path.stat().st_size
    assert [(m.name, m.size_bytes, m.sha256) for m in archive.members] == [
        (i.name, i.size, sha256(files[i.name])) for i in infos
    ]


def test_the_header_holds_neither_name_nor_clock(files: dict[str, Path], tmp_path: Path) -> None:
    head = write_archive(tmp_path / "secret-name.tar.gz", files).path.read_bytes()[:40]
    assert head[4:8] == b"\0\0\0\0"
    assert b"secret" not in head


@pytest.mark.parametrize("new", [b"more", b"other bytes, as many", b""])
def test_a_file_that_changes_while_it_is_packed_is_an_error(
    new: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows, is written anew with as many bytes, or loses all of them, once its first bytes have been read."""
    path = tmp_path / "grows.bin"
    path.write_bytes(b"the very first bytes")
    os.utime(path, (1, 1))

    class Changing(archive._HashingReader):
        def read(self, size: int = -1) -> bytes:
            data = super().read(min(size, 5))
            with path.open("ab" if new == b"more" else "wb") as file:
                file.write(new)
            return data + super().read(max(size - 5, 0))

    monkeypatch.setattr(archive, "_HashingReader", Changing)
    with pytest.raises(ArchiveError, match="while it was packed"):
        write_archive(tmp_path / "x.tar.gz", {"grows.bin": path})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["grows.bin"]


def test_nothing_is_left_when_a_file_is_missing(files: dict[str, Path], tmp_path: Path) -> None:
    files["a.txt"].unlink()
    with pytest.raises(FileNotFoundError):
        write_archive(tmp_path / "x.tar.gz", files)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["files"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../b", "a\\b", "", "new\nline"])
def test_unsafe_member_names_are_refused(files: dict[str, Path], tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError):
        write_archive(tmp_path / "x.tar.gz", {name: files["a.txt"]})


def test_any_flipped_byte_of_the_content_is_found(files: dict[str, Path], tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "x.tar.gz", files)
    verify_archive(archive.path, archive.members)
    data = archive.path.read_bytes()
    for at in range(11, len(data), 1499):
        archive.path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(ArchiveError):
            verify_archive(archive.path, archive.members)


def test_a_truncated_archive_is_found(files: dict[str, Path], tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "x.tar.gz", files)
    archive.path.write_bytes(archive.path.read_bytes()[:40_000])
    with pytest.raises(ArchiveError, match="damaged"):
        list(list_archive(archive.path))


def test_a_missing_or_extra_member_is_named(files: dict[str, Path], tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "x.tar.gz", files)
    with pytest.raises(ArchiveError, match=r"a\.txt"):
        verify_archive(archive.path, archive.members[1:])
    with pytest.raises(ArchiveError, match="extra"):
        verify_archive(archive.path, [*archive.members, Member("extra", 1, "00")])


def test_the_digest_is_of_the_content_not_of_the_order() -> None:
    members = [Member("a", 1, "00"), Member("b", 2, "11")]
    assert member_digest(members) == member_digest(members[::-1])
    assert member_digest(members) != member_digest([Member("a", 1, "00"), Member("b", 2, "12")])


@given(
    sizes=st.dictionaries(st.text("abé/", min_size=1, max_size=120), st.integers(0, 5000), max_size=30),
    max_bytes=st.integers(1, 20_000),
)
def test_parts_hold_every_file_once_in_order_within_the_limit(sizes: dict[str, int], max_bytes: int) -> None:
    parts = split_by_size(sizes, max_bytes=max_bytes)
    assert [name for part in parts for name in part] == sorted(sizes, key=lambda n: n.encode())
    for part in parts:
        assert part
        assert len(part) == 1 or sum(sizes[name] for name in part) <= max_bytes


@pytest.mark.parametrize("max_bytes", [30_000, 40_000, 41_100, 51_300, 99_999])
def test_a_part_stays_within_its_limit_on_disk(tmp_path: Path, max_bytes: int) -> None:
    files = {}
    for n in range(12):
        path = tmp_path / f"{n:06d}.webp"
        path.write_bytes(os.urandom(9_000))
        files[path.name] = path
    parts = split_by_size(dict.fromkeys(files, 9000), max_bytes=max_bytes)
    assert len(parts[0]) == min(12, (max_bytes // 10_240 * 10_240 - 1024) // 9728)
    for part in parts:
        archive = write_archive(tmp_path / "x.tar.gz", {name: files[name] for name in part})
        assert archive.size_bytes <= max_bytes


def test_parts_are_named_with_their_number_and_count() -> None:
    assert part_name("Series", 1, 1) == "Series.tar.gz"
    assert part_name("Series", 2, 3) == "Series_part02of03.tar.gz"
    assert part_name("a/b", 5, 120) == "a_b_part005of120.tar.gz"
    with pytest.raises(ContractError):
        part_name("x", 4, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Fate/Zero", "Fate_Zero"), ('a<b>:"|?*', "a_b______"), ("dots...", "dots"), ("", "unnamed"), ("..", "unnamed"),
     ("e\u0301", "é"), ("tab\tnew\nline", "tab_new_line")],
)  # fmt: skip
def test_series_names_become_file_names(text: str, expected: str) -> None:
    assert safe_name(text) == expected


@given(st.text(max_size=300))
def test_any_text_becomes_a_safe_name(text: str) -> None:
    name = safe_name(text)
    require_member_name(name)
    assert 1 <= len(name.encode()) <= 150
    assert safe_name(name) == name
