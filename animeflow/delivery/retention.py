"""Making room: what is published and verified may go, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from animeflow.delivery.publishing import verify_published
from animeflow.errors import PublishRejected
from animeflow.hubs.base import HubBackend
from animeflow.settings.delivery import RetentionSettings
from animeflow.tables.workspace import Workspace

INTERMEDIATES = ("segmentation", "background_layers", "character_layers", "effect_layers", "clip_videos")


@dataclass(frozen=True)
class Freed:
    """What was deleted: names of assets, and their size in bytes."""

    assets: tuple[str, ...]
    bytes: int


def removable(settings: RetentionSettings) -> tuple[str, ...]:
    """Assets that the settings let go once their shard is published."""
    return (("shard_files",) if settings.source_files else ()) + (
        INTERMEDIATES if settings.intermediates else ()
    )


def make_room(
    workspace: Workspace, shard: str, settings: RetentionSettings, published: Mapping[str, HubBackend]
) -> Freed:
    """Delete the removable assets of a shard after every publication in `published` ({asset: hub}) was read back.

    A stage that needs a deleted asset makes it again. Raises PublishRejected, with nothing deleted, when one
    publication was never made or is not intact in its target, or, where sources are to go, when an encode is missing or
    was not decoded to its last frame.
    """
    assets = [name for name in removable(settings) if workspace.manifest(shard, name) is not None]
    if not assets:
        return Freed((), 0)
    _require_published(workspace, shard, published)
    if "shard_files" in assets:
        _require_decoded(workspace, shard)
    freed = 0
    for name in assets:
        folder = workspace.asset_dir(shard, name)
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        # The manifest first: a reader must not believe a folder that is going.
        workspace.remove(folder / "manifest.json")
        workspace.remove(folder)
    return Freed(tuple(assets), freed)


def _require_published(workspace: Workspace, shard: str, published: Mapping[str, HubBackend]) -> None:
    if not published:
        raise PublishRejected(f"shard {shard} is published nowhere: nothing is deleted")
    for asset, hub in published.items():
        if workspace.manifest(shard, asset) is None:
            raise PublishRejected(f"{asset} of shard {shard} was never published: nothing is deleted")
        _require_intact(asset, shard, verify_published(workspace.handle(shard, asset), hub))


def _require_decoded(workspace: Workspace, shard: str) -> None:
    """Every usable source has an encode of which every frame was decoded."""
    videos = {
        row["video_id"]: row["path"] for row in workspace.handle(shard, "shard_files").rows() if row["usable"]
    }
    if workspace.manifest(shard, "av1_videos") is None:
        raise PublishRejected(f"the videos of shard {shard} are not encoded: nothing is deleted")
    rows = {row["video_id"]: row for row in workspace.handle(shard, "av1_videos").rows()}
    for video, path in sorted(videos.items(), key=lambda item: str(item[1])):
        row = rows.get(video)
        if row is None:
            raise PublishRejected(f"{path} of shard {shard} has no encode: nothing is deleted")
        if row.get("decoded_frames") != row["frames"]:
            raise PublishRejected(
                f"the encode of {path} of shard {shard} was not decoded to its last frame: nothing is deleted",
                hint="set media.av1.full_decode to true and encode again",
            )


def _require_intact(asset: str, shard: str, faults: Sequence[str]) -> None:
    if faults:
        raise PublishRejected(
            f"{asset} of shard {shard} is not intact in its target ({len(faults)} files, first {faults[0]}): "
            "nothing is deleted",
            hint="publish it again",
        )
