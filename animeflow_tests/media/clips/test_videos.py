from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.media.clips.files import picture_md5, read_clip_file
from animeflow.media.clips.videos import cut_to_table
from animeflow.media.decode.reader import open_video
from animeflow.settings.media import ClipFileSettings, MediaSettings
from animeflow.tables.staging import Staging
from animeflow_tests.media.numbered import ffmpeg, number_of, write_numbered

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


@pytest.fixture(scope="module")
def heard(encode: Path) -> Path:
    """The same with a sound track."""
    path = encode.with_name("heard.mkv")
    ffmpeg(
        "-i",
        encode,
        "-f",
        "lavfi",
        "-i",
        "sine=440:d=1.25",
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c:v",
        "copy",
        path,
    )
    return path


@pytest.mark.parametrize(
    ("audio", "sounds", "reason"), [("un-mute", 1, "not_asked"), ("mute", 0, "not_asked"), ("both", 1, None)]
)
@pytest.mark.parametrize(("container", "codec"), [("mkv", "copy"), ("mp4", "h264")])
def test_sound_stays_goes_or_both(
    heard: Path, tmp_path: Path, audio: str, sounds: int, reason: str | None, container: str, codec: str
) -> None:
    staging = Staging.begin("clip_videos", "shard", tmp_path / "staging")
    clips = {"audio": audio, "container": container, "codec": codec}
    settings = MediaSettings.model_validate({"av1": {"profile": "draft"}, "clips": clips})
    (row,) = cut_to_table(
        heard, [clip(12, 30)], video_id=VIDEO, staging=staging, settings=settings
    ).to_pylist()
    path = staging.folder / row["media_path"]
    assert path.suffix == f".{container}"
    assert (row["codec"], row["width"], row["height"]) == ("h264" if codec == "h264" else "av1", 160, 96)
    assert row["method"] == ("encode" if codec == "h264" else "copy")
    assert read_clip_file(path).sounds == sounds
    assert row["mute_reason"] == reason
    if reason is None:
        muted = staging.folder / row["mute_media_path"]
        assert muted.stat().st_size == row["mute_size_bytes"]
        assert (read_clip_file(muted).sounds, picture_md5(muted)) == (0, picture_md5(path))
    else:
        assert (row["mute_media_path"], row["mute_size_bytes"], row["mute_sha256"]) == (None, None, None)


def test_a_clip_without_sound_says_why_it_is_not_muted(encode: Path, tmp_path: Path) -> None:
    staging = Staging.begin("clip_videos", "shard", tmp_path / "staging")
    settings = MediaSettings.model_validate({"clips": {"audio": "both"}})
    (row,) = cut_to_table(
        encode, [clip(12, 30)], video_id=VIDEO, staging=staging, settings=settings
    ).to_pylist()
    assert (row["mute_media_path"], row["mute_reason"]) == (None, "no_sound")


@pytest.mark.parametrize(("old", "new"), [(True, "un-mute"), (False, "mute"), ("both", "both")])
def test_the_old_values_of_audio_are_understood(old: object, new: str) -> None:
    assert ClipFileSettings.model_validate({"audio": old}).audio == new
