from __future__ import annotations

import json
from pathlib import Path

import pytest

from animeflow.errors import EncodeError
from animeflow.media.clips.cut import clip_source, cut_clip
from animeflow.media.decode.reader import open_video, read_frame_index
from animeflow.media.encode.av1_videos import encode_to_table, key_frames_of
from animeflow.media.probe.file import probe
from animeflow.settings.media import Av1Settings, SvtEncoder
from animeflow.tables.staging import Staging
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.numbered import number_of, write_numbered


def pts_of(path: Path) -> list[int]:
    index = read_frame_index(path)
    assert index is not None
    return index.pts.tolist()


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging.begin("av1_videos", "shard", tmp_path / "staging")


def test_the_row_describes_the_file_that_lies_in_staging(rich_mkv: Path, staging: Staging) -> None:
    settings = Av1Settings(encoder=SvtEncoder(profile="draft"), metric="ssim")
    table = encode_to_table(
        rich_mkv,
        video_id="0" * 16,
        pts=pts_of(rich_mkv),
        cuts=[24],
        staging=staging,
        settings=settings,
        threads=1,
    )
    (row,) = table.to_pylist()
    path = staging.folder / row["media_path"]
    assert path.stat().st_size == row["size_bytes"]
    assert row["source_bytes"] == rich_mkv.stat().st_size
    assert (row["frames"], row["cuts"], row["profile"]) == (48, 1, "draft")
    assert row["encoder"].startswith("SVT-AV1 v")
    assert row["crf"] == 32
    assert 0.9 < row["ssim"] < 1
    assert [s["action"] for s in json.loads(row["streams_json"])] == [
        "encode",
        "copy",
        "copy",
        "copy",
        "copy",
        "attach",
    ]
    assert probe(path).video.codec == "av1"
    assert row["decoded_frames"] == 48
    assert abs(row["offset_s"]) < 0.001
    fidelity = json.loads(row["fidelity_json"])
    assert all(entry["same"] or entry["why"] for entry in fidelity)
    assert {"audio 1", "subtitle 1", "chapter 2", "cover cover.jpg"} <= {
        entry["stream"] for entry in fidelity
    }


def test_h264_in_avi_keeps_its_length_and_its_sound(tmp_path: Path, staging: Staging) -> None:
    source = tmp_path / "h264.avi"
    sound = ("-f", "lavfi", "-i", "sine=440:duration=2", "-map", "0:v", "-map", "1:a", "-c:a", "libmp3lame")
    write_numbered(source, 48, *sound, *H264, "-bf", "3")
    with open_video(source, purpose="test") as reader:
        pts = [frame.pts for frame in reader]
    (row,) = encode_to_table(
        source,
        video_id="a" * 16,
        pts=pts,
        cuts=[20],
        staging=staging,
        settings=Av1Settings(encoder=SvtEncoder(profile="draft")),
    ).to_pylist()
    assert row["frames"] == row["decoded_frames"] == 48 and row["decoded_input"]
    with open_video(staging.folder / row["media_path"], purpose="test") as reader:
        assert [number_of(frame.gray()) for frame in reader] == list(range(48))
    assert probe(staging.folder / row["media_path"]).duration_s == pytest.approx(2.0, abs=0.1)


def test_an_encode_that_was_not_decoded_says_so(plain_mkv: Path, staging: Staging) -> None:
    settings = Av1Settings(encoder=SvtEncoder(profile="draft"), full_decode=False, audio_md5=False)
    table = encode_to_table(
        plain_mkv,
        video_id="0" * 16,
        pts=pts_of(plain_mkv),
        cuts=[],
        staging=staging,
        settings=settings,
        threads=1,
    )
    assert table.to_pylist()[0]["decoded_frames"] is None


def test_an_encode_below_the_metric_s_floor_fails_and_leaves_nothing(
    plain_mkv: Path, staging: Staging
) -> None:
    settings = Av1Settings(encoder=SvtEncoder(profile="draft", crf=63), metric="ssim", min_metric=0.999)
    with pytest.raises(EncodeError, match=r"at least 0\.999"):
        encode_to_table(
            plain_mkv,
            video_id="0" * 16,
            pts=pts_of(plain_mkv),
            cuts=[],
            staging=staging,
            settings=settings,
            threads=1,
        )
    assert list((staging.folder / "media").iterdir()) == []


def test_key_frames_stand_where_clips_may_begin() -> None:
    rows = [
        {"start": 0, "transition_end": None},
        {"start": 10, "transition_end": None},
        {"start": 25, "transition_end": 30},
        {"start": 44, "transition_end": 48},
    ]
    assert key_frames_of(rows, 48) == [10, 25, 30, 44]


def test_a_clip_after_a_dissolve_is_copied(plain_mkv: Path, staging: Staging, tmp_path: Path) -> None:
    """The shot begins in the middle of the dissolve, its clip after it."""
    rows = [{"start": 0, "transition_end": None}, {"start": 20, "transition_end": 26}]
    (row,) = encode_to_table(
        plain_mkv,
        video_id="0" * 16,
        pts=pts_of(plain_mkv),
        cuts=key_frames_of(rows, 48),
        staging=staging,
        settings=Av1Settings(encoder=SvtEncoder(profile="draft")),
        threads=1,
    ).to_pylist()
    source = clip_source(staging.folder / row["media_path"])
    assert cut_clip(source, tmp_path / "clip.mkv", start=26, end=48).method == "copy"
