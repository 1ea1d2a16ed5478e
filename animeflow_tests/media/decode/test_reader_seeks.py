"""Picked frames are those of the whole decode, also in containers whose times mislead."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from animeflow.media.decode.reader import (
    counting_decodes,
    open_video,
    read_frame_index,
)
from animeflow.media.decode.seeking import FrameTimes
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.numbered import ffmpeg, number_of, write_numbered


@pytest.mark.parametrize(
    "name",
    ["plain_mkv", "plain_mp4", "edit_list_mp4", "vfr_mkv", "transport_stream", "avi", "interlaced_mkv"],
)
def test_picked_frames_are_those_of_the_full_decode(name: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(name)
    with open_video(path, purpose="test") as reader:
        everything = [(f.pts, f.gray()) for f in reader]
    rng = random.Random(7)
    for _ in range(6):
        wanted = sorted(rng.sample(range(len(everything)), 4))
        with open_video(path, purpose="test") as reader:
            for frame in reader.pick(wanted):
                pts, gray = everything[frame.index]
                assert frame.pts == pts
                assert np.array_equal(frame.gray(), gray)


def test_picking_seeks_where_a_key_frame_lies_between(long_mkv: Path) -> None:
    with counting_decodes() as counter, open_video(long_mkv, purpose="test", threads=1) as reader:
        assert [number_of(f.gray()) for f in reader.pick([3, 150, 152])] == [3, 150, 152]
    assert counter["test"] < 40


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_picking_where_pictures_are_refreshed_bit_by_bit_gives_whole_ones(
    tmp_path: Path, container: str
) -> None:
    """x264 with intra refresh has one key frame; the index names others, from which a decoder begins with half a
    picture that nothing flags.
    """
    path = tmp_path / f"refresh.{container}"
    moving = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=24:d=10")
    ffmpeg(*moving, "-c:v", "libx264", "-bf", "0", "-g", "48", "-x264-params", "intra-refresh=1", path)
    with open_video(path, purpose="test") as reader:
        whole = [frame.gray() for frame in reader]
    for wanted in range(30, 240, 13):
        with open_video(path, purpose="test") as reader:
            (frame,) = reader.pick([wanted])
            assert np.array_equal(frame.gray(), whole[wanted])


@pytest.mark.parametrize(
    "reordering", ["bframes=3:b-pyramid=normal", "bframes=3:b-pyramid=none", "bframes=0"]
)
def test_h264_in_avi_is_as_long_as_it_is(tmp_path: Path, reordering: str) -> None:
    """AVI stores an order and no times; those that are made of it go back and forth where frames are reordered."""
    path = write_numbered(tmp_path / "h264.avi", 120, *H264, "-x264-params", reordering)
    with open_video(path, purpose="test") as reader:
        frames = [(number_of(frame.gray()), frame.pts) for frame in reader]
        assert [number for number, _ in frames] == list(range(120))
        assert {late - early for (_, early), (_, late) in pairwise(frames)} == {1}
        assert reader.time_base == Fraction(1, 24)
        assert [(f.index, f.pts, number_of(f.gray())) for f in reader.pick([7, 90])] == [
            (n, frames[n][1], n) for n in (7, 90)
        ]


def test_xvid_in_avi_whose_times_go_back_and_forth_is_read_in_its_order(tmp_path: Path) -> None:
    """Frames came as 2 4 3 7 5: each step back was made one tick, and a pick found the neighbour after a seek."""
    path = write_numbered(tmp_path / "xvid.avi", 200, "-c:v", "libxvid", "-bf", "2", "-g", "48")
    with open_video(path, purpose="test") as reader:
        frames = [(number_of(frame.gray()), frame.pts) for frame in reader]
        assert [number for number, _ in frames] == list(range(len(frames)))
        assert reader.pts_repairs <= 1  # the last one leaves the decoder without a time
        assert {late - early for (_, early), (_, late) in pairwise(frames)} <= {1, 2}
        last = len(frames) - 1
        assert [(f.index, f.pts) for f in reader.pick([60, 130, last])] == [
            (n, frames[n][1]) for n in (60, 130, last)
        ]


def test_mpeg4_in_avi_whose_times_ascend_is_read_by_them_and_can_be_sought(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "mpeg4.avi", 200, "-c:v", "mpeg4", "-bf", "2", "-g", "48")
    with counting_decodes() as counter, open_video(path, purpose="test", threads=1) as reader:
        assert [number_of(frame.gray()) for frame in reader.pick([60, 190])] == [60, 190]
    assert counter["test"] < 100


STREAMS = {
    "h264.ts": H264,
    "mpeg2.ts": ("-c:v", "mpeg2video", "-bf", "2", "-g", "24", "-q:v", "3"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-bf", "2", "-g", "24", "-q:v", "3", "-f", "vob"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_transport_and_program_streams_are_sought(tmp_path: Path, name: str) -> None:
    """They are sought by decoding times: the place of a key frame's own time lies behind it."""
    path = write_numbered(tmp_path / name, 240, *STREAMS[name])
    for wanted in (77, 150, 231):
        with counting_decodes() as counter, open_video(path, purpose="test", threads=1) as reader:
            assert [number_of(frame.gray()) for frame in reader.pick([wanted])] == [wanted]
        assert counter["test"] < 75
    with open_video(path, purpose="test") as reader:
        assert [number_of(frame.gray()) for frame in reader.pick(range(3, 240, 31))] == [*range(3, 240, 31)]


