from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.media.clip_videos import cut_to_table
from animeflow.media.decode import open_video
from animeflow.settings.media import MediaSettings
from animeflow.tables.staging import Staging
from animeflow_tests.media.numbered import number_of, write_numbered

VIDEO = "0123456789abcdef"


@pytest.fixture(scope="module")
def encode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames of AV1 with key frames at 0 and 12."""
    codec = ("-c:v", "libsvtav1", "-preset", "10", "-pix_fmt", "yuv420p10le", "-svtav1-params", "lp=1")
    path = tmp_path_factory.mktemp("clips") / "encode.mkv"
    return write_numbered(path, 30, *codec, "-force_key_frames", "0.48")


def clip(start: int, end: int) -> dict[str, object]:
    return {"clip_id": f"{VIDEO}-{start:07d}-{end:07d}", "start": start, "end": end}


def test_each_kept_clip_becomes_a_file_with_its_own_frames(encode: Path, tmp_path: Path) -> None:
    staging = Staging.begin("clip_videos", "shard", tmp_path / "staging")
    settings = MediaSettings.model_validate({"av1": {"encoder": {"kind": "svt", "profile": "draft"}}})
    seen: list[tuple[int, int]] = []
    table = cut_to_table(
        encode,
        [clip(0, 12), clip(12, 30), clip(5, 9)],
        video_id=VIDEO,
        staging=staging,
        settings=settings,
        on_clip=lambda done, total: seen.append((done, total)),
    )
    rows = table.to_pylist()
    assert [(r["frames"], r["method"]) for r in rows] == [(12, "copy"), (18, "copy"), (4, "encode")]
    assert seen == [(0, 3), (1, 3), (2, 3)]
    for row, numbers in zip(rows, (range(12), range(12, 30), range(5, 9)), strict=True):
        with open_video(staging.folder / row["media_path"], purpose="test") as reader:
            assert [number_of(f.gray()) for f in reader] == list(numbers)


def test_no_kept_clip_gives_an_empty_table(encode: Path, tmp_path: Path) -> None:
    staging = Staging.begin("clip_videos", "shard", tmp_path / "staging")
    table = cut_to_table(encode, [], video_id=VIDEO, staging=staging, settings=MediaSettings())
    assert table.num_rows == 0
