from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.media.decode.reader import open_video
from animeflow.media.demux.frame_index import FrameIndex, read_frame_index


def index(pts: list[int], keys: list[int]) -> FrameIndex:
    return FrameIndex(np.array(pts, np.int64), np.isin(np.arange(len(pts)), keys))


@pytest.mark.parametrize(
    "name", ["plain_mkv", "plain_mp4", "vfr_mkv", "edit_list_mp4", "transport_stream", "hdr_mkv"]
)
def test_packets_and_decoder_agree_on_every_time(name: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(name)
    found = read_frame_index(path)
    assert found is not None
    with open_video(path, purpose="test") as reader:
        assert [f.pts for f in reader] == found.pts.tolist()


def test_the_last_key_frame_before_a_frame_is_found() -> None:
    found = index([0, 10, 20, 30, 40], [0, 3])
    assert [found.key_pts_before(t) for t in (0, 5, 10, 29, 30, 99)] == [0, 0, 0, 0, 30, 30]
    assert index([0, 10], [1]).key_pts_before(0) is None
    assert found.key_pts_before(-1) is None


def test_leading_frames_can_be_cut_off() -> None:
    assert index([5, 15, 25], [0, 2]).starting_at(15).pts.tolist() == [15, 25]


def test_only_frames_before_the_first_key_frame_are_undecodable() -> None:
    found = index([0, 10, 20, 30, 40], [2, 4])
    assert [found.undecodable(t) for t in (0, 10, 20, 30, 40)] == [0, 1, 2, 2, 2]
    assert index([0, 10, 20], [0]).undecodable(20) == 0
    assert index([0, 10, 20], []).undecodable(20) == 0


@pytest.mark.parametrize("pts", [[0, 0], [5, 3]])
def test_times_that_do_not_ascend_are_refused(pts: list[int]) -> None:
    with pytest.raises(ContractError):
        index(pts, [0])


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(ContractError):
        FrameIndex(np.arange(3), np.zeros(2, bool))


def test_an_unchanged_file_is_read_once_and_a_changed_one_again(
    plain_mkv: Path, vfr_mkv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.mkv"
    shutil.copyfile(plain_mkv, path)
    first = read_frame_index(path)
    assert read_frame_index(path) is first
    shutil.copyfile(vfr_mkv, path)
    second = read_frame_index(path)
    assert second is not None
    assert first is not None
    assert len(second) != len(first)


def test_an_index_cannot_be_changed_by_those_who_share_it(plain_mkv: Path) -> None:
    found = read_frame_index(plain_mkv)
    assert found is not None
    with pytest.raises(ValueError, match="read-only"):
        found.pts[0] = 7
