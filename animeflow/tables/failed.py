"""How a stage failed as a whole: then it has no manifest and no status rows, and only this says why.

`<workspace>/logs/<shard>/<stage>.failed.json`, from the stage's failure until it ends well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from animeflow.errors import AnimeflowError, Interrupted, WorkspaceBusy
from animeflow.tables.stages import STAGES
from animeflow.tables.status import Reason
from animeflow.tables.whole import write_whole


@dataclass(frozen=True)
class StageFailure:
    """The last failure of a stage: the word of the closed list, and the error in words."""

    stage: str
    reason: str
    message: str

    @property
    def text(self) -> str:
        """Why it failed; the message ends in the way out where there is one."""
        return f"{self.reason}: {self.message}"


def path_of(logs: Path, stage: str) -> Path:
    """Where the failure of a stage lies inside a shard's log folder."""
    return logs / f"{stage}.failed.json"


@contextmanager
def remembered(logs: Path, *stages: str) -> Iterator[None]:
    """Inside the block these stages run: an error that ends them is remembered, and passes on.

    Who was asked to stop, or found another run in the shard, has not failed.
    """
    try:
        yield
    except (Interrupted, WorkspaceBusy):
        raise
    except Exception as error:
        with suppress(OSError):  # a full disk must not hide the error that it caused
            _remember(logs, stages, error)
        raise


def forget(logs: Path, stage: str) -> None:
    """The stage has ended well."""
    path_of(logs, stage).unlink(missing_ok=True)


def read(logs: Path, stage: str) -> StageFailure | None:
    """How a stage failed last; None where it did not, or where what was written cannot be read."""
    try:
        return StageFailure(**json.loads(path_of(logs, stage).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def found(logs: Path) -> list[StageFailure]:
    """The stages of a shard whose last run failed as a whole, in the order of the stages."""
    failures = [read(logs, name) for name, spec in STAGES.items() if spec.partitioned]
    return [failure for failure in failures if failure is not None]


def _remember(logs: Path, stages: Sequence[str], error: Exception) -> None:
    ours = isinstance(error, AnimeflowError)
    reason = error.reason if isinstance(error, AnimeflowError) else Reason.INTERNAL.value
    message = str(error) if ours else f"{type(error).__name__}: {error}"
    logs.mkdir(parents=True, exist_ok=True)
    for stage in stages:
        entry = asdict(StageFailure(stage, reason, message))
        write_whole(path_of(logs, stage), json.dumps(entry, indent=1, ensure_ascii=False) + "\n")
