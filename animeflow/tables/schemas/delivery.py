"""Tables of the group `delivery`: archives, exports, and what stands in the targets."""

from __future__ import annotations

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import (
    CLIP_ID,
    F64,
    FRAME,
    I32,
    I64,
    SHOT,
    STR,
    TIME_BASE,
    VIDEO_ID,
    media_columns,
)

IMAGE_ARCHIVES = TableSpec(
    name="image_archives",
    version=1,
    grain="one archive (a part) of the shard",
    key=("part",),
    columns=(
        Column("part", I32, "number of the part, from 1"),
        *media_columns("the tar.gz archive"),
        Column("pictures", I32, "pictures in it, counted by reopening it"),
        Column(
            "members_sha256", STR, "digest of the member list (path, size, sha256): the archive's identity"
        ),
    ),
)

ARCHIVE_IMAGES = TableSpec(
    name="archive_images",
    version=1,
    grain="one picture of an archive",
    key=("number",),
    columns=(
        Column("number", I32, "number in the shard, from 1, without gaps"),
        Column("part", I32, "the archive that holds it"),
        Column("name", STR, "name in the archive: 000001.webp"),
        CLIP_ID,
        VIDEO_ID,
        SHOT,
        FRAME,
        Column("role", STR, "middle or cover"),
        Column("pts", I64, "pts of the frame", "time base of the video stream"),
        *TIME_BASE,
        Column("time_s", F64, "time of the frame on the container's clock", "s"),
        Column("size_bytes", I64, "size of the picture", "bytes"),
        Column("sha256", STR, "sha256 of the picture"),
    ),
)

DATASET_EXPORT = TableSpec(
    name="dataset_export",
    version=1,
    grain="one file of an export",
    key=("export", "path"),
    columns=(
        Column("export", STR, "folder, layers or episode"),
        Column("path", STR, "path inside the export"),
        Column(
            "role", STR, "video, layer, metadata, character, effect, background, embeddings or statistics"
        ),
        *media_columns("the file"),
        Column("video_id", STR, "id of the video", None, "the file is of the whole shard"),
        Column("clip_id", STR, "id of the clip", None, "the file is of a whole video or of the shard"),
    ),
)


def _published(name: str, what: str, *, of_videos: bool = True) -> TableSpec:
    return TableSpec(
        name=name,
        version=1,
        grain=f"one file of {what} that stands in the target, verified",
        key=("path",),
        columns=(
            Column("path", STR, "path in the repository"),
            Column("size_bytes", I64, "size", "bytes"),
            Column("sha256", STR, "sha256, read back from the target"),
            Column("role", STR, "data, metadata or manifest"),
            Column(
                "video_id",
                STR,
                "id of the video",
                null_reason="the file is of the whole shard",
                null_on_embedded=not of_videos,
            ),
        ),
    )


PUBLISHED_VIDEOS = _published("published_videos", "the encodes")
PUBLISHED_ARCHIVES = _published("published_archives", "the archives", of_videos=False)
PUBLISHED_DATASET = _published("published_dataset", "the exports")

TABLES = (
    IMAGE_ARCHIVES,
    ARCHIVE_IMAGES,
    DATASET_EXPORT,
    PUBLISHED_VIDEOS,
    PUBLISHED_ARCHIVES,
    PUBLISHED_DATASET,
)
