"""From a finished asset to a verified publication: the offer, the upload, the rows that say what stands there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.delivery.clips import json_line
from animeflow.hubs.base import HubBackend, LocalFile
from animeflow.hubs.publication import Offer, Publication, publish_shard
from animeflow.settings.delivery import TargetSettings
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import FileRef
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging


@dataclass(frozen=True)
class PublishRun:
    """The table of a `published_*` asset, and what each publication did this time (no part of any table)."""

    tables: Mapping[str, pa.Table]
    publications: tuple[Publication, ...]

    @property
    def uploaded_bytes(self) -> int:
        return sum(publication.uploaded_bytes for publication in self.publications)


@dataclass(frozen=True)
class Item:
    """A file of an offer and what its row says of it."""

    file: LocalFile
    role: str
    video_id: str | None = None


@dataclass(frozen=True)
class Publisher:
    """A target repository with how often it is tried. `sleep` waits between attempts."""

    hub: HubBackend
    prefix: str
    settings: TargetSettings
    sleep: Callable[[float], None] = time.sleep

    def publish(
        self, asset: str, shard: str, groups: Mapping[str, list[Item]], source: Handle, staging: Staging
    ) -> PublishRun:
        """Publish {sub-prefix: items}, each with its own manifest, and build the table of `asset`."""
        rows, done = [], []
        scratch = staging.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        for group, items in groups.items():
            prefix = "/".join(part for part in (self.prefix, group) if part)
            offer = _offer(asset, shard, items, source)
            done.append(
                publish_shard(
                    self.hub,
                    offer,
                    prefix=prefix,
                    scratch=scratch,
                    attempts=self.settings.attempts,
                    backoff_s=self.settings.backoff_s,
                    sleep=self.sleep,
                )
            )
            rows += _rows(prefix, items, offer)
        return PublishRun(
            {asset: TABLES[asset].table(sorted(rows, key=lambda row: row["path"]))}, tuple(done)
        )


def publish_videos(av1_videos: Handle, staging: Staging, publisher: Publisher) -> PublishRun:
    """The encodes of a shard as data/<shard>/<video_id>.mkv, with metadata.jsonl beside them."""
    shard, paths = staging.shard, {status.video_id: status.path for status in av1_videos.statuses}
    items, lines = [], []
    for row in sorted(av1_videos.rows(), key=lambda row: paths.get(row["video_id"], "")):
        name = f"{row['video_id']}.mkv"
        items.append(_item(av1_videos, shard, name, av1_videos.ref(row["media_path"]), row["video_id"]))
        lines.append(_video_line(name, paths.get(row["video_id"]), row))
    items.append(_written(staging, shard, "metadata.jsonl", lines))
    return publisher.publish("published_videos", shard, {"": items}, av1_videos, staging)


def publish_archives(image_archives: Handle, staging: Staging, publisher: Publisher) -> PublishRun:
    """The archives of a shard and the list of their numbers, under data/<shard>/."""
    shard = staging.shard
    items = [
        _item(image_archives, shard, ref.path.removeprefix("media/"), ref, None)
        for ref in image_archives.manifest.media
    ]
    return publisher.publish("published_archives", shard, {"": items}, image_archives, staging)


def publish_dataset(dataset_export: Handle, staging: Staging, publisher: Publisher) -> PublishRun:
    """Each export of a shard into its own folder, which is a repository in itself: <prefix>/<export>/data/<shard>/…"""
    groups: dict[str, list[Item]] = {}
    for row in dataset_export.rows():
        file = LocalFile(
            row["path"], dataset_export.media(row["media_path"]), row["size_bytes"], row["sha256"]
        )
        role = "data" if row["role"] != "metadata" else "metadata"
        groups.setdefault(row["export"], []).append(Item(file, role, row["video_id"]))
    return publisher.publish("published_dataset", staging.shard, groups, dataset_export, staging)


def verify_published(published: Handle, hub: HubBackend) -> list[str]:
    """Recount a `published_*` asset in its target, from its rows: one line per file that is missing or differs."""
    files = [LocalFile(row["path"], Path(), row["size_bytes"], row["sha256"]) for row in published.rows()]
    return [str(fault) for fault in hub.verify(files)]


def _offer(asset: str, shard: str, items: Iterable[Item], source: Handle) -> Offer:
    manifest = source.manifest
    return Offer(
        asset=asset,
        shard=shard,
        files=tuple(item.file for item in items),
        content_digest=manifest.content_digest,
        missing=tuple(manifest.missing),
        provenance=manifest.provenance,
    )


def _rows(prefix: str, items: Iterable[Item], offer: Offer) -> list[dict[str, Any]]:
    rows = [
        {
            "path": f"{prefix}/{item.file.path}" if prefix else item.file.path,
            "size_bytes": item.file.size,
            "sha256": item.file.sha256,
            "role": item.role,
            "video_id": item.video_id,
        }
        for item in items
    ]
    return [*rows, _manifest_row(prefix, offer)]


def _manifest_row(prefix: str, offer: Offer) -> dict[str, Any]:
    data = offer.manifest()
    return {
        "path": f"{prefix}/{offer.manifest_path}" if prefix else offer.manifest_path,
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "role": "manifest",
        "video_id": None,
    }


def _item(handle: Handle, shard: str, name: str, ref: FileRef, video_id: str | None) -> Item:
    role = "metadata" if name.endswith(".jsonl") else "data"
    return Item(
        LocalFile(f"data/{shard}/{name}", handle.media(ref.path), ref.size, ref.sha256), role, video_id
    )


def _written(staging: Staging, shard: str, name: str, lines: Iterable[Mapping[str, Any]]) -> Item:
    """A metadata file made for the target; it stays with the asset."""
    path = staging.path(name)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json_line(line) for line in lines)
    ref = staging.add(path)
    return Item(LocalFile(f"data/{shard}/{name}", path, ref.size, ref.sha256), "metadata")


def _video_line(name: str, path: str | None, row: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        "video_id",
        "size_bytes",
        "sha256",
        "source_bytes",
        "frames",
        "key_frames",
        "encoder",
        "profile",
        "crf",
    )
    return {"file_name": name, "source_path": path} | {key: row[key] for key in kept}
