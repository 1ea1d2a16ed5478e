"""Calls in batches that shrink when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from animeflow.errors import ContractError
from animeflow.models.device import free_device_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

# torch.OutOfMemoryError is a RuntimeError; onnxruntime and CTranslate2 raise RuntimeErrors with these words.
OUT_OF_MEMORY = ("out of memory", "failed to allocate memory", "bad_alloc", "cublas_status_alloc_failed")


def run_batched(
    call: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item], batch: int
) -> list[Result]:
    """`call` on consecutive parts of at most `batch` items -> one result per item, in order.

    Where memory runs out the part is tried again in halves, and what follows keeps the smaller size; a single item that
    does not fit raises. ContractError where a call gives another number of results.
    """
    size, at = max(1, batch), 0
    results: list[Result] = []
    while at < len(items):
        part = items[at : at + size]
        try:
            got = call(part)
        except (RuntimeError, MemoryError) as error:
            if len(part) == 1 or not is_out_of_memory(error):
                raise
            size = max(1, len(part) // 2)
        else:
            if len(got) != len(part):
                raise ContractError(f"{len(part)} items gave {len(got)} results")
            results.extend(got)
            at += len(part)
            continue
        free_device_memory()  # outside the handler: the traceback would keep the tensors alive
    return results


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch, onnxruntime, CTranslate2 or Python says that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in OUT_OF_MEMORY)
