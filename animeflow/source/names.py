"""Names as they stand in tables: text, whatever bytes the file system held."""

from __future__ import annotations

import re
from pathlib import PurePosixPath


def as_text(path: str) -> str:
    r"""A path that any table can hold: bytes that are not UTF-8 as \xff, and then backslashes doubled.

    A name that is UTF-8 is unchanged, backslashes included.
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raw = path.replace("\\", "\\\\").encode("utf-8", "surrogateescape")
        return raw.decode("utf-8", "backslashreplace")
    return path


def media_suffix(path: str) -> str:
    """The extension under which a copy is kept: lower case ASCII, at most 8 characters, empty when it is odd."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""
