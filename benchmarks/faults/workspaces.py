"""What a workspace holds, as digests, and what a killed run may have left in its instance."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

LEFT_OUT = ("instance", "logs")
# The page of a shard shows how long stages took; those figures stand between these marks and nowhere else.
TIMED = re.compile(rb"<!--timed-->.*?<!--/timed-->", re.DOTALL)


def digests(root: Path) -> dict[str, str]:
    """{relative path: sha256} of every file outside instance/ and logs/. Reports count without their timings."""
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and relative.parts[0] not in LEFT_OUT:
            data = path.read_bytes()
            if path.suffix == ".html":
                data = TIMED.sub(b"", data)
            found[relative.as_posix()] = hashlib.sha256(data).hexdigest()
    return found


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """One line per file that is missing, unexpected or different."""
    lines = [f"missing {name}" for name in sorted(set(expected) - set(found))]
    lines += [f"unexpected {name}" for name in sorted(set(found) - set(expected))]
    lines += [
        f"different {name}" for name in sorted(expected) if name in found and expected[name] != found[name]
    ]
    return lines


def leftovers(root: Path) -> list[str]:
    """Unfinished runs and claimed pool slots; the instance is opened as it is, nothing is mended."""
    import dagster as dg

    lines = []
    with dg.DagsterInstance.from_config(str(root / "instance")) as instance:
        waiting = (run for run in instance.get_runs() if not run.is_finished)
        lines += [f"run {run.run_id[:8]} is {run.status.value}" for run in waiting]
        storage = instance.event_log_storage
        for key in storage.get_concurrency_keys():
            info = storage.get_concurrency_info(key)
            if info.claimed_slots or info.pending_steps:
                lines.append(
                    f"pool {key}: {len(info.claimed_slots)} slots claimed, {len(info.pending_steps)} steps wait"
                )
    return lines


def copy(workspace: Path, target: Path) -> Path:
    """A copy to damage."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(workspace, target, symlinks=True)
    return target
