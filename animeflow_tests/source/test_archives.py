import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from animeflow.source.archives import HEAD_BYTES, is_archive


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
