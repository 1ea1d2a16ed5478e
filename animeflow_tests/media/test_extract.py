from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import random
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import ArchiveError, ContractError, DiskFull
from animeflow.media import extract
from animeflow.media.archive import write_archive
from animeflow.media.extract import ExtractLimits, extract_archive, is_archive, safe_parts

SMALL = ExtractLimits(keep_free_bytes=0)


def tar_of(path: Path, *members: tuple[str, bytes | dict[str, object]], mode: str = "w:gz") -> Path:
    """Members are (name, content) or (name, attributes of the TarInfo)."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, dict):
                for key, value in content.items():
                    setattr(info, key, value)
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def zip_of(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def refused(path: Path, limits: ExtractLimits = SMALL) -> str:
    target = path.parent / "target"
    with pytest.raises(ArchiveError) as caught:
        extract_archive(path, target, limits=limits)
    assert caught.value.reason == "bad_archive"
    assert not target.exists()
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name], "nothing is written elsewhere"
    return str(caught.value)


PACKINGS = [(".tar", "w"), (".tar.gz", "w:gz"), (".tar.bz2", "w:bz2"), (".tar.xz", "w:xz")]


@pytest.mark.parametrize(("suffix", "mode"), PACKINGS)
def test_a_tar_of_any_packing_is_unpacked(tmp_path: Path, suffix: str, mode: str) -> None:
    content = os.urandom(1_200_000)
    folder = ("S1", {"type": tarfile.DIRTYPE})
    path = tar_of(
        tmp_path / f"x{suffix}", ("S1/01.mkv", content), ("S1/日本 02.mkv", b"two"), folder, mode=mode
    )
    assert is_archive(path)
    target = tmp_path / "target"
    assert extract_archive(path, target, limits=SMALL) == [target / "S1/01.mkv", target / "S1/日本 02.mkv"]
    assert (target / "S1/01.mkv").read_bytes() == content
    assert stat.S_IMODE((target / "S1/01.mkv").stat().st_mode) & 0o133 == 0


def test_a_zip_is_unpacked(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "x.zip", ("a/", b""), ("a/01.mkv", b"one"), ("b\\02.mkv", b"two"))
    found = extract_archive(path, tmp_path / "t", limits=SMALL)
    assert [p.relative_to(tmp_path / "t").as_posix() for p in found] == ["a/01.mkv", "b/02.mkv"]


def test_our_own_archives_come_back(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"data")
    archive = write_archive(tmp_path / "x.tar.gz", {"n" * 200 + ".webp": tmp_path / "x", "a": tmp_path / "x"})
    assert len(extract_archive(archive.path, tmp_path / "t", limits=SMALL)) == 2


LEADING_OUT = ["../evil", "a/../../evil", "/etc/evil", "\\evil", "a\\..\\..\\evil", "C:\\evil", "c:evil"]


@pytest.mark.parametrize("name", LEADING_OUT)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    for folder, make in (("tar", tar_of), ("zip", zip_of)):
        (tmp_path / folder).mkdir()
        assert "leads out" in refused(make(tmp_path / folder / "x", (name, b"x")))


@pytest.mark.parametrize(
    "attributes",
    [
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, {"type": tarfile.SYMTYPE, "linkname": "01.mkv"},
        {"type": tarfile.LNKTYPE, "linkname": "01.mkv"}, {"type": tarfile.CHRTYPE}, {"type": tarfile.BLKTYPE},
        {"type": tarfile.FIFOTYPE},
    ],
)  # fmt: skip
def test_links_and_devices_are_refused(tmp_path: Path, attributes: dict[str, object]) -> None:
    assert "only files" in refused(tar_of(tmp_path / "x.tar.gz", ("01.mkv", b"x"), ("odd", attributes)))


def test_writing_through_a_link_of_the_archive_is_refused(tmp_path: Path) -> None:
    link = {"type": tarfile.SYMTYPE, "linkname": ".."}
    assert "only files" in refused(tar_of(tmp_path / "x.tar", ("d", link), ("d/evil", b"x"), mode="w"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_of_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("odd")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    assert "only files" in refused(zip_of(tmp_path / "x.zip", (info, b"/etc/passwd")))


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "x.zip", ("01.mkv", b"x"))
    data = bytearray(path.read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.mkv", "A.MKV"), ("a.mkv", "a.mkv"), ("é.mkv", "e\u0301.mkv"), ("d/x", "D/y"), ("d", "d/x"), ("d/x", "d"),
        ("ß", "SS"),
    ],
)  # fmt: skip
def test_names_that_meet_on_other_file_systems_are_refused(tmp_path: Path, first: str, second: str) -> None:
    assert "collide" in refused(tar_of(tmp_path / "x.tar", (first, b"1"), (second, b"2"), mode="w"))


def test_control_characters_in_names_are_refused(tmp_path: Path) -> None:
    assert "control" in refused(tar_of(tmp_path / "x.tar", ("a\nb.mkv", b"x"), mode="w"))


@pytest.mark.parametrize("name", ["n" * 300, "/".join("d" * 40), "é" * 200])
def test_overlong_names_are_refused(tmp_path: Path, name: str) -> None:
    assert "too long" in refused(tar_of(tmp_path / "x.tar", (name, b"x"), mode="w"))


def test_a_bomb_is_stopped_by_its_ratio(tmp_path: Path) -> None:
    """100 MB of zeros in 100 kB: beyond 64 MB the ratio of 200 holds."""
    path = tmp_path / "x.tar.gz"
    info = tarfile.TarInfo("zeros.mkv")
    info.size = 100 << 20
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(info.tobuf())
        for _ in range(100):
            packed.write(bytes(1 << 20))
    assert path.stat().st_size < 1_000_000
    assert "times its size" in refused(path)


def test_the_bytes_are_limited_as_they_come(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "x.tar", ("a", os.urandom(40_000)), ("b", os.urandom(40_000)), mode="w")
    assert "more than 60000 bytes" in refused(path, ExtractLimits(max_bytes=60_000, keep_free_bytes=0))


def test_the_members_are_limited(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "x.tar", *[(f"{n}", b"") for n in range(11)], mode="w")
    assert "more than 10 members" in refused(path, ExtractLimits(max_members=10, keep_free_bytes=0))


def test_a_header_of_gigabytes_is_not_read_into_memory(tmp_path: Path) -> None:
    """A PAX header claims 1 GB, which 1 MB of gzip delivers."""
    info = tarfile.TarInfo("PaxHeaders")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    path = tmp_path / "x.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(info.tobuf())
        for _ in range(32):
            packed.write(bytes(1 << 20))
    assert "header" in refused(path)


def test_a_full_disk_is_transient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tar_of(tmp_path / "x.tar", ("a", b"x" * 1000), mode="w")
    with pytest.raises(DiskFull):
        extract_archive(path, tmp_path / "t", limits=ExtractLimits(keep_free_bytes=1 << 60))

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(extract, "_write_file", no_room)
    with pytest.raises(DiskFull):
        extract_archive(path, tmp_path / "t", limits=SMALL)
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("make", [
    lambda p: tar_of(p, ("a", os.urandom(50_000))),
    lambda p: tar_of(p, ("a", os.urandom(50_000)), mode="w"),
    lambda p: tar_of(p, ("a", os.urandom(50_000)), mode="w:bz2"),
    lambda p: tar_of(p, ("a", os.urandom(50_000)), mode="w:xz"),
    lambda p: zip_of(p, ("a", os.urandom(50_000))),
])  # fmt: skip
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_damage_is_an_archive_error(tmp_path: Path, make: Callable[[Path], Path], damage: str) -> None:
    path = make(tmp_path / "x.archive")
    data = bytearray(path.read_bytes())
    if damage == "cut":
        del data[len(data) // 2 :]
    else:
        for at in range(20, len(data), 300):
            data[at] ^= 0xFF
    path.write_bytes(data)
    assert path.name in refused(path), "the error names the archive"


BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
RECORD_END = bytes(14 * BLOCK)  # up to 10 KB, as programs write it


def three(end: bytes = END) -> bytearray:
    """A tar of a, b and c, each with one block of content, and what ends it: headers at blocks 0, 2 and 4."""
    blocks = bytearray()
    for name in "abc":
        info = tarfile.TarInfo(f"{name}.mkv")
        info.size = BLOCK
        blocks += info.tobuf() + name.encode() * BLOCK
    return blocks + end


def flipped(data: bytearray, at: int) -> bytearray:
    data[at] ^= 1
    return data


def without(data: bytearray, block: int, blocks: int = 1) -> bytearray:
    """With zeros in place of these blocks: a piece that was never downloaded."""
    data[block * BLOCK : (block + blocks) * BLOCK] = bytes(blocks * BLOCK)
    return data


LOST = [
    ("a bit of a header", flipped(three(), 2 * BLOCK + 5), "neither a member nor the end.*at byte 1024"),
    ("cut between members", three()[: 2 * BLOCK], "neither a member nor the end.*at byte 1024"),
    ("no end", three(b""), "neither a member nor the end.*at byte 3072"),
    ("half a block of zeros", three(bytes(100)), "neither a member nor the end.*at byte 3072"),
    ("a zeroed header", without(three(), 2), "zeros in place of a member at byte 1024"),
    ("a zeroed member", without(three(), 2, 2), "members follow its end at byte 1024"),
    ("another archive", three() + three(), "members follow its end at byte 3072"),
]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(("data", "words"), [lost[1:] for lost in LOST], ids=[lost[0] for lost in LOST])
def test_no_member_is_lost_in_silence(
    tmp_path: Path, pack: Callable[[bytes], bytes], data: bytearray, words: str
) -> None:
    (tmp_path / "x").write_bytes(pack(bytes(data)))
    assert re.search(f"is damaged: .*{words}", refused(tmp_path / "x"))


@pytest.mark.parametrize("level", [0, 6])
def test_a_wrong_bit_in_a_packed_file_is_found(tmp_path: Path, level: int) -> None:
    """Nothing but the checksum at the very end of the file tells."""
    content = random.Random(0).randbytes(100_000)
    tar = tar_of(tmp_path / "x", ("a.mkv", content), mode="w").read_bytes()
    packed = bytearray(gzip.compress(tar, level, mtime=0))
    (tmp_path / "x").write_bytes(flipped(packed, len(packed) // 2))
    assert "is damaged" in refused(tmp_path / "x")


@pytest.mark.parametrize("trailer", [b"", b"1234", bytes(8)])
def test_the_checksum_of_a_gzip_is_read(tmp_path: Path, trailer: bytes) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(bytes(three(RECORD_END)))[:-8] + trailer)
    assert "is damaged" in refused(tmp_path / "x")


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_the_checksum_of_other_packings_is_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / "x").write_bytes(pack(bytes(three(RECORD_END)))[:-6])
    assert "is damaged" in refused(tmp_path / "x")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    "end",
    [
        bytes(BLOCK), END, bytes(BLOCK + 100), bytes(20 * BLOCK), bytes(4 << 20), END + b"garbage" * 5000,
        END + b"ustar" * 500 + bytes(3 * BLOCK),
    ],
)  # fmt: skip
def test_padding_of_any_kind_ends_a_tar(tmp_path: Path, pack: Callable[[bytes], bytes], end: bytes) -> None:
    (tmp_path / "x").write_bytes(pack(bytes(three(end))))
    found = extract_archive(tmp_path / "x", tmp_path / "t", limits=SMALL)
    assert [p.read_bytes() for p in found] == [name * BLOCK for name in (b"a", b"b", b"c")]


@pytest.mark.parametrize("opener", [open, gzip.open])
def test_what_follows_the_end_is_not_read_for_ever(tmp_path: Path, opener: Callable[..., IO[bytes]]) -> None:
    with opener(tmp_path / "x", "wb") as file:
        file.write(bytes(three()))
        for _ in range(66):
            file.write(bytes(1 << 20))
    assert "more than 67108864 bytes follow its end" in refused(tmp_path / "x")


@pytest.mark.parametrize("content", [b"", b"just text", b"PK\x05\x06" + bytes(18), bytes(10240)])
def test_what_holds_no_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert "x.zip" in refused(tmp_path / "x.zip"), "the error names the archive"


def test_a_nested_archive_stays_a_file(tmp_path: Path) -> None:
    inner = tar_of(tmp_path / "inner.tar", ("a", b"x"), mode="w").read_bytes()
    (tmp_path / "inner.tar").unlink()
    path = tar_of(tmp_path / "x.tar", ("inner.tar", inner), mode="w")
    assert [p.name for p in extract_archive(path, tmp_path / "t", limits=SMALL)] == ["inner.tar"]


def test_names_that_are_not_utf8_can_be_kept_in_tables(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "x.tar", ("caf\udce9.mkv", b"x"), mode="w")
    (found,) = extract_archive(path, tmp_path / "t", limits=SMALL)
    assert found.name == "caf%E9.mkv"


def test_an_existing_target_is_refused(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "x.tar", ("a", b"x"), mode="w")
    (tmp_path / "t").mkdir()
    with pytest.raises(ContractError):
        extract_archive(path, tmp_path / "t", limits=SMALL)


@given(st.text(max_size=60))
def test_whatever_the_name_the_file_is_below_the_target(name: str) -> None:
    try:
        parts = safe_parts(name, Path("x.tar"))
    except (ArchiveError, UnicodeEncodeError):
        return
    target = Path("/target")
    resolved = Path(os.path.normpath(target.joinpath(*parts)))
    assert resolved == target or target in resolved.parents


@pytest.mark.parametrize("settings", [{"max_members": 0}, {"max_ratio": 0.5}, {"keep_free_bytes": -1}])
def test_limits_out_of_range_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ContractError):
        ExtractLimits(**settings)
