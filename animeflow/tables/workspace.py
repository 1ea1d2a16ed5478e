"""The workspace: where a shard's assets, the Dagster instance, logs and reports live, and who may write."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from animeflow.errors import ContractError, DiskFull, ManifestDamaged, WorkspaceBusy
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import MANIFEST, Manifest
from animeflow.tables.staging import Staging

SHARDS, INSTANCE, LOGS, REPORTS, LOCKS, CATALOG = "shards", "instance", "logs", "reports", ".locks", "catalog"
SETTINGS, RESOLVED, STAGING = "settings.yaml", "settings.resolved.yaml", ".staging"
PUBLISHED = "published"  # where targets lie unless the settings name another place
OWN_FOLDERS = (SHARDS, INSTANCE, LOGS, REPORTS, LOCKS, CATALOG, PUBLISHED)


@dataclass(frozen=True)
class Workspace:
    """A folder that can be moved: nothing inside names its own place.

    <root>/shards/<shard>/<asset>/   tables, media, manifest
    <root>/catalog/<asset>/          assets across shards
    <root>/instance/                 the Dagster instance (SQLite)
    <root>/logs/<shard>/             timings and run logs (the only place with wall time)
    <root>/reports/                  HTML
    """

    root: Path

    @property
    def begun(self) -> bool:
        """Whether something was run here: its settings, its history, or a result where the history lies elsewhere."""
        if (self.root / SETTINGS).is_file() or self.instance_dir.is_dir():
            return True
        return any(self.root.glob(f"{SHARDS}/*/*/{MANIFEST}"))

    @property
    def has_run(self) -> bool:
        """Whether a run has saved its whole settings here: what tells a workspace from any other folder."""
        return (self.root / RESOLVED).is_file() and self.instance_dir.is_dir()

    def shard_dir(self, shard: str) -> Path:
        return self.root / SHARDS / _safe(shard)

    def asset_dir(self, shard: str | None, asset: str) -> Path:
        """Where an asset lives; `shard` None for the unpartitioned assets of the catalog."""
        return (self.root / CATALOG if shard is None else self.shard_dir(shard)) / _safe(asset)

    def staging(self, shard: str | None, asset: str) -> Staging:
        parent = self.root / CATALOG if shard is None else self.shard_dir(shard)
        return Staging.begin(asset, shard or CATALOG, parent / STAGING / asset)

    def handle(self, shard: str | None, asset: str) -> Handle:
        return Handle.open(self.asset_dir(shard, asset))

    def manifest(self, shard: str | None, asset: str) -> Manifest | None:
        """None where there is no result; a damaged manifest is none either, so that the stage is made anew."""
        try:
            return Manifest.read(self.asset_dir(shard, asset))
        except ManifestDamaged:
            return None

    def is_damaged(self, shard: str | None, asset: str) -> bool:
        """Whether the result has a manifest that cannot be read."""
        return self.manifest(shard, asset) is None and (self.asset_dir(shard, asset) / MANIFEST).is_file()

    def shards(self) -> list[str]:
        """Keys of the shards that have at least one folder here, sorted."""
        folder = self.root / SHARDS
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []

    @property
    def instance_dir(self) -> Path:
        return self.root / INSTANCE

    def logs_dir(self, shard: str) -> Path:
        return self.root / LOGS / _safe(shard)

    def report_path(self, shard: str) -> Path:
        return self.root / REPORTS / f"{_safe(shard)}.html"

    def require_free(self, needed: int, *, keep: int = 0) -> None:
        """Raise DiskFull unless `needed` bytes fit and `keep` stay free."""
        place = self.root
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if free - needed < keep:
            raise DiskFull(
                f"{free / 1e9:.3g} GB free; {needed / 1e9:.3g} GB needed, {keep / 1e9:.3g} GB to be kept free",
                path=self.root,
                hint="free some room, or lower run.min_free_gb",
            )

    @contextmanager
    def lock(self, shard: str, run_id: str) -> Iterator[None]:
        """Hold the shard for one run; its steps in other processes may join. WorkspaceBusy names the holder.

        A flock dies with its process, so kill -9 never leaves a shard locked.
        """
        folder = self.root / LOCKS / _safe(shard)
        folder.mkdir(parents=True, exist_ok=True)
        own = folder / f"{_safe(run_id)}.lock"
        with _flock(folder / "gate", fcntl.LOCK_EX):
            self._refuse_others(folder, own, shard)
            held = own.open("a")
            fcntl.flock(held, fcntl.LOCK_SH)
            if not held.tell():  # whoever joins a run leaves the name of its first process
                held.write(f"process {os.getpid()} on {socket.gethostname()}")
                held.flush()
        try:
            yield
        finally:
            with _flock(folder / "gate", fcntl.LOCK_EX):
                held.close()
                if _is_free(own):
                    own.unlink(missing_ok=True)

    @staticmethod
    def _refuse_others(folder: Path, own: Path, shard: str) -> None:
        for other in folder.glob("*.lock"):
            if other == own:
                continue
            if not _is_free(other):
                holder = other.read_text(encoding="utf-8", errors="replace")
                raise WorkspaceBusy(
                    f"shard {shard} is being written by run {other.stem}"
                    + (f" ({holder})" if holder else ""),
                    hint="wait for it, or stop it",
                )
            other.unlink(missing_ok=True)

    def remove(self, path: Path) -> None:
        """Delete a file or folder, which must lie inside this workspace."""
        resolved = path.resolve()
        if resolved == self.root.resolve() or not resolved.is_relative_to(self.root.resolve()):
            raise ContractError("refusing to delete outside the workspace", path=path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _safe(name: str) -> str:
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise ContractError(f"not a name for a folder: {name!r}")
    return name


@contextmanager
def _flock(path: Path, mode: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, mode)
        yield
    finally:
        os.close(descriptor)


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
