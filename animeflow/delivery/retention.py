"""Making room: the media of what is published and verified may go, nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from animeflow.delivery.publishing import verify_published
from animeflow.errors import PublishRejected
from animeflow.hubs.base import HubBackend
from animeflow.settings.delivery import RetentionSettings
from animeflow.tables.handle import Handle
from animeflow.tables.manifest import MANIFEST
from animeflow.tables.staging import MEDIA
from animeflow.tables.whole import write_whole
from animeflow.tables.workspace import Workspace

SOURCE, ENCODES, EXPORT, CLIP_FILES, LAYERS = (
    "shard_files",
    "av1_videos",
    "published_dataset",
    "clip_videos",
    "smoothed_layers",
)
# What the published layers were made from.
LAYER_STEPS = ("segmentation", "background_layers", "character_layers", "effect_layers")


@dataclass(frozen=True)
class Freed:
    """Whose media were deleted, and how many bytes that freed: a file that an export shares frees none."""

    assets: tuple[str, ...]
    bytes: int


def removable(settings: RetentionSettings) -> tuple[str, ...]:
    """Assets whose media the settings let go once their shard is published."""
    return ((SOURCE,) if settings.source_files else ()) + (
        (*LAYER_STEPS, CLIP_FILES) if settings.intermediates else ()
    )


def make_room(
    workspace: Workspace, shard: str, settings: RetentionSettings, published: Mapping[str, HubBackend]
) -> Freed:
    """Delete media of a shard that the settings let go, after every publication in `published` was read back.

    `published` is {`published_*` asset: hub of its target}. Tables stay, and the manifest says that the media were
    freed: a run that needs them makes them again. Intermediates that no publication holds stay. The caller holds the
    shard's lock. Raises PublishRejected, with nothing deleted, when one publication was never made, or is not intact in
    its target, or, where sources are to go, when an encode is missing, was not decoded to its last frame, or was not
    measured.
    """
    handles = [
        workspace.handle(shard, name) for name in removable(settings) if _has_media(workspace, shard, name)
    ]
    if not handles:
        return Freed((), 0)
    _require_made(workspace, shard, published, [handle.asset for handle in handles])
    doomed = [handle for handle in handles if handle.asset == SOURCE or _is_held(workspace, shard, handle)]
    if not doomed:
        return Freed((), 0)
    for asset, hub in published.items():
        _require_intact(asset, shard, verify_published(workspace.handle(shard, asset), hub))
    if any(handle.asset == SOURCE for handle in doomed):
        _require_verified(workspace, shard)
    return Freed(tuple(handle.asset for handle in doomed), sum(_free(handle) for handle in doomed))


def _has_media(workspace: Workspace, shard: str, name: str) -> bool:
    """Whether there is something to delete, of a result that stands or of a deletion that was cut off."""
    folder = workspace.asset_dir(shard, name) / MEDIA
    return workspace.manifest(shard, name) is not None and folder.is_dir() and any(folder.iterdir())


def _free(handle: Handle) -> int:
    """The manifest first: a reader must not believe files that are going."""
    write_whole(handle.folder / MANIFEST, replace(handle.manifest, freed=True).to_json())
    files = [path.lstat() for path in (handle.folder / MEDIA).rglob("*") if path.is_file()]
    shutil.rmtree(handle.folder / MEDIA)
    return sum(file.st_size for file in files if file.st_nlink == 1)


def _is_held(workspace: Workspace, shard: str, handle: Handle) -> bool:
    """Whether what was made of an intermediate lies in the published export, file by file."""
    name = handle.asset if handle.asset == CLIP_FILES else LAYERS
    if (made := workspace.manifest(shard, name)) is None or not made.done:
        return False
    exported = {row["sha256"] for row in workspace.handle(shard, EXPORT).rows()}
    return {file.sha256 for file in made.media} <= exported


def _require_made(
    workspace: Workspace, shard: str, published: Mapping[str, HubBackend], doomed: Sequence[str]
) -> None:
    """Every publication was made; without the export's, no intermediate goes."""
    if not published:
        raise PublishRejected(f"shard {shard} is published nowhere: nothing is deleted")
    needed = (*published, *(() if set(doomed) == {SOURCE} or EXPORT in published else (EXPORT,)))
    for asset in needed:
        if asset not in published or workspace.manifest(shard, asset) is None:
            raise PublishRejected(f"{asset} of shard {shard} was never published: nothing is deleted")


def _require_verified(workspace: Workspace, shard: str) -> None:
    """Every usable source has an encode of which every frame was decoded, and whose metric is not below its floor."""
    videos = {row["video_id"]: row["path"] for row in workspace.handle(shard, SOURCE).rows() if row["usable"]}
    if workspace.manifest(shard, ENCODES) is None:
        raise PublishRejected(f"the videos of shard {shard} are not encoded: nothing is deleted")
    rows = {row["video_id"]: row for row in workspace.handle(shard, ENCODES).rows()}
    for video, path in sorted(videos.items(), key=lambda item: str(item[1])):
        _require_proved(rows.get(video), f"{path} of shard {shard}")


def _require_proved(encode: Mapping[str, Any] | None, source: str) -> None:
    """The row of an encode says that it was decoded whole, and measured: one below its floor makes no row."""
    if encode is None:
        raise PublishRejected(f"{source} has no encode: nothing is deleted")
    if encode.get("decoded_frames") != encode["frames"]:
        raise PublishRejected(
            f"the encode of {source} was not decoded to its last frame: nothing is deleted",
            hint="set media.av1.full_decode to true and encode again",
        )
    if encode.get("metric_value") is None:
        raise PublishRejected(
            f"the encode of {source} was never measured against it: nothing is deleted",
            hint="set media.av1.metric to ssim, xpsnr or vmaf and encode again",
        )


def _require_intact(asset: str, shard: str, faults: Sequence[str]) -> None:
    if faults:
        raise PublishRejected(
            f"{asset} of shard {shard} is not intact in its target ({len(faults)} files, first {faults[0]}): "
            "nothing is deleted",
            hint="publish it again",
        )
