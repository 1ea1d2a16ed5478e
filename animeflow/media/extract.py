"""Unpack archives of strangers: regular files only, below a fresh directory, within limits."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from animeflow.errors import AnimeflowError, ArchiveError, ContractError, DiskFull
from animeflow.media.command import check_stop

_CHUNK = 1 << 20
_NAME_BYTES, _PATH_BYTES, _DEPTH = 255, 1024, 32
_DRIVE = re.compile(r"^[A-Za-z]:")
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ARCHIVE_SUFFIXES = (".zip", *_TAR_SUFFIXES)
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    ValueError,
    OverflowError,
    NotImplementedError,
)
_TAR_END: type[Exception] = tarfile.EOFHeaderError  # type: ignore[attr-defined]  # a block of zeros
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_RATIO_FROM_BYTES = 64 << 20
# Headers of one member: PAX and GNU long names. Without a bound, one of 10 GB is read into memory.
_MAX_HEADER_BYTES = 8 << 20
# Padding of a tar after its end is at most one record, which has 10 KB unless a tape wants more.
_MAX_BYTES_AFTER_END = 64 << 20
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257


@dataclass(frozen=True)
class ExtractLimits:
    """What one archive may unpack to before it is refused (`ArchiveError`)."""

    max_members: int = 100_000
    max_bytes: int = 2 << 40
    max_ratio: float = 200.0
    """Unpacked bytes over packed bytes, from the first 64 MB on: pictures and videos are near 1, a bomb is at 1000."""
    keep_free_bytes: int = 1 << 30
    """Left free on the disk."""

    def __post_init__(self) -> None:
        if self.max_members < 1 or self.max_bytes < 1 or self.max_ratio < 1 or self.keep_free_bytes < 0:
            raise ContractError(f"extraction limits out of range: {self}")


@dataclass(frozen=True)
class _Entry:
    """A member as the archive lists it. `kind` is file, folder, or what it is instead."""

    name: str
    kind: str
    open: Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Whether the name is one that `extract_archive` reads."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def extract_archive(path: Path, target: Path, *, limits: ExtractLimits | None = None) -> list[Path]:
    """Unpack a zip, tar, tar.gz, tar.bz2 or tar.xz into `target`, which must not exist; returns the files, sorted.

    Links, devices, absolute names, `..`, drive letters, names that differ only in case or Unicode form, and names
    nested in other members' files are refused: then the whole archive is (`ArchiveError`, bad_archive), and `target`
    is removed. So it is for damage anywhere, a lost end included. Files inside are not unpacked further. Modes, owners
    and times of the archive are not taken over.
    """
    limits = limits or ExtractLimits()
    try:
        target.mkdir(parents=True)
    except FileExistsError as error:
        raise ContractError(
            f"{str(target)!r} exists; an archive is unpacked into a fresh directory"
        ) from error
    try:
        with contextlib.ExitStack() as stack:
            return sorted(_extract_all(_entries(path, stack), path, target, limits))
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        translated = _translate(error, path)
        if translated is not None:
            raise translated from error
        raise


def _translate(error: BaseException, path: Path) -> AnimeflowError | None:
    """Our error for one that a library raised; None for all that is not the archive's or the disk's fault."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return DiskFull("the disk is full", path=path)
    # Decompressors raise OSError without a number for damaged data.
    if isinstance(error, _DAMAGE) or (isinstance(error, OSError) and error.errno is None):
        return ArchiveError(f"is damaged: {error}", path=path)
    return None


def _extract_all(entries: Iterator[_Entry], path: Path, target: Path, limits: ExtractLimits) -> list[Path]:
    budget = _Budget(path, target, limits)
    seen: dict[str, str] = {}
    written = []
    for entry in entries:
        check_stop()
        budget.count_member()
        parts = safe_parts(entry.name, path)
        if entry.kind == "folder":
            continue
        if entry.kind != "file":
            raise ArchiveError(f"member {entry.name!r} is a {entry.kind}; only files are unpacked", path=path)
        _require_unique(parts, seen, path)
        written.append(_write_file(entry, parts, target, budget))
    if not written:
        raise ArchiveError("holds no file", path=path)
    return written


