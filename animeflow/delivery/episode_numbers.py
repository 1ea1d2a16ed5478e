"""Which number an episode has: the one that its file's name says, else its place in the shard."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

# The surest first. No letter or digit follows a number: "- 1080p" is a picture's height, "- 12.5" a recap.
_END = r"(?:v\d)?(?![^\W_])(?!\.\d(?!\d))"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"第\s*(\d{1,4})\s*[話话回集]",
        rf"(?<![^\W_])s\d{{1,2}}[ ._-]?e(\d{{1,4}}){_END}",
        rf"(?<![^\W_])(?:(?:episode|ep)[ ._#-]*|e)(\d{{1,4}}){_END}",
        rf"\s-\s+(?!(?:19|20)\d\d)(\d{{1,4}}){_END}",
        rf"\[(\d{{1,3}}){_END}\]",
        r"^(\d{1,3})$",
    )
)


def number_in(path: str) -> int | None:
    """The episode number in a file's name; None where it has none."""
    stem = unicodedata.normalize("NFKC", PurePosixPath(path).stem)
    found = (pattern.search(stem) for pattern in _PATTERNS)
    return next((int(match[1]) for match in found if match), None)


def episode_numbers(paths: Sequence[str]) -> list[int]:
    """The number of each file, in their order, no two alike.

    A file whose name says none, or one that an earlier file has, gets the first number from 1 that is free.
    """
    named = [number_in(path) for path in paths]
    taken = {number for number in named if number is not None}
    free = (number for number in itertools.count(1) if number not in taken)
    given: set[int] = set()
    numbers = []
    for name in named:
        number = next(free) if name is None or name in given else name
        given.add(number)
        numbers.append(number)
    return numbers
