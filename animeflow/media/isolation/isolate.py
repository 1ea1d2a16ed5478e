"""Decoding in a worker process: a crash, a hang or a memory bomb in a decoder costs one file, not the shard.

`call("package.module:function", path, …, limits=settings)` runs a function of this package there and gives what it
gives: same values, same errors, same count of decoded frames. `stream` does so for a generator function. A worker
serves one call after the other, whatever the file, and is replaced after any death.

It is started like every other process (`media.command`): it dies with this process, has a group of its own, and is
killed whatever ends a call early. It sees no GPU and loads no torch. It is no sandbox against code that a file smuggles
in: it runs as the same user; but nothing that it sends is ever executed here.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from animeflow import errors
from animeflow.errors import AnimeflowError, DecodeError, InputError, OutOfMemory
from animeflow.media.command import MemoryLimit
from animeflow.media.decode.counting import count_decoded
from animeflow.media.isolation.wire import function_named
from animeflow.media.isolation.worker_process import POOL, Answer, Limits, Stalled, TookTooLong, WorkerDied
from animeflow.settings.isolation import IsolationSettings

__all__ = ["call", "prepare", "stream"]

_TRIES = 2


def call(target: str, /, *args: Any, limits: IsolationSettings, **kwargs: Any) -> Any:
    """`module:function` of this package, called with these arguments in a worker (here, where `limits.isolate` is off).

    Raises what the function raises. Beside that DecodeError: `decoder_crashed` when the worker died twice, `timeout`
    when it stood still for `limits.stall_s` or took longer than `limits.timeout_s`, `out_of_memory` when it took more
    than `limits.memory_mb`; OutOfMemory (transient) when somebody else killed it, as a machine without memory does;
    Interrupted on a stop.
    """
    if not limits.isolate:
        return function_named(target)(*args, **kwargs)
    running = _tries(target, args, kwargs, limits, 0)
    while True:
        try:
            next(running)
        except StopIteration as finished:
            return finished.value


def prepare(*targets: str) -> None:
    """Begin to start the worker of the next call, with what these functions import, while the caller is at something
    else: that takes half a second.
    """
    POOL.prepare([target.partition(":")[0] for target in targets])


def stream(
    target: str, /, *args: Any, limits: IsolationSettings, more_bytes: int = 0, **kwargs: Any
) -> Generator[Any, None, None]:
    """The items of a generator function, as `call`. It runs ahead by what a pipe holds (1 MB) and one item.

    `more_bytes` is what the function holds beside its decoder. Time in which the consumer does not ask does not count
    for the limits. One death is forgiven: what was given already is passed over, so the function has to give the same
    items each time.
    """
    if not limits.isolate:
        yield from function_named(target)(*args, **kwargs)
    else:
        yield from _tries(target, args, kwargs, limits, more_bytes)


def _tries(
    target: str, args: Sequence[Any], kwargs: Mapping[str, Any], limits: IsolationSettings, more_bytes: int
) -> Generator[Any, None, Any]:
    given = 0
    for left in reversed(range(_TRIES)):
        running, passed_over = _attempt(target, args, kwargs, limits, more_bytes), given
        try:
            while True:
                try:
                    item = next(running)
                except StopIteration as finished:
                    return _settled(finished.value, limits)
                if passed_over:
                    passed_over -= 1
                else:
                    given += 1
                    yield item
        except WorkerDied as death:
            if death.killed:
                raise OutOfMemory(
                    "the decoding worker was killed: the machine ran out of memory",
                    hint="run fewer workers at a time",
                ) from death
            if not left:
                raise _crashed(death) from death
        finally:
            running.close()
    raise AssertionError("unreachable")


def _attempt(
    target: str, args: Sequence[Any], kwargs: Mapping[str, Any], limits: IsolationSettings, more_bytes: int
) -> Generator[Any, None, Answer]:
    """One call in one worker, which goes back to the pool only after an answer: else it is killed."""
    worker = POOL.take()
    try:
        answer = yield from worker.run(
            target, args, kwargs, Limits(limits.memory_bytes + more_bytes, limits.stall_s, limits.timeout_s)
        )
    except (Stalled, TookTooLong, MemoryLimit) as stopped:
        worker.kill()
        raise _stopped(stopped, limits) from None
    except BaseException:
        worker.kill()
        raise
    if answer.ok or answer.value["class"] != "MemoryError":
        POOL.give(worker)
    else:
        worker.kill()
    return answer


def _settled(answer: Answer, limits: IsolationSettings) -> Any:
    """The value of an answer, its frames counted here, or its error raised."""
    for purpose, frames in answer.decoded.items():
        count_decoded(purpose, frames)
    if answer.ok:
        return answer.value
    raise _error_of(answer.value, limits)


def _error_of(told: Mapping[str, Any], limits: IsolationSettings) -> Exception:
    name, message = str(told["class"]), str(told["message"])
    if name == "MemoryError":
        return _too_much(limits)
    if name == "OSError":
        return OSError(told["errno"], message, told["path"])
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, AnimeflowError):
        return kind(message, reason=told["reason"], path=told["path"], hint=told["hint"])
    return InputError(f"{name}: {message}", reason="internal")


def _stopped(stopped: Exception, limits: IsolationSettings) -> DecodeError:
    if isinstance(stopped, MemoryLimit):
        return _too_much(limits)
    if isinstance(stopped, Stalled):
        return DecodeError(
            f"decoding stood still for {limits.stall_s:g} s and was stopped",
            reason="timeout",
            hint="raise shots.decode.stall_s or source.decode.stall_s if the disk is slow",
        )
    return DecodeError(
        f"decoding took longer than {limits.timeout_s:g} s and was stopped",
        reason="timeout",
        hint="raise shots.decode.timeout_s or source.decode.timeout_s if it is just long",
    )


def _too_much(limits: IsolationSettings) -> DecodeError:
    return DecodeError(
        f"decoding needs more than {limits.memory_mb} MB of memory",
        reason="out_of_memory",
        hint="raise shots.decode.memory_mb or source.decode.memory_mb if the pictures are that large",
    )


def _crashed(death: WorkerDied) -> DecodeError:
    return DecodeError(
        f"a decoder crashed on it twice ({death.how})",
        reason="decoder_crashed",
        hint="it is damaged or hostile; ffmpeg -i FILE -c copy NEW may mend it",
    )
