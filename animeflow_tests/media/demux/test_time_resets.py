from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.media.demux.time_resets import Clocks, read_clocks, worst_place_s
from animeflow_tests.media.numbered import ffmpeg, write_numbered

PICTURES = np.arange(10) / 10
SOUND = np.arange(20) / 20
TWICE = np.arange(20) / 10
SOUND_TWICE = np.concatenate([SOUND, SOUND + 1.0])


def clocks(*runs: np.ndarray, whole: bool = True) -> Clocks:
    return Clocks(runs, whole)


def test_sound_that_stays_with_its_pictures_is_in_its_place() -> None:
    pictures, sound = clocks(PICTURES, PICTURES), clocks(SOUND, SOUND)
    assert worst_place_s(pictures, TWICE, sound, clocks(SOUND_TWICE)) == pytest.approx(0)


def test_the_largest_distance_of_any_packet_is_given_with_its_sign() -> None:
    pictures, sound = clocks(PICTURES, PICTURES), clocks(SOUND, SOUND)
    early = np.concatenate([SOUND, SOUND + 0.97])
    assert worst_place_s(pictures, TWICE, sound, clocks(early)) == pytest.approx(-0.03)


def test_packets_before_the_first_picture_that_is_shown_are_left_out() -> None:
    pictures, sound = clocks(PICTURES, PICTURES), clocks(SOUND, SOUND)
    assert worst_place_s(pictures, TWICE[2:], sound, clocks(SOUND_TWICE)) == pytest.approx(0)


@pytest.mark.parametrize("late", [47.0, 12_000.0])
def test_a_picture_with_a_wrong_time_is_no_new_clock(late: float) -> None:
    """It ends the run that it is the last of; the sound went on."""
    wrong = np.append(TWICE[:11], TWICE[11] + late)
    pictures = clocks(wrong, TWICE[12:])
    sound, copied = clocks(SOUND_TWICE), clocks(SOUND_TWICE)
    assert worst_place_s(pictures, TWICE, sound, copied) == pytest.approx(0)
    assert worst_place_s(pictures, TWICE, sound, copied.moved(0.3)) == pytest.approx(0.3)
    halved = clocks(np.concatenate([TWICE[:6], TWICE[6:12] + late]), TWICE[12:])
    assert worst_place_s(halved, TWICE, sound, copied) is None, "half of a clock is no wrong time"


@pytest.mark.parametrize(
    ("pictures", "sound", "copied"),
    [
        (clocks(PICTURES, PICTURES[:-1]), clocks(SOUND, SOUND), SOUND_TWICE),
        (clocks(PICTURES, PICTURES, whole=False), clocks(SOUND, SOUND), SOUND_TWICE),
        (clocks(PICTURES, PICTURES), clocks(SOUND_TWICE), SOUND_TWICE),
        (clocks(PICTURES, PICTURES), clocks(SOUND, SOUND), SOUND_TWICE[:-1]),
        (clocks(PICTURES, PICTURES * 1.1), clocks(SOUND, SOUND), SOUND_TWICE),
    ],
    ids=["a picture is missing", "without a time", "one clock of sound", "lost sound", "no single shift"],
)
def test_what_cannot_be_paired_has_no_place(pictures: Clocks, sound: Clocks, copied: np.ndarray) -> None:
    assert worst_place_s(pictures, TWICE, sound, clocks(copied)) is None


def test_clocks_of_a_joined_file_are_told_apart(tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "sine=440:d=1", "-map", "0:v", "-map", "1:a")
    one = write_numbered(
        tmp_path / "one.ts",
        24,
        *sound,
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "mpeg2video",
        "-bf",
        "2",
        "-c:a",
        "mp2",
    )
    alone = read_clocks(one, [0, 1])
    assert [alone[n].resets for n in (0, 1)] == [0, 0]
    (tmp_path / "two.ts").write_bytes(one.read_bytes() * 2)
    joined = read_clocks(tmp_path / "two.ts", [0, 1])
    assert [joined[n].resets for n in (0, 1)] == [1, 1]
    assert [len(run) for run in joined[0].runs] == [24, 24]
    assert joined[0].whole


def test_reordered_pictures_are_one_clock(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=6", "-c:v", "libx264", "-bf", "8", tmp_path / "b.mkv")
    (found,) = read_clocks(tmp_path / "b.mkv", [0]).values()
    assert found.resets == 0
