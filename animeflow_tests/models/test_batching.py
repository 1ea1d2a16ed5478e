"""Batches: every item once, in order, smaller where memory runs out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import ContractError
from animeflow.models.batching import is_out_of_memory, run_batched


class Device:
    """A device on which at most `room` items fit."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sizes: list[int] = []

    def __call__(self, items):
        self.sizes.append(len(items))
        if len(items) > self.room:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return [item * 10 for item in items]


@given(count=st.integers(0, 40), batch=st.integers(1, 20), room=st.integers(1, 20))
def test_every_item_is_computed_once_and_in_order_whatever_fits(count, batch, room):
    device = Device(room)
    assert run_batched(device, list(range(count)), batch) == [10 * one for one in range(count)]


def test_after_running_out_the_smaller_size_is_kept():
    device = Device(room=2)
    run_batched(device, list(range(10)), 8)
    assert device.sizes == [8, 4, 2, 2, 2, 2, 2]


def test_one_item_that_does_not_fit_raises_what_the_device_said():
    with pytest.raises(RuntimeError, match="out of memory"):
        run_batched(Device(room=0), [1, 2], 2)


def test_another_error_is_not_taken_for_memory():
    def broken(items):
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape"):
        run_batched(broken, [1, 2], 2)


def test_a_call_that_loses_results_is_an_error():
    with pytest.raises(ContractError, match="3 items gave 2 results"):
        run_batched(lambda items: items[1:], [1, 2, 3], 3)


def test_torch_and_python_say_it_in_words_that_are_known():
    import torch

    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("device-side assert"))