def test_a_recording_in_which_time_begins_anew_is_never_sought_by_it(tmp_path: Path) -> None:
    """The same time may mean two places: a programme, an advertisement with other times, the programme again."""
    parts = [
        write_numbered(tmp_path / f"{n}.ts", 72, *H264, "-output_ts_offset", str(at)).read_bytes()
        for n, at in enumerate((10, 30, 12))
    ]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(parts))
    assert read_frame_index(path) is None
    with open_video(path, purpose="test") as reader:
        frames = [(frame.pts, number_of(frame.gray())) for frame in reader]
    known = FrameTimes.of_frames(np.array([pts for pts, _ in frames]))
    for wanted in (60, 100, 130, 200):
        with open_video(path, purpose="test", times=known) as reader:
            assert [(f.pts, number_of(f.gray())) for f in reader.pick([wanted])] == [frames[wanted]]


def test_times_that_go_back_in_the_file_are_never_sought_by(tmp_path: Path) -> None:
    """What libxvid says of reordered frames in Matroska: 0 125 83 208 167."""
    path = write_numbered(tmp_path / "xvid.mkv", 200, "-c:v", "libxvid", "-bf", "2", "-g", "48")
    with open_video(path, purpose="test") as reader:
        stamped = [frame.pts for frame in reader]
    known = FrameTimes(np.arange(0, len(stamped), 7), np.array(stamped[::7]))
    for times in (None, known):
        with open_video(path, purpose="test", times=times) as reader:
            wanted = [60, 61, 130, len(stamped) - 1]
            assert [number_of(frame.gray()) for frame in reader.pick(wanted)] == wanted


def test_picking_neighbours_decodes_on(plain_mkv: Path) -> None:
    with counting_decodes() as counter, open_video(plain_mkv, purpose="test", threads=1) as reader:
        list(reader.pick(range(0, 20, 5)))
    assert counter["test"] <= 20


def test_picking_goes_back_when_a_later_pick_asks_for_earlier_frames(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        assert [f.index for f in reader.pick([40])] == [40]
        assert [number_of(f.gray()) for f in reader.pick([2, 41])] == [2, 41]


def test_a_seek_that_lands_wrong_falls_back_to_decoding(
    long_mkv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that claims key frames where there are none must not shift a single frame."""
    index = read_frame_index(long_mkv)
    assert index is not None
    lying = type(index)(index.pts, np.ones_like(index.key))
    monkeypatch.setattr("animeflow.media.decode.reader.read_frame_index", lambda _: lying)
    with open_video(long_mkv, purpose="test") as reader:
        assert [number_of(f.gray()) for f in reader.pick([100, 190])] == [100, 190]
