"""Frames that stream: a bounded queue between a producer thread and its consumer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Generic, TypeVar

from animeflow.errors import ContractError
from animeflow.media.command import check_stop

T = TypeVar("T")
_POLL_S = 0.1


def prefetch(
    iterable: Iterable[T], *, max_bytes: int, size_of: Callable[[T], int], name: str = "prefetch"
) -> Generator[T, None, None]:
    """Run `iterable` in a thread, at most `max_bytes` ahead of the consumer (one item always fits).

    Order is kept. An exception of the producer is raised here, after the items before it. Closing the
    generator, or leaving its loop, ends the thread and closes the source in it. `request_stop()` ends both
    sides with `Interrupted`.
    """
    if max_bytes < 1:
        raise ContractError(f"a queue of {max_bytes} bytes; at least 1 is needed")
    queue = _Queue(iterable, max_bytes, size_of, name)
    try:
        while not isinstance(item := queue.take(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        queue.close()


class _End:
    """The last entry of a queue: the producer's exception, or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Queue(Generic[T]):
    def __init__(self, source: Iterable[T], max_bytes: int, size_of: Callable[[T], int], name: str) -> None:
        self._source, self._max_bytes, self._size_of = source, max_bytes, size_of
        self._items: deque[tuple[T | _End, int]] = deque()
        self._held = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._produce, name=name, daemon=True)
        self._thread.start()

    def _produce(self) -> None:
        error: BaseException | None = None
        iterator = iter(self._source)
        try:
            for item in iterator:
                if not self._put(item, self._size_of(item)):
                    break
        except BaseException as problem:  # noqa: BLE001 it travels to the consumer, which raises it
            error = problem
        finally:
            try:
                close = getattr(iterator, "close", None)
                if close is not None:
                    close()
            except BaseException as problem:  # noqa: BLE001 as above
                error = error or problem
            self._put(_End(error), 0)

    def _put(self, item: T | _End, size: int) -> bool:
        """Wait for room, then append; False when the consumer is gone."""
        with self._changed:
            while self._items and self._held + size > self._max_bytes and not self._closed:
                if not isinstance(item, _End):
                    check_stop()
                self._changed.wait(_POLL_S)
            if self._closed:
                return False
            self._items.append((item, size))
            self._held += size
            self._changed.notify_all()
            return True

    def take(self) -> T | _End:
        """The next item, or the end."""
        with self._changed:
            while not self._items:
                check_stop(waiting=True)
                self._changed.wait(_POLL_S)
            item, size = self._items.popleft()
            self._held -= size
            self._changed.notify_all()
        return item

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()
        self._thread.join()
