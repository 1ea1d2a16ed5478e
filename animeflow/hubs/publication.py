"""Publishing a shard: compare with the remote, upload what differs, then the shard's manifest.

    data/<shard>/…             written only by the job of that shard
    manifests/<shard>.json     last; a reader believes it, not the folder

Retrying is comparing again, so that an upload whose answer was lost is not repeated and publishing twice uploads
nothing. Where a file that a standing manifest names has to change, that manifest goes first.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from animeflow.errors import ContractError, HubUnavailable, InputError, PublishRejected, TransientError
from animeflow.hubs.base import HubBackend, LocalFile
from animeflow.tables import staging

PHASES = ("before_upload", "before_publish_manifest", "before_remove_stale", "published")
"""Given to `animeflow.tables.staging.on_phase`, in this order."""

_MANIFEST_LIMIT = 1 << 28


@dataclass(frozen=True)
class Offer:
    """What a shard puts into a target. `files` have paths like data/<shard>/…, `missing` what is not there and why."""

    asset: str
    shard: str
    files: tuple[LocalFile, ...]
    content_digest: str
    missing: tuple[Mapping[str, str], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = [file.path for file in self.files]
        if strangers := [path for path in paths if not path.startswith(f"data/{self.shard}/")]:
            raise ContractError(
                f"shard {self.shard} may not publish {strangers[0]!r}: not under data/{self.shard}/"
            )
        if len(set(paths)) != len(paths):
            raise ContractError(f"shard {self.shard} publishes a path twice")

    @property
    def manifest_path(self) -> str:
        return f"manifests/{self.shard}.json"

    def manifest(self) -> bytes:
        """The manifest: the same offer gives the same bytes."""
        value = {
            "manifest_version": 1,
            "asset": self.asset,
            "shard": self.shard,
            "content_digest": self.content_digest,
            "files": [
                {"path": f.path, "size": f.size, "sha256": f.sha256}
                for f in sorted(self.files, key=lambda f: f.path)
            ],
            "missing": [dict(entry) for entry in self.missing],
            "provenance": dict(self.provenance),
        }
        return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True)
class Publication:
    """What publishing did this time; no part of any table."""

    uploaded: tuple[str, ...] = ()
    uploaded_bytes: int = 0
    unchanged: int = 0
    removed: tuple[str, ...] = ()
    attempts: int = 1


def publish_shard(
    hub: HubBackend,
    offer: Offer,
    *,
    prefix: str,
    scratch: Path,
    attempts: int = 5,
    backoff_s: float = 1.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Publication:
    """Bring the target to what the offer says, and look that it is so.

    `prefix` is the target's folder in the repository, `scratch` takes the manifest before it is uploaded. Transient
    errors are met by comparing again, `attempts` times with doubled waits; what remains is raised (HubUnavailable,
    DiskFull). A target that refuses raises PublishRejected at once.
    """
    wanted = tuple(replace(file, path=_join(prefix, file.path)) for file in offer.files)
    manifest = _write_manifest(offer, prefix, scratch)
    uploads: dict[str, int] = {}
    for attempt in range(1, attempts + 1):
        try:
            removed = _bring(hub, offer, prefix, wanted, manifest, uploads)
        except TransientError:
            if attempt == attempts:
                raise
            sleep(backoff_s * 2 ** (attempt - 1))
        else:
            unchanged = len(wanted) + 1 - len(uploads)
            return Publication(
                tuple(sorted(uploads)), sum(uploads.values()), unchanged, removed, attempts=attempt
            )
    raise ContractError("publishing needs at least one attempt")


def read_manifest(hub: HubBackend, prefix: str, shard: str) -> dict[str, Any] | None:
    """The manifest that stands in a target, None when there is none or it is not readable."""
    try:
        data = hub.read_start(_join(prefix, f"manifests/{shard}.json"), _MANIFEST_LIMIT)
        value = json.loads(data)
    except (InputError, ValueError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("files"), list) else None


def verify_shard(hub: HubBackend, prefix: str, shard: str) -> list[str]:
    """Recount a published shard from its own manifest; no lines mean that everything is there and intact."""
    manifest = read_manifest(hub, prefix, shard)
    if manifest is None:
        return [f"manifests/{shard}.json: missing"]
    files = [LocalFile(_join(prefix, f["path"]), Path(), f["size"], f["sha256"]) for f in manifest["files"]]
    return [str(fault) for fault in hub.verify(files)]


def _bring(
    hub: HubBackend,
    offer: Offer,
    prefix: str,
    wanted: Sequence[LocalFile],
    manifest: LocalFile,
    uploads: dict[str, int],
) -> tuple[str, ...]:
    """One attempt. Records what it uploads; returns what it removed."""
    wrong = {fault.path for fault in hub.verify([*wanted, manifest])}
    data = [file for file in wanted if file.path in wrong]
    if data:
        _withdraw(hub, offer, prefix, wrong)
        staging.on_phase("before_upload", offer.asset)
        _upload(hub, data, uploads)
    staging.on_phase("before_publish_manifest", offer.asset)
    if data or manifest.path in wrong:
        _upload(hub, [manifest], uploads)
    staging.on_phase("before_remove_stale", offer.asset)
    stale = _stale(hub, offer, prefix, wanted)
    if stale:
        hub.remove(stale)
    staging.on_phase("published", offer.asset)
    return stale


def _withdraw(hub: HubBackend, offer: Offer, prefix: str, wrong: set[str]) -> None:
    """Take a standing manifest away before a file that it names is written over."""
    old = read_manifest(hub, prefix, offer.shard)
    if old and any(_join(prefix, file["path"]) in wrong for file in old["files"]):
        hub.remove([_join(prefix, offer.manifest_path)])


def _upload(hub: HubBackend, files: Sequence[LocalFile], uploads: dict[str, int]) -> None:
    hub.publish(files)
    uploads.update({file.path: file.size for file in files})
    if faults := hub.verify(files):
        raise HubUnavailable(f"{len(faults)} uploaded files did not arrive as sent; first: {faults[0]}")


def _stale(hub: HubBackend, offer: Offer, prefix: str, wanted: Sequence[LocalFile]) -> tuple[str, ...]:
    """Files of this shard that the offer no longer has."""
    keep = {file.path for file in wanted}
    folder = _join(prefix, f"data/{offer.shard}")
    return tuple(file.path for file in hub.list(folder) if file.path not in keep)


def _write_manifest(offer: Offer, prefix: str, scratch: Path) -> LocalFile:
    data = offer.manifest()
    if len(data) > _MANIFEST_LIMIT:
        raise PublishRejected(f"the manifest of {offer.shard} has {len(data)} bytes", hint="split the shard")
    local = scratch / f"{offer.shard}.json"
    local.write_bytes(data)
    return LocalFile(_join(prefix, offer.manifest_path), local, len(data), hashlib.sha256(data).hexdigest())


def _join(prefix: str, path: str) -> str:
    return f"{prefix}/{path}" if prefix else path
