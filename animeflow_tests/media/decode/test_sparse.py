"""Which streams say soundly what refers to what, and what happens where the times are those of another film."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import NoSuchFrame
from animeflow.media.decode.counting import counting_decodes
from animeflow.media.decode.reader import open_video
from animeflow.media.decode.seeking import FrameTimes
from animeflow.media.decode.sparse import passes_over, worth_it
from animeflow.media.demux.container import main_video_stream, open_container
from animeflow_tests.media.numbered import ffmpeg, number_of, write_numbered

COUNT = 120
X264 = ("-c:v", "libx264", "-g", "250", "-x264-params", "bframes=3")


def x265(*parameters: str) -> tuple[str, ...]:
    return ("-c:v", "libx265", "-x265-params", ":".join(("log-level=none", *parameters)))


@pytest.mark.parametrize(
    ("name", "words", "sound"),
    [
        ("h264.mkv", X264, True),
        ("hevc.mkv", x265(), True),
        ("hevc.mp4", x265(), True),
        ("layers.mkv", x265("temporal-layers=3"), False),
        ("hevc.ts", x265(), False),  # no record of the layers
        ("mpeg4.mkv", ("-c:v", "mpeg4", "-bf", "2"), False),
        ("av1.mkv", ("-c:v", "libsvtav1", "-preset", "12"), False),
    ],
)
def test_streams_that_say_what_refers_to_what(
    tmp_path: Path, name: str, words: tuple[str, ...], sound: bool
) -> None:
    path = write_numbered(tmp_path / name, 24, *words)
    with open_container(path) as container:
        assert passes_over(main_video_stream(container, path)) is sound


@pytest.mark.parametrize(
    ("wanted", "reached", "worth"),
    [
        ([], 0, False),
        ([0], 0, False),
        ([24], 0, True),
        ([23], 0, False),
        (range(100), 0, False),
        ([30], 20, False),
    ],
)
def test_a_few_frames_between_are_decoded(wanted: list[int], reached: int, worth: bool) -> None:
    assert worth_it(wanted, reached) is worth


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FrameTimes]:
    path = write_numbered(tmp_path_factory.mktemp("sparse") / "film.mkv", COUNT, *X264)
    with open_video(path, purpose="test") as reader:
        return path, FrameTimes.of_frames(np.array([frame.pts for frame in reader]))


@pytest.mark.parametrize("shift", [-1, 7, 5000])
def test_times_of_another_film_cost_a_whole_decode_and_no_wrong_frame(
    film: tuple[Path, FrameTimes], shift: int
) -> None:
    path, times = film
    other = FrameTimes(times.frames, times.pts + shift).chosen([40, 100, 101])
    with open_video(path, purpose="test", times=other) as reader:
        assert [number_of(frame.gray()) for frame in reader.pick([40, 100, 101])] == [40, 100, 101]


def test_times_that_are_wrong_from_somewhere_on_lose_nothing(film: tuple[Path, FrameTimes]) -> None:
    path, times = film
    wanted = [10, 40, 70, 100]
    late = times.pts.copy()
    late[60:] += 3
    with open_video(path, purpose="test", times=FrameTimes(times.frames, late).chosen(wanted)) as reader:
        got = [(frame.index, frame.pts, number_of(frame.gray())) for frame in reader.pick(wanted)]
    assert got == [(frame, int(times.pts[frame]), frame) for frame in wanted]


def test_a_frame_beyond_the_end_is_none(film: tuple[Path, FrameTimes]) -> None:
    path, times = film
    longer = FrameTimes(np.append(times.frames, COUNT + 30), np.append(times.pts, times.pts[-1] + 2000))
    with open_video(path, purpose="test", times=longer) as reader:
        picks = reader.pick([50, COUNT + 30])
        assert number_of(next(picks).gray()) == 50
        with pytest.raises(NoSuchFrame, match=f"ends after {COUNT} frames"):
            next(picks)


def test_one_pass_serves_every_ascending_pick(film: tuple[Path, FrameTimes]) -> None:
    path, times = film
    with counting_decodes() as counter, open_video(path, purpose="test", times=times, threads=1) as reader:
        assert [number_of(frame.gray()) for frame in reader.pick([30, 60, 90])] == [30, 60, 90]
    assert counter["test"] < 75  # of 91


@pytest.mark.parametrize("lost", [30, 31, 32, 33, 34, 61])
def test_where_a_packet_is_missing_every_picture_is_decoded(tmp_path: Path, lost: int) -> None:
    """No flag says that a picture's reference is missing, and what the decoder puts there depends on all before it."""
    whole = tmp_path / "whole.mkv"
    moving = ("-f", "lavfi", "-i", "testsrc2=s=192x108:r=24:d=5", "-pix_fmt", "yuv420p")
    ffmpeg(*moving, *X264, whole)
    path = tmp_path / "lossy.mkv"
    ffmpeg("-i", whole, "-c", "copy", "-bsf:v", f"noise=drop=eq(n\\,{lost})", path)
    with open_video(path, purpose="test") as reader:
        frames = [(frame.pts, frame.rgb()) for frame in reader]
        assert len(frames) == 119
        assert not reader.damaged
    times = FrameTimes.of_frames(np.array([pts for pts, _ in frames]))
    wanted = range(0, len(frames), 12)
    with open_video(path, purpose="test", times=times) as reader:
        for frame in reader.pick(wanted):
            assert frame.pts == frames[frame.index][0]
            assert np.array_equal(frame.rgb(), frames[frame.index][1]), frame.index
