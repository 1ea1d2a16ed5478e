"""Frames that follow each other more quickly than Matroska's milliseconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.errors import EncodeError
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.encoded import encode, frame_times
from animeflow_tests.media.numbered import write_numbered

# The 21st picture comes 9 ticks of 1/90000 s after the 20th.
PAIR = r"settb=1/90000,setpts='N*3000-if(eq(N\,20)\,2991\,0)'"


def test_two_frames_within_a_millisecond_are_named_with_the_way_out(tmp_path: Path) -> None:
    words = ("-vf", PAIR, "-fps_mode", "passthrough", "-enc_time_base", "1/90000", *H264, "-bf", "0")
    source = write_numbered(tmp_path / "pair.mp4", 30, *words, rate="30")
    times = frame_times(source)
    assert times[20] - times[19] == 9
    with pytest.raises(EncodeError, match="frames 19 and 20 lie within one millisecond") as caught:
        encode(source, tmp_path / "out.mkv")
    assert caught.value.hint
    assert caught.value.path == str(source)


def test_more_than_a_thousand_frames_a_second_are_named(tmp_path: Path) -> None:
    source = write_numbered(tmp_path / "fast.mp4", 30, *H264, rate="1200")
    with pytest.raises(EncodeError, match="lie within one millisecond"):
        encode(source, tmp_path / "out.mkv")
