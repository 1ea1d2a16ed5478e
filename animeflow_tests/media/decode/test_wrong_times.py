"""A picture with a wrong time moves no other: not in the decode, not in an encode, not in what is sought."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.media.decode.reader import open_video
from animeflow.media.decode.seeking import FrameTimes
from animeflow.media.probe.file import probe
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.encoded import encode_decoded
from animeflow_tests.media.numbered import number_of, write_numbered
from animeflow_tests.media.wrong_times import with_wrong_time

FRAMES = 120
SOUND = ("-f", "lavfi", "-i", "sine=440:r=48000:d=5", "-map", "0:v", "-map", "1:a", "-c:a", "ac3")
FAR, BACK, DAY = 22, 17, 30  # bits: 47 s; a second and a half; three hours and a half


@pytest.fixture(scope="module", params=["in order", "reordered"])
def sound_ts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 pictures at 24 a second with sound, in stored order as shown or not."""
    pictures = (*H264, "-bf", "0" if request.param == "in order" else "2")
    return write_numbered(tmp_path_factory.mktemp("times") / "sound.ts", FRAMES, *SOUND, *pictures)


@pytest.mark.parametrize("bit", [FAR, BACK, DAY])
@pytest.mark.parametrize("number", [50, 51])
def test_a_wrong_time_moves_no_other(sound_ts: Path, tmp_path: Path, bit: int, number: int) -> None:
    broken = with_wrong_time(sound_ts, tmp_path / "wrong.ts", number=number, bit=bit)
    with open_video(sound_ts, purpose="test") as reader:
        meant = [frame.pts for frame in reader]
    with open_video(broken, purpose="test") as reader:
        frames = [(number_of(frame.gray()), frame.pts, frame.retimed) for frame in reader]
        assert not reader.truncated, "the wrong time is what the container's length was made of"
        assert reader.pts_repairs == 1
    assert [n for n, _, _ in frames] == list(range(FRAMES))
    (wrong,) = (n for n, _, retimed in frames if retimed)
    assert {n for n, pts, _ in frames if pts != meant[n]} <= {wrong}
    assert abs(frames[wrong][1] - meant[wrong]) < 90_000 / 24


@pytest.mark.parametrize("bit", [FAR, DAY])
def test_the_probe_tells_the_length_of_the_film(sound_ts: Path, tmp_path: Path, bit: int) -> None:
    meant = probe(sound_ts).video
    found = probe(with_wrong_time(sound_ts, tmp_path / "wrong.ts", number=50, bit=bit))
    assert not found.truncated
    times = found.video.times
    assert times.shown_s(found.video.time_base) == pytest.approx(meant.times.shown_s(meant.time_base))
    assert (times.frames, times.sound) == (FRAMES, False)


def test_a_frame_beside_a_wrong_time_is_picked(sound_ts: Path, tmp_path: Path) -> None:
    broken = with_wrong_time(sound_ts, tmp_path / "wrong.ts", number=50, bit=FAR)
    for times in (None, FrameTimes.none()):
        with open_video(broken, purpose="test", times=times) as reader:
            wanted = [30, *range(48, 53), 100]
            assert [number_of(frame.gray()) for frame in reader.pick(wanted)] == wanted


@pytest.mark.parametrize("bit", [FAR, DAY])
def test_an_encode_of_it_is_as_long_as_the_film(sound_ts: Path, tmp_path: Path, bit: int) -> None:
    broken = with_wrong_time(sound_ts, tmp_path / "wrong.ts", number=50, bit=bit)
    _, result, pts = encode_decoded(broken, tmp_path / "out.mkv")
    times = result.video.times
    assert times.frames == FRAMES
    assert times.shown_s(result.video.time_base) == pytest.approx(FRAMES / 24, abs=0.002)
    assert np.diff(pts).max() * float(1 / 90_000) < 2.1 / 24
