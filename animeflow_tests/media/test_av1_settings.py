"""What the settings of `media.av1` make of a source, as it stands in the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.errors import EncodeError
from animeflow.media.av1_videos import encode_to_table
from animeflow.media.decode import open_video
from animeflow.media.probe import probe
from animeflow.settings.media import Av1Settings
from animeflow.tables.staging import Staging


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging.begin("av1_videos", "shard", tmp_path / "staging")


def row_of(source: Path, staging: Staging, *, damaged: bool = False, **settings: object) -> dict[str, object]:
    with open_video(source, purpose="test") as reader:
        pts = [frame.pts for frame in reader]
    given = Av1Settings.model_validate({"encoder": {"kind": "svt", "profile": "draft"}, **settings})
    table = encode_to_table(
        source,
        video_id="0" * 16,
        pts=pts,
        cuts=[],
        staging=staging,
        settings=given,
        threads=1,
        damaged=damaged,
    )
    (row,) = table.to_pylist()
    return row


def test_the_column_ssim_holds_no_other_metric(plain_mkv: Path, staging: Staging) -> None:
    row = row_of(plain_mkv, staging, metric="vmaf", min_metric=20)
    assert (row["ssim"], row["metric"]) == (None, "vmaf")
    assert 20 < row["metric_value"] <= 100  # type: ignore[operator]


def test_a_metric_has_a_floor_of_its_own(plain_mkv: Path, staging: Staging) -> None:
    with pytest.raises(EncodeError, match="at least 99"):
        row_of(
            plain_mkv,
            staging,
            metric="vmaf",
            min_metric=99.5,
            encoder={"kind": "svt", "profile": "draft", "crf": 63},
        )


def test_sound_can_be_set_to_opus(rich_mkv: Path, staging: Staging) -> None:
    row = row_of(rich_mkv, staging, audio="opus")
    assert [t.codec for t in probe(staging.folder / str(row["media_path"])).audio] == ["opus", "opus"]


def test_a_file_cut_short_becomes_a_row(truncated_mkv: Path, staging: Staging) -> None:
    row = row_of(truncated_mkv, staging)
    assert 0 < row["frames"] < 192  # type: ignore[operator]
    assert row["decoded_input"] is False


def test_damage_that_the_analysis_met_is_decoded_the_same_way_again(
    plain_mkv: Path, staging: Staging
) -> None:
    assert row_of(plain_mkv, staging, damaged=True)["decoded_input"] is True