def safe_parts(name: str, path: Path) -> list[str]:
    """A member's name as path parts below the target. Raises `ArchiveError` for one that leads elsewhere."""
    flat = _utf8(name).replace("\\", "/")
    parts = [p for p in flat.split("/") if p not in ("", ".")]
    if flat.startswith("/") or _DRIVE.match(flat) or ".." in parts:
        raise ArchiveError(f"member {name!r} leads out of the archive", path=path)
    if any(ord(c) < 32 or ord(c) == 127 for c in flat):
        raise ArchiveError(f"member {name!r} has control characters in its name", path=path)
    if (
        len(parts) > _DEPTH
        or len(os.fsencode(flat)) > _PATH_BYTES
        or any(len(os.fsencode(p)) > _NAME_BYTES for p in parts)
    ):
        raise ArchiveError(f"member {name[:80]!r}… has too long a name", path=path)
    return parts


def _utf8(name: str) -> str:
    """Bytes that are not UTF-8 (old tar names) as %XX: tables hold text only."""
    return "".join(f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in name)


def _require_unique(parts: list[str], seen: dict[str, str], path: Path) -> None:
    """No two members may meet on a file system that folds case or Unicode forms, as file or as folder of another."""
    if not parts:
        raise ArchiveError("has a file without a name", path=path)
    folded = [unicodedata.normalize("NFC", p.casefold()) for p in parts]
    for depth in range(1, len(folded)):
        key = "/".join(folded[:depth])
        spelled = "/".join(parts[:depth]) + "/"
        if seen.setdefault(key, spelled) != spelled:
            raise ArchiveError(f"members {seen[key]!r} and {'/'.join(parts)!r} collide", path=path)
    key, spelled = "/".join(folded), "/".join(parts)
    if key in seen:
        raise ArchiveError(f"members {seen[key]!r} and {spelled!r} collide", path=path)
    seen[key] = spelled


