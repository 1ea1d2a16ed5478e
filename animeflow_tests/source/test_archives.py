import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile

import pytest

from animeflow.media.demux.heads import HEAD_BYTES
from animeflow.source.archives import damage, is_archive, is_named_archive


def tar(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        archive.add(__file__, "episode.mkv")
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("episode.mkv", b"x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", zipped()),
        ("no extension", zipped()),
        ("wrong.mkv.txt", zipped()),
        ("a.tar", tar("w:")),
        ("a.tar.gz", tar("w:gz")),
        ("a.tbz", tar("w:bz2")),
        ("a.tar.xz", tar("w:xz")),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100)),
        ("a.rar", b"Rar!\x1a\x07\x01\x00" + bytes(100)),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd" + bytes(100)),
    ],
)
def test_archives_are_told_by_their_first_bytes(name, data):
    assert is_archive(name, data[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.gz", gzip.compress(b"a log line\n" * 1000, mtime=0)),
        ("notes.bz2", bz2.compress(b"a log line\n" * 1000)),
        ("notes.xz", lzma.compress(b"a log line\n" * 1000)),
        ("model.zst", b"\x28\xb5\x2f\xfd" + bytes(100)),
        ("book.epub", zipped()),
        ("weights.npz", zipped()),
        ("a.zip", b"not a zip"),
        ("a.tar.gz", b"\x1f\x8b" + b"\xff" * 300),
        ("empty.zip", b""),
    ],
)
def test_what_only_looks_like_one_is_none(name, data):
    assert not is_archive(name, data[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.zip", b"", "it is empty"),
        ("a.TAR", bytes(HEAD_BYTES), "it begins with zeros only"),
        ("a.rar", b"\n<!DOCTYPE html><title>404</title>", "it is an HTML page"),
        ("a.tgz", gzip.compress(b"a log line\n" * 1000, mtime=0), "what it packs is no tar, or is damaged"),
        ("a.zip", b"\x1aE\xdf\xa3" + bytes(100), r"it begins as a video does \(rename it"),
        ("a.7z", b"junk junk", "no archive begins with its bytes 6a 75 6e 6b 20 6a 75 6e"),
    ],
)
def test_what_is_only_called_an_archive_is_told_by_what_its_bytes_say(name, data, words):
    assert is_named_archive(name)
    found = damage(name, data)
    assert found is not None
    assert re.search(f"^is no readable archive: {words}", str(found))


@pytest.mark.parametrize("name", ["notes.gz", "a.zip.txt", "zip", "book.epub", "a.tar.gz.part"])
def test_other_names_make_no_archive(name):
    assert not is_named_archive(name)


def test_what_can_be_unpacked_has_no_damage():
    old = bytearray(tar("w:"))
    info = tarfile.TarInfo.frombuf(bytes(old[:512]), "utf-8", "strict")
    old[257:265] = bytes(8)
    old[148:156] = b"%06o\0 " % (info.chksum - sum(tar("w:")[257:265]))
    packed = gzip.compress(bytes(old), mtime=0)
    for name, data in [
        ("a.zip", zipped()),
        ("old.tar", bytes(old)),
        ("old.tgz", packed),
        ("a.tar", tar("w:bz2")),
    ]:
        assert damage(name, data[:HEAD_BYTES]) is None, name
