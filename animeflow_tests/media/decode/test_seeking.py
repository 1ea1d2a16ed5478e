"""After a seek a frame is known by its pts, also where packets are not pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.media.chosen import chosen_frames
from animeflow.media.decode.counting import counting_decodes
from animeflow.media.decode.reader import open_video
from animeflow.media.decode.seeking import FrameTimes, Landing, SeekMap
from animeflow.media.demux.frame_index import FrameIndex, read_frame_index
from animeflow_tests.media.empty_vops import with_empty_packets
from animeflow_tests.media.numbered import number_of, write_numbered

COUNT = 200


@pytest.fixture(scope="module")
def mpeg4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeking") / "plain.mkv"
    return write_numbered(path, COUNT, "-c:v", "mpeg4", "-bf", "0", "-g", "30", "-q:v", "3")


@pytest.fixture(
    scope="module", params=[range(COUNT - 1), range(40, 60), range(150, 160)], ids=["all", "early", "late"]
)
def uneven(request: pytest.FixtureRequest, mpeg4: Path) -> Path:
    return with_empty_packets(
        mpeg4, mpeg4.with_name(f"empty{request.param.start}-{request.param.stop}.mkv"), request.param
    )


def whole(path: Path) -> tuple[FrameTimes, list[int]]:
    with open_video(path, purpose="test") as reader:
        frames = [(frame.pts, number_of(frame.gray())) for frame in reader]
    return FrameTimes.of_frames(np.array([pts for pts, _ in frames])), [number for _, number in frames]


def test_the_files_have_more_packets_than_pictures(uneven: Path) -> None:
    index = read_frame_index(uneven)
    times, numbers = whole(uneven)
    assert index is not None
    assert len(index) > len(times.frames) == COUNT
    assert numbers == list(range(COUNT))


@pytest.mark.parametrize("step", [1, 5, 40])
def test_frames_are_known_again_by_the_times_of_the_analysis(uneven: Path, step: int) -> None:
    times = whole(uneven)[0]
    known = times.chosen(range(0, COUNT, step))
    for wanted in ([44, 99, 155], [199], [3, 70, 71, 121, 180]):
        got = chosen_frames(uneven, wanted, purpose="test", times=known)
        assert [number_of(picture[..., 0]) for _, picture in got] == wanted


def test_known_times_save_decoding(uneven: Path) -> None:
    times = whole(uneven)[0]
    with counting_decodes() as counter, open_video(uneven, purpose="test", times=times, threads=1) as reader:
        assert [number_of(frame.gray()) for frame in reader.pick([195])] == [195]
    assert counter["test"] < 30


def test_without_times_packets_that_are_no_pictures_are_seen_at_the_beginning(mpeg4: Path) -> None:
    path = with_empty_packets(mpeg4, mpeg4.with_name("every.mkv"), range(COUNT - 1))
    with open_video(path, purpose="test") as reader:
        assert reader.listed_times() is None
        assert [number_of(frame.gray()) for frame in reader.pick([100, 195])] == [100, 195]


def test_without_times_packets_that_are_no_pictures_are_seen_after_a_seek(mpeg4: Path) -> None:
    path = with_empty_packets(mpeg4, mpeg4.with_name("some.mkv"), range(100, COUNT))
    with open_video(path, purpose="test") as reader:
        assert [number_of(frame.gray()) for frame in reader.pick([115, 117, 195])] == [115, 117, 195]


def test_times_of_another_film_cost_a_whole_decode_and_no_wrong_frame(mpeg4: Path) -> None:
    times = whole(mpeg4)[0]
    other = FrameTimes(times.frames, times.pts + 7)
    with open_video(mpeg4, purpose="test", times=other) as reader:
        assert [number_of(frame.gray()) for frame in reader.pick([100, 195])] == [100, 195]


def test_where_frames_are_known_by_counting_alone_nothing_is_sought(mpeg4: Path) -> None:
    rows = [{"start": 0, "start_pts": None}, {"start": 150, "start_pts": None}]
    for times in (FrameTimes.none(), FrameTimes.of_rows(rows)):
        with (
            counting_decodes() as counter,
            open_video(mpeg4, purpose="test", times=times, threads=1) as reader,
        ):
            assert [number_of(frame.gray()) for frame in reader.pick([195])] == [195]
        assert counter["test"] >= 196


def seek_map(known: dict[int, int]) -> SeekMap:
    index = FrameIndex(np.arange(0, 1000, 10), np.arange(100) % 20 == 0)
    return SeekMap(index, FrameTimes(np.array(list(known)), np.array(list(known.values()))))


@pytest.mark.parametrize(
    ("wanted", "reached", "reached_pts", "landing"),
    [
        (50, 0, 0, Landing(400, 45, 450)),
        (45, 0, 0, Landing(400, 45, 450)),
        (44, 0, 0, Landing(200, 30, 300)),
        (29, 0, 0, None),
        (50, 41, 410, None),
        (50, 45, 390, None),
    ],
    ids=["after a known one", "a known one", "before it", "none known", "its key frame is passed", "reached"],
)
def test_a_landing_is_the_last_known_frame(
    wanted: int, reached: int, reached_pts: int, landing: Landing | None
) -> None:
    assert seek_map({30: 300, 45: 450}).landing(wanted, reached=reached, reached_pts=reached_pts) == landing


def test_only_a_known_frame_can_contradict() -> None:
    times = FrameTimes.of_rows(
        [{"start": 4, "start_pts": 40}, {"start": 2, "start_pts": 20}, {"start": 3, "start_pts": None}]
    )
    assert [times.contradict(*one) for one in ((2, 20), (2, 21), (2, None), (3, 5), (0, 9))] == [
        False,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(("frames", "pts"), [([1, 1], [1, 2]), ([1, 2], [2, 2]), ([1], [1, 2])])
def test_times_that_do_not_ascend_are_refused(frames: list[int], pts: list[int]) -> None:
    with pytest.raises(ContractError):
        FrameTimes(np.array(frames), np.array(pts))
