"""Which files are archives: by their first bytes, not by their name."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath

HEAD_BYTES = 4096
_TAR_AT = 257
_PLAIN = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
# Both give their first bytes before all is read; bzip2 and zstd need whole blocks, and there the name decides.
_PACKED: dict[bytes, Callable[[], zlib._Decompress | lzma.LZMADecompressor]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(31),
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
}
_BLOCKS = {b"BZh": (".tar.bz2", ".tbz", ".tbz2"), b"\x28\xb5\x2f\xfd": (".tar.zst", ".tzst")}
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


def _is_tar(head: bytes) -> bool:
    return head[_TAR_AT : _TAR_AT + 5] == b"ustar"


def _unpacked(head: bytes, opener: Callable[[], zlib._Decompress | lzma.LZMADecompressor]) -> bytes:
    """The first bytes inside, as far as the head reaches; nothing when it is damaged."""
    try:
        return opener().decompress(head, _TAR_AT + 5)
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
