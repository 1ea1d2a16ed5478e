"""Ids come from content, never from order or time.

video_id    first 16 hex of the sha256 of the source file
clip_id     {video_id}-{start:07d}-{end:07d}     frames of the source, end exclusive
drawing_id  {video_id}-d{first:07d}              the first frame of the run of identical composed frames
shard key   {ascii slug <= 60}-{8 hex of sha256(path)}
"""

from __future__ import annotations

import hashlib
import re
import stat
import unicodedata
from pathlib import Path

from animeflow.errors import InputError

_CLIP = re.compile(r"^([0-9a-f]{16})-(\d{7,})-(\d{7,})$")
_DRAWING = re.compile(r"^([0-9a-f]{16})-d(\d{7,})$")
_ARCHIVE = re.compile(r"(^|\.)(tar(\.(gz|bz2|xz|zst))?|t(gz|bz2?|xz|zst)|zip|7z|rar)$", re.IGNORECASE)
NAMELESS = "shard"  # the slug of a path without an ASCII letter or digit
_BLOCK = 1 << 20


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file, read in blocks of 1 MiB. InputError for a pipe or a device: reading it may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise InputError("is not a regular file", path=path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def video_id(sha256: str) -> str:
    """The id of a source video from the hex sha256 of its bytes."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"not a sha256 in hex: {sha256!r}")
    return sha256[:16]


def clip_id(video: str, start: int, end: int) -> str:
    """The id of the frames start <= frame < end of a video."""
    if not 0 <= start < end:
        raise ValueError(f"a clip needs 0 <= start < end, got {start}..{end}")
    return f"{video}-{start:07d}-{end:07d}"


def split_clip_id(clip: str) -> tuple[str, int, int]:
    """(video_id, start, end) of a clip id."""
    match = _CLIP.match(clip)
    if not match:
        raise ValueError(f"not a clip id: {clip!r}")
    return match[1], int(match[2]), int(match[3])


def drawing_id(video: str, first_frame: int) -> str:
    """The id of the drawing that appears at `first_frame` of a video."""
    if first_frame < 0:
        raise ValueError(f"a frame number is not negative: {first_frame}")
    return f"{video}-d{first_frame:07d}"


def split_drawing_id(drawing: str) -> tuple[str, int]:
    """(video_id, first_frame) of a drawing id."""
    match = _DRAWING.match(drawing)
    if not match:
        raise ValueError(f"not a drawing id: {drawing!r}")
    return match[1], int(match[2])


def slug(text: str, *, length: int = 60) -> str:
    """ASCII letters, digits, dot, underscore and hyphen; never empty, never longer than `length`.

    No three dots in a row: Dagster reads a partition key with them as a range.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    cleaned = re.sub(r"[^A-Za-z0-9._-]+|\.{3,}", "-", ascii_text).strip("-._")
    return cleaned[:length].strip("-._") or NAMELESS


def _telling(path: str) -> str:
    """The path, without its extension where ASCII leaves no other letter of it: `1.mp4` says less than `1`."""
    stem, dot, _ = path.rpartition(".")
    ascii_stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    lost = any(unicodedata.category(char).startswith("L") and not char.isascii() for char in stem)
    return stem if dot and lost and not re.search("[A-Za-z]", ascii_stem) else path


def shard_key(path: str) -> str:
    """The partition key of a unit, from its path in the source repository (POSIX, relative)."""
    return f"{slug(_telling(path))}-{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def series_of(shard: str) -> str:
    """The readable part of a partition key, without the extension of an archive; the key where its path left none."""
    name = _ARCHIVE.sub("", shard.rpartition("-")[0])
    return name if name not in ("", NAMELESS) else shard
