"""Thumbnails that stay in their file: 0.34 GB an hour, of which detectors look at a few at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
HELD_GROUPS = 3  # 12 MB: a window across a border and the one after it
BLOCK = 1024  # frames that `in_blocks` gives at once


class _Groups:
    """Row groups of thumbnails, the last few of them held."""

    def __init__(self, starts: Sequence[int], read: Callable[[int], U8]) -> None:
        self.starts, self._read = np.asarray(starts, np.int64), read
        self._held: OrderedDict[int, U8] = OrderedDict()

    @property
    def frames(self) -> int:
        return int(self.starts[-1])

    def span(self, start: int, end: int) -> U8:
        """Frames start..end-1 of the video."""
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        parts = []
        while start < end:
            begin, after = int(self.starts[first]), int(self.starts[first + 1])
            parts.append(self._group(first)[start - begin : min(end, after) - begin])
            start, first = min(end, after), first + 1
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _group(self, number: int) -> U8:
        found = self._held.pop(number, None)
        self._held[number] = found = self._read(number) if found is None else found
        if len(self._held) > HELD_GROUPS:
            self._held.popitem(last=False)
        return found


class StoredThumbnails:
    """uint8 RGB [T, h, w, 3] in a file, indexed like an array: by frame, by range, by ascending frame numbers.

    [:, rows, columns] gives the same cropped. Each of these but the last gives an array. `np.asarray` loads all.
    `starts` are the first frames of the row groups and, last, the number of frames; `read` gives a group.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, starts: Sequence[int], read: Callable[[int], U8], height: int, width: int) -> None:
        self._groups = _Groups(starts, read)
        self._rows, self._columns = slice(0, height), slice(0, width)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        rows, columns = self._rows, self._columns
        return len(self), rows.stop - rows.start, columns.stop - columns.start, 3

    def __len__(self) -> int:
        return self._groups.frames

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            return self._cropped(*key)
        if isinstance(key, slice):
            start, end, step = key.indices(len(self))
            return self._span(start, max(start, end))[::step] if step > 0 else np.asarray(self)[key]
        if isinstance(key, int | np.integer):
            at = int(key) + (len(self) if key < 0 else 0)
            if not 0 <= at < len(self):
                raise IndexError(f"frame {key} of {len(self)}")
            return self._span(at, at + 1)[0]
        numbers = np.asarray(key)
        if len(numbers) == 0:
            return self._span(0, 0)
        first = int(numbers.min())
        return self._span(first, int(numbers.max()) + 1)[numbers - first]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        whole = self._span(0, len(self))
        return whole if dtype is None else whole.astype(dtype)

    def _span(self, start: int, end: int) -> U8:
        if end <= start:
            return np.zeros((0, *self.shape[1:]), np.uint8)
        return self._groups.span(start, end)[:, self._rows, self._columns]

    def _cropped(self, frames: slice, rows: slice, columns: slice) -> StoredThumbnails:
        if frames != slice(None):
            raise IndexError("a crop is of all frames")
        _, height, width, _ = self.shape
        view = object.__new__(StoredThumbnails)
        view._groups = self._groups
        view._rows, view._columns = _inside(self._rows, rows, height), _inside(self._columns, columns, width)
        return view


Thumbs = U8 | StoredThumbnails


def in_blocks(thumbs: Thumbs) -> Iterator[U8]:
    """All thumbnails in order, some at a time: for what is a sum or a maximum over them."""
    for start in range(0, len(thumbs), BLOCK):
        yield cast(U8, thumbs[start : start + BLOCK])


def _inside(outer: slice, inner: slice, length: int) -> slice:
    start, end, _ = inner.indices(length)
    return slice(outer.start + start, outer.start + max(start, end))
