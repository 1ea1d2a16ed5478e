import subprocess
from pathlib import Path

import numpy as np
import pytest

from animeflow.media.decode.reader import open_video
from animeflow.media.demux.timing import in_order, is_cut_short
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe


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


STORED = np.array([0, 120, 40, 80, 240, 160, 200, *range(280, 4000, 40)])


@pytest.mark.parametrize(
    ("wrong", "left"),
    [
        ({}, (0, 3960)),
        ({40: 10**9}, (0, 3960)),
        ({40: 10**9, 41: 10**9 + 40, 60: -(10**9)}, (0, 3960)),
        ({len(STORED) - 1: 10**9}, (0, 10**9)),  # it may be held before: nothing tells
        ({n: 10**9 + n for n in range(40, 44)}, (0, 10**9 + 43)),  # no few: a clock that begins anew
        ({50: 60}, (0, 3960)),
    ],
)
def test_few_times_beyond_the_first_and_the_last_picture_are_wrong(wrong, left):
    stored = STORED.copy()
    for place, time in wrong.items():
        stored[place] = time
    found = in_order(stored)
    assert (found[0], found[-1]) == left
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("count", [0, 1, 2, 5, 20])
def test_a_short_stream_keeps_its_times(count):
    assert in_order(STORED[:count]).tolist() == sorted(STORED[:count])


def test_the_second_of_joined_recordings_is_left_in():
    stored = np.concatenate([STORED + 10_000, STORED])
    assert len(in_order(stored)) == len(stored)


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
