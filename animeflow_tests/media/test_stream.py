from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from animeflow.errors import ContractError, Interrupted
from animeflow.media import command
from animeflow.media.stream import prefetch


def size_one(_: object) -> int:
    return 1


def test_order_is_kept_and_nothing_is_lost() -> None:
    assert list(prefetch(range(500), max_bytes=7, size_of=size_one)) == list(range(500))


def test_none_is_an_item_like_any_other() -> None:
    assert list(prefetch([None, 1, None], max_bytes=10, size_of=size_one)) == [None, 1, None]


def test_the_producer_stays_within_its_bytes() -> None:
    made = 0

    def source() -> Iterator[int]:
        nonlocal made
        for n in range(100):
            made += 1
            yield n

    stream = prefetch(source(), max_bytes=50, size_of=lambda _: 10)
    assert next(stream) == 0
    time.sleep(0.2)
    # Five wait in the queue, one more is in the producer's hand, one is here.
    assert made <= 7
    stream.close()


def test_an_item_larger_than_the_queue_passes_alone() -> None:
    assert list(prefetch([b"x" * 100, b"y" * 100], max_bytes=10, size_of=len)) == [b"x" * 100, b"y" * 100]


def test_an_exception_arrives_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken source")

    seen = []
    with pytest.raises(ValueError, match="broken source"):
        seen.extend(prefetch(source(), max_bytes=100, size_of=size_one))
    assert seen == [1, 2]


def test_leaving_early_closes_the_source_in_its_thread_and_ends_the_thread() -> None:
    closed_in: list[str] = []

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed_in.append(threading.current_thread().name)

    stream = prefetch(source(), max_bytes=3, size_of=size_one, name="frames-of-test")
    assert next(stream) == 0
    stream.close()
    assert closed_in == ["frames-of-test"]
    assert "frames-of-test" not in {t.name for t in threading.enumerate()}


def test_an_unused_stream_starts_no_thread() -> None:
    before = threading.active_count()
    stream = prefetch(range(10), max_bytes=3, size_of=size_one)
    assert threading.active_count() == before
    stream.close()


def test_a_stop_request_ends_a_waiting_consumer() -> None:
    release = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        release.wait(10)

    stream = prefetch(source(), max_bytes=3, size_of=size_one)
    assert next(stream) == 1
    command.request_stop()
    # The producer cannot be interrupted inside a call; it is released here as a decoder would be by its own check.
    threading.Timer(0.3, release.set).start()
    with pytest.raises(Interrupted):
        next(stream)


def test_a_stop_request_ends_a_waiting_producer() -> None:
    stream = prefetch(range(10), max_bytes=2, size_of=size_one)
    assert next(stream) == 0
    command.request_stop()
    time.sleep(0.3)
    with pytest.raises(Interrupted):
        list(stream)


def test_a_queue_without_room_is_refused() -> None:
    with pytest.raises(ContractError):
        next(prefetch([1], max_bytes=0, size_of=size_one))
