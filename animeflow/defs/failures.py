"""From our error tree to Dagster's: what is permanent is never tried again, what is transient is, per policy.

PermanentError   -> Failure(allow_retries=False)
Interrupted      -> Failure(allow_retries=False)   somebody asked to stop: no policy may go on
DeviceBusy       -> RetryRequested                 the card comes free some time
other transient  -> Failure(allow_retries=True)    the asset's RetryPolicy decides; without one the run fails
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from animeflow.errors import AnimeflowError, DeviceBusy, Interrupted

DEVICE_RETRIES, DEVICE_WAIT_S = 3, 30
log = logging.getLogger("animeflow.stages")


@contextmanager
def dagster_failures(stage: str, shard: str | None) -> Iterator[None]:
    """Inside the block, errors of ours leave as what Dagster understands; all others pass unchanged.

    Their stacks are logged: Dagster keeps them in its event log, which no terminal shows.
    """
    try:
        yield
    except AnimeflowError as error:
        raise as_dagster(error, stage=stage, shard=shard) from error
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception:
        log.info("%s: unexpected error", stage, exc_info=True)
        raise


def as_dagster(error: AnimeflowError, *, stage: str, shard: str | None) -> dg.Failure | dg.RetryRequested:
    """The exception by which a step ends."""
    if isinstance(error, DeviceBusy):
        return dg.RetryRequested(max_retries=DEVICE_RETRIES, seconds_to_wait=DEVICE_WAIT_S)
    return dg.Failure(
        description=f"{stage}: {error}",
        metadata={
            "reason": error.reason,
            "transient": error.transient,
            "error": type(error).__name__,
            **({"shard": shard} if shard else {}),
            **({"hint": error.hint} if error.hint else {}),
        },
        allow_retries=error.transient and not isinstance(error, Interrupted),
    )