def _write_file(entry: _Entry, parts: list[str], target: Path, budget: _Budget) -> Path:
    file_path = target.joinpath(*parts)
    file_path.parent.mkdir(parents=True, exist_ok=True)
    # Never through a link, never over a file: the directory is ours, and stays so.
    fd = os.open(file_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(fd, "wb") as out, entry.open() as source:
        while chunk := source.read(_CHUNK):
            check_stop()
            budget.spend(len(chunk))
            out.write(chunk)
    return file_path


class _Budget:
    """Counts members and bytes as they come, because sizes in headers lie."""

    def __init__(self, path: Path, target: Path, limits: ExtractLimits) -> None:
        self._path, self._limits = path, limits
        self._packed = path.stat().st_size
        free = shutil.disk_usage(target).free - limits.keep_free_bytes
        self._max_bytes, self._disk = limits.max_bytes, free
        self._members = self._bytes = 0

    def count_member(self) -> None:
        self._members += 1
        if self._members > self._limits.max_members:
            raise ArchiveError(f"has more than {self._limits.max_members} members", path=self._path)

    def spend(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self._max_bytes:
            raise ArchiveError(f"unpacks to more than {self._max_bytes} bytes", path=self._path)
        if self._bytes > self._disk:
            raise DiskFull(f"unpacks to more than the {self._disk} bytes that are free", path=self._path)
        if self._bytes > _RATIO_FROM_BYTES and self._bytes > self._limits.max_ratio * self._packed:
            raise ArchiveError(
                f"unpacks to more than {self._limits.max_ratio:g} times its size", path=self._path
            )


def _entries(path: Path, stack: contextlib.ExitStack) -> Iterator[_Entry]:
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_entries(stack.enter_context(zipfile.ZipFile(path)))
    return _tar_entries(path, head, stack)


_OPENERS: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ", lzma.open),
    (b"", lambda path: path.open("rb")),
)


def _tar_entries(path: Path, head: bytes, stack: contextlib.ExitStack) -> Iterator[_Entry]:
    """Read as a stream, one member after the other: nothing is sought, nothing is kept."""
    opener = next(opener for magic, opener in _OPENERS if head.startswith(magic))
    meter = _Meter(stack.enter_context(opener(path)), path)
    stream: Any = meter
    tar = stack.enter_context(tarfile.open(fileobj=stream, mode="r|", tarinfo=_TarHeader))  # noqa: SIM115 the stack closes it
    for info in tar:
        meter.reset()
        yield _Entry(info.name, _tar_kind(info), lambda info=info: _tar_file(tar, info, meter))  # type: ignore[misc]
        tar.members = []  # type: ignore[attr-defined]  # else the list grows with the archive
        meter.reset()
    _require_end(tar, meter)


class _TarHeader(tarfile.TarInfo):
    """A header of which all but a block of zeros is damage: tarfile takes any bad one after the first for the end."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        """The member that begins here."""
        try:
            return super().fromtarfile(tar)
        except _TAR_END:
            raise
        except tarfile.HeaderError as error:
            where = f"at byte {tar.offset}"
            raise tarfile.ReadError(
                f"neither a member nor the end of the archive {where} ({error})"
            ) from error


def _require_end(tar: tarfile.TarFile, meter: _Meter) -> None:
    """Read on from the first block of zeros. Raises for what is no end: members behind it would be lost.

    One block of zeros at the end of the file will do. After two, padding of any kind is passed over, as GNU tar does,
    and read, for the checksum of what is packed comes last.
    """
    rest: Any = tar.fileobj
    if any(rest.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError(f"zeros in place of a member at byte {tar.offset}")
    size = 0
    while chunk := rest.read(_CHUNK):
        check_stop()
        meter.reset()
        size += len(chunk)
        if size > _MAX_BYTES_AFTER_END:
            raise tarfile.ReadError(
                f"more than {_MAX_BYTES_AFTER_END} bytes follow its end at byte {tar.offset}"
            )
        if _holds_header(chunk):
            raise tarfile.ReadError(f"members follow its end at byte {tar.offset}")


def _holds_header(blocks: bytes) -> bool:
    """Whether one of these blocks is the header of a member."""
    at = blocks.find(_TAR_MAGIC)
    while at >= 0:
        start = at - _TAR_MAGIC_AT
        if start % tarfile.BLOCKSIZE == 0 and _is_header(blocks[start : start + tarfile.BLOCKSIZE]):
            return True
        at = blocks.find(_TAR_MAGIC, at + 1)
    return False


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class _Meter:
    """A stream that refuses to give more than the headers of one member take, unless content is being read."""

    def __init__(self, stream: Any, path: Path) -> None:
        self._stream, self._path, self._given = stream, path, 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self._given += len(data)
        if self._given > _MAX_HEADER_BYTES:
            raise ArchiveError(f"has a header of more than {_MAX_HEADER_BYTES} bytes", path=self._path)
        return data

    def reset(self) -> None:
        self._given = 0


class _Content(io.RawIOBase):
    """A member's content; reading it is what the meter allows."""

    def __init__(self, file: IO[bytes], meter: _Meter) -> None:
        self._file, self._meter = file, meter

    def read(self, size: int = -1) -> bytes:
        self._meter.reset()
        return self._file.read(size)


def _tar_file(tar: tarfile.TarFile, info: tarfile.TarInfo, meter: _Meter) -> IO[bytes]:
    file = tar.extractfile(info)
    if file is None:
        raise ArchiveError(f"member {info.name!r} has no content")
    return _Content(file, meter)  # type: ignore[return-value]


def _tar_kind(info: tarfile.TarInfo) -> str:
    if info.isreg() and not info.issparse():
        return "file"
    if info.isdir():
        return "folder"
    return "link" if info.issym() or info.islnk() else "sparse file" if info.issparse() else "device"


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in archive.infolist():
        yield _Entry(info.filename, _zip_kind(info), lambda info=info: archive.open(info))  # type: ignore[misc]


def _zip_kind(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x1:
        return "encrypted file"
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode) if info.create_system == 3 else 0
    if info.is_dir() or kind == stat.S_IFDIR:
        return "folder"
    if kind == stat.S_IFLNK:
        return "link"
    return "file" if kind in (0, stat.S_IFREG) else "device"
