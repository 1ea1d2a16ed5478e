"""What the settings of `media.av1` make of a source, as it stands in the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import EncodeError
from animeflow.media.command import run_command
from animeflow.media.decode.reader import open_video
from animeflow.media.encode.av1_videos import encode_to_table
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.settings.media import Av1Settings
from animeflow.tables.staging import Staging
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.numbered import write_numbered


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


# Each channel of a file has a tone of its own, 20 Hz apart.
LAYOUTS = {"3.0": 3, "2.1": 3, "quad": 4, "4.0": 4, "5.0": 5, "5.1(side)": 6, "6.1": 7, "7.1": 8}


@pytest.mark.parametrize("codec", ["flac", "pcm_f32le"], ids=["named", "unnamed"])
def test_every_channel_stays_in_its_place_where_sound_becomes_opus(
    tmp_path: Path, staging: Staging, codec: str
) -> None:
    """FLAC names its layout, PCM in Matroska none. What Opus does not carry in order is not made Opus."""
    sounds, mapped = [], ["-map", "0:v"]
    for n, (layout, channels) in enumerate(LAYOUTS.items(), start=1):
        tones = "|".join(f"0.5*sin(2*PI*t*{40 + 20 * at})" for at in range(channels))
        sounds += ["-f", "lavfi", "-i", f"aevalsrc='{tones}':s=48000:d=2:c={layout}"]
        mapped += ["-map", f"{n}:a"]
    source = write_numbered(tmp_path / "many.mkv", 48, *sounds, *mapped, *H264, "-c:a", codec)
    row = row_of(source, staging, audio="opus")
    path = staging.folder / str(row["media_path"])
    codecs = [track.codec for track in probe(path).audio]
    assert set(codecs) == {"opus", "flac"}
    assert [loudest_tones(path, n, channels) for n, channels in enumerate(LAYOUTS.values())] == [
        [40 + 20 * at for at in range(channels)] for channels in LAYOUTS.values()
    ]


def loudest_tones(path: Path, track: int, channels: int) -> list[int]:
    """Hz of the loudest tone of each channel, over the second half second and the third."""
    args = ["-v", "error", "-i", path, "-map", f"0:a:{track}", "-f", "f32le", "-"]
    raw = run_command([ffmpeg_path(), *args], timeout_s=60).stdout
    sound = np.frombuffer(raw, np.float32).reshape(-1, channels)[24_000:72_000]
    return [int(np.abs(np.fft.rfft(sound[:, at])).argmax()) for at in range(channels)]


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
