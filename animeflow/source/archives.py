"""Which files are archives: by their first bytes; a name alone makes one that is damaged."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath

from animeflow.errors import ArchiveError
from animeflow.media.demux.heads import begins_as_video

_TAR_AT = 257
_TAR_HEADER = 512
_PLAIN = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
# Both give their first bytes before all is read; bzip2 and zstd need whole blocks, and there the name decides.
_PACKED: dict[bytes, Callable[[], zlib._Decompress | lzma.LZMADecompressor]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(31),
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
}
_BLOCKS = {b"BZh": (".tar.bz2", ".tbz", ".tbz2"), b"\x28\xb5\x2f\xfd": (".tar.zst", ".tzst")}
_NAMES = (
    ".zip", ".7z", ".rar", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz",
    *(ending for endings in _BLOCKS.values() for ending in endings),
)  # fmt: skip
_PAGES = (b"<!doctype html", b"<html")
# Documents that are zip files inside: nobody keeps episodes in them.
_DOCUMENTS = (
    ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub", ".cbz", ".cbr", ".cb7", ".jar", ".apk", ".whl",
    ".npz", ".kra", ".ora", ".xpi", ".vsix", ".usdz", ".sketch",
)  # fmt: skip


def is_archive(path: str, head: bytes) -> bool:
    """Whether a file with these first bytes (HEAD_BYTES of them) is an archive that may hold episodes.

    A compressed file counts when what is inside begins as a tar does.
    """
    name = PurePosixPath(path)
    if name.suffix.lower() in _DOCUMENTS:
        return False
    if head.startswith(_PLAIN) or _is_tar(head):
        return True
    for magic, endings in _BLOCKS.items():
        if head.startswith(magic):
            return name.name.lower().endswith(endings)
    return any(
        head.startswith(magic) and _is_tar(_unpacked(head, opener)) for magic, opener in _PACKED.items()
    )


def is_named_archive(path: str) -> bool:
    """Whether a file is called an archive, whatever its bytes say."""
    return PurePosixPath(path).name.lower().endswith(_NAMES)


def damage(path: str, head: bytes) -> ArchiveError | None:
    """Why a file that is called an archive is none, by its first bytes; None where unpacking has to tell."""
    packed = next((opener for magic, opener in _PACKED.items() if head.startswith(magic)), None)
    inside = _unpacked(head, packed) if packed else head
    if is_archive(path, head) or head.startswith(tuple(_BLOCKS)) or _is_old_tar(inside):
        return None
    hint = "fetch or pack it again, or name it in source.ignore"
    if begins_as_video(head):
        hint = "rename it after its kind"
    return ArchiveError(f"is no readable archive: {_seen(head, packed=packed is not None)}", hint=hint)


def _seen(head: bytes, *, packed: bool) -> str:
    """What the first bytes of a file are instead."""
    if not head:
        return "it is empty"
    if packed:
        return "what it packs is no tar, or is damaged"
    if not any(head):
        return "it begins with zeros only"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return "it is an HTML page"
    if begins_as_video(head):
        return "it begins as a video does"
    return f"no archive begins with its bytes {head[:8].hex(' ')}"


def _is_old_tar(head: bytes) -> bool:
    """Whether a tar begins here that was written before there was a magic: its checksum tells."""
    try:
        tarfile.TarInfo.frombuf(head[:_TAR_HEADER], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _is_tar(head: bytes) -> bool:
    return head[_TAR_AT : _TAR_AT + 5] == b"ustar"


def _unpacked(head: bytes, opener: Callable[[], zlib._Decompress | lzma.LZMADecompressor]) -> bytes:
    """The first bytes inside, as far as the head reaches; nothing when it is damaged."""
    try:
        return opener().decompress(head, _TAR_HEADER)
    except (EOFError, zlib.error, lzma.LZMAError):
        return b""


def unsupported(head: bytes) -> str | None:
    """Why an archive with these first bytes is not unpacked; None when it is."""
    for magic, name in (
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
    ):
        if head.startswith(magic):
            return f"is a {name} archive, which is not unpacked"
    return None
