"""Which checks of a shard failed last: a blocking one keeps the stages after its asset from running, and says why here.

`<workspace>/logs/<shard>/<asset>.<check>.check.json`, from the check's failure until it passes.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from animeflow.errors import ContractError
from animeflow.tables.stages import STAGES
from animeflow.tables.whole import write_whole

if TYPE_CHECKING:
    from animeflow.tables.workspace import Workspace

SUFFIX = ".check.json"


@dataclass(frozen=True)
class CheckFailure:
    """The last failure of a check; `content_digest` is that of the result it was about."""

    check: str
    asset: str
    blocking: bool
    message: str
    content_digest: str

    def text(self, waiting: int) -> str:
        """Which check, why, and what that keeps from running."""
        stopped = f" ({_stages(waiting)} for it)" if self.blocking and waiting else ""
        return f"check {self.check} of {self.asset} failed{stopped}: {self.message}"

    @property
    def way_out(self) -> str:
        """What mends it, in words; the first time it is mostly the disk, the second time it is a fault of ours."""
        return f"`animeflow run` with --retry-failed makes {self.asset} again and asks the check again"


def path_of(logs: Path, asset: str, check: str) -> Path:
    """Where the failure of a check lies inside a shard's log folder."""
    return logs / f"{asset}.{check}{SUFFIX}"


def remember(workspace: Workspace, shard: str, check: str, asset: str, *, blocking: bool, why: str) -> None:
    """The check has failed on the result that is there now."""
    logs = workspace.logs_dir(shard)
    failure = CheckFailure(check, asset, blocking, why, _digest(workspace, shard, asset))
    with suppress(OSError):  # a full disk must not hide what the check found
        logs.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(failure), indent=1, ensure_ascii=False) + "\n"
        write_whole(path_of(logs, asset, check), text, errors="backslashreplace")


def forget(workspace: Workspace, shard: str, check: str, asset: str) -> None:
    """The check has passed."""
    path_of(workspace.logs_dir(shard), asset, check).unlink(missing_ok=True)


def found(workspace: Workspace, shard: str) -> list[CheckFailure]:
    """The failures that still count, in the order of the stages: those of results that were not made anew since."""
    failures = []
    for path in sorted(workspace.logs_dir(shard).glob(f"*{SUFFIX}")):
        try:
            failures.append(CheckFailure(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    order = list(STAGES)
    standing = [
        one
        for one in failures
        if one.asset in STAGES and one.content_digest == _digest(workspace, shard, one.asset)
    ]
    return sorted(standing, key=lambda one: (order.index(one.asset), one.check))


def waiting(workspace: Workspace, shard: str, asset: str) -> list[str]:
    """The stages without a result that read this one, at once or through others."""
    after = {asset}
    for name, spec in STAGES.items():  # in the order of the graph
        if spec.partitioned and after & set(spec.inputs):
            after.add(name)
    without = [name for name in after - {asset} if workspace.manifest(shard, name) is None]
    return [name for name in STAGES if name in without]


def _digest(workspace: Workspace, shard: str, asset: str) -> str:
    try:
        manifest = workspace.manifest(shard, asset)
    except ContractError:
        return ""
    return manifest.content_digest if manifest is not None else ""


def _stages(count: int) -> str:
    return f"{count} stages wait" if count > 1 else "1 stage waits"
