"""Picked frames are those of the whole decode, of every codec, however often a reader is asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from animeflow.media.decode.counting import counting_decodes
from animeflow.media.decode.reader import open_video
from animeflow.media.decode.seeking import FrameTimes
from animeflow_tests.media.numbered import ffmpeg

COUNT = 150


class Coded(NamedTuple):
    """A stream and how it is made."""

    name: str
    words: Sequence[str]


X264 = ("-c:v", "libx264", "-g", "100", "-x264-params")
X265 = ("-c:v", "libx265", "-g", "100", "-x265-params")
VPX = ("-b:v", "400k", "-deadline", "realtime")
KINDS = (
    Coded("h264.mkv", (*X264, "bframes=3:b-pyramid=normal")),
    Coded("h264.mp4", (*X264, "bframes=8:ref=6:weightp=2:open-gop=1:keyint=30")),
    Coded("h264.ts", (*X264, "bframes=3")),
    Coded("h264-fields.mkv", (*X264, "bframes=2:tff=1")),
    Coded("h264-references-alone.mkv", (*X264, "bframes=0")),
    Coded("h264-refresh.mkv", (*X264, "bframes=2:intra-refresh=1:keyint=48")),
    Coded("hevc.mkv", (*X265, "bframes=4:log-level=error")),
    Coded("hevc-open.mkv", (*X265, "bframes=4:open-gop=1:keyint=30:log-level=error")),
    Coded("mpeg2.mkv", ("-c:v", "mpeg2video", "-bf", "2", "-g", "40", "-b:v", "2M")),
    Coded("mpeg4.mkv", ("-c:v", "mpeg4", "-bf", "2", "-g", "40", "-b:v", "1M")),
    Coded("vp8.webm", ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", *VPX)),
    Coded("vp9.webm", ("-c:v", "libvpx-vp9", "-g", "60", "-cpu-used", "8", *VPX)),
    Coded("av1.mkv", ("-c:v", "libsvtav1", "-preset", "12", "-g", "60")),
    Coded("prores.mov", ("-c:v", "prores_ks")),
)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Coded, Path]:
    kind: Coded = request.param
    path = tmp_path_factory.mktemp("picks") / kind.name
    moving = ("-f", "lavfi", "-i", f"testsrc2=s=192x108:r=24:d={COUNT / 24}", "-pix_fmt", "yuv420p")
    ffmpeg(*moving, *kind.words, path)
    return kind, path


def whole(path: Path) -> list[tuple[int, np.ndarray]]:
    with open_video(path, purpose="test") as reader:
        return [(frame.pts, frame.rgb()) for frame in reader]


def times_of(frames: Sequence[tuple[int, np.ndarray]]) -> FrameTimes:
    return FrameTimes.of_frames(np.array([pts for pts, _ in frames], np.int64))


def require_same(
    path: Path, wanted: Sequence[int], threads: int, frames: Sequence[tuple[int, np.ndarray]]
) -> None:
    """Without times, with those of all frames, and with those of the wanted ones alone."""
    known = times_of(frames)
    for times in (None, known, known.chosen(wanted)):
        with open_video(path, purpose="test", threads=threads, times=times) as reader:
            got = [(frame.index, frame.pts, frame.rgb()) for frame in reader.pick(wanted)]
        assert [(index, pts) for index, pts, _ in got] == [(index, frames[index][0]) for index in wanted]
        for index, _, picture in got:
            assert np.array_equal(picture, frames[index][1]), f"frame {index}"


@pytest.mark.parametrize("threads", [1, 4])
def test_pictures_are_those_of_the_whole_decode(made: tuple[Coded, Path], threads: int) -> None:
    _, path = made
    frames = whole(path)
    assert len(frames) == COUNT
    draw = random.Random(threads)
    for count in (1, 2, 5, 12):
        require_same(path, sorted(draw.sample(range(COUNT), count)), threads, frames)
    require_same(path, [0, COUNT - 1], threads, frames)
    require_same(path, range(0, COUNT, 29), threads, frames)


@pytest.mark.parametrize("timed", [False, True])
def test_picks_after_picks_and_a_whole_pass_after_them(made: tuple[Coded, Path], timed: bool) -> None:
    _, path = made
    frames = whole(path)
    times = times_of(frames) if timed else None
    with open_video(path, purpose="test", threads=4, times=times) as reader:
        for wanted in ([0, 40], [41, 43], [44, 99], [100], [7], [60, 61, 99, 100]):
            for index, frame in zip(wanted, reader.pick(wanted), strict=True):
                assert frame.index == index
                assert np.array_equal(frame.rgb(), frames[index][1])
        next(reader.pick([3, 120]))
        assert [(frame.index, frame.pts) for frame in reader] == [
            (n, pts) for n, (pts, _) in enumerate(frames)
        ]


# Streams that say which of their pictures others refer to.
TELLING = ("h264.mkv", "h264.mp4", "h264.ts", "h264-fields.mkv", "hevc.mkv", "hevc-open.mkv", "mpeg2.mkv")


def test_what_nobody_asked_for_and_nothing_refers_to_is_not_decoded(made: tuple[Coded, Path]) -> None:
    kind, path = made
    if kind.name not in TELLING:
        return
    wanted = (0, 20, COUNT - 1)
    times = times_of(whole(path)).chosen(wanted)
    with counting_decodes() as counter, open_video(path, purpose="test", threads=1, times=times) as reader:
        assert [frame.index for frame in reader.pick(wanted)] == list(wanted)
    with open_video(path, purpose="test", threads=1) as reader:
        between = [frame.key for frame in reader]
    last_key = max(at for at, key in enumerate(between) if key)
    assert counter["test"] < 0.75 * (21 + COUNT - last_key)
