"""Names as they stand in tables: text, whatever bytes the file system held."""

from __future__ import annotations

import re
import unicodedata
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


def folder_name(text: str, *, length: int = 60) -> str:
    """A folder's name that keeps letters, marks and digits of any script, dot, underscore and hyphen, in NFC.

    Never empty, never longer than `length` bytes of UTF-8.
    """
    kept = "".join(
        char if char in "._-" or unicodedata.category(char)[0] in "LMN" else " "
        for char in unicodedata.normalize("NFC", text)
    )
    name = re.sub(r" +", "-", kept).strip("-._")
    cut = name.encode("utf-8")[:length].decode("utf-8", "ignore")
    return cut.strip("-._") or "video"
