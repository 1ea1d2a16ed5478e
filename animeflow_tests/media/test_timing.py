import subprocess
from pathlib import Path

import pytest

from animeflow.media.decode import open_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe import probe
from animeflow.media.timing import is_cut_short


@pytest.mark.parametrize(
    ("shown_s", "claimed_s", "cut"),
    [
        (0.33, 1.19, True),  # a short video of which a quarter is there
        (1.0, 1.9, False),  # a short one whose sound goes on
        (3.5, 5.0, True),
        (4.5, 5.0, False),
        (1420.0, 1440.0, False),  # 2 % of an episode
        (1400.0, 1440.0, True),
        (1.0, None, False),
    ],
)
def test_a_video_is_cut_short_when_too_much_of_what_its_header_claims_is_missing(shown_s, claimed_s, cut):
    assert is_cut_short(shown_s, claimed_s) is cut


def later(source: Path, target: Path) -> Path:
    """The same pictures, starting at 3 s."""
    codec = "mpeg4" if target.suffix == ".avi" else "copy"  # AVI takes no H.264 as Matroska stores it
    args = ["-i", str(source), "-map", "0:v", "-c", codec, "-output_ts_offset", "3", str(target)]
    subprocess.run([str(ffmpeg_path()), "-v", "error", *args], check=True)
    return target


def decoded_to_an_early_end(path: Path) -> bool:
    with open_video(path, purpose="test") as reader:
        for _ in reader:
            pass
        return reader.truncated


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "avi", "flv", "ts"])
def test_a_complete_video_that_starts_late_is_not_cut_short(
    long_mkv: Path, tmp_path: Path, suffix: str
) -> None:
    path = later(long_mkv, tmp_path / f"late.{suffix}")
    assert not probe(path).truncated
    assert not decoded_to_an_early_end(path)


@pytest.mark.parametrize("suffix", ["mkv", "flv"])
def test_half_of_a_video_that_starts_late_is_cut_short(long_mkv: Path, tmp_path: Path, suffix: str) -> None:
    data = later(long_mkv, tmp_path / f"late.{suffix}").read_bytes()
    half = tmp_path / f"half.{suffix}"
    half.write_bytes(data[: len(data) // 2])
    assert probe(half).truncated
    assert decoded_to_an_early_end(half)
