from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from animeflow.errors import ContractError, DecodeError, Interrupted
from animeflow.media import command
from animeflow.media.decode.reader import (
    DecodeLimits,
    VideoReader,
    counting_decodes,
    open_video,
    read_clip,
)
from animeflow_tests.media.conftest import FRAMES, H264, VFR_NUMBERS
from animeflow_tests.media.numbered import HEIGHT, WIDTH, ffmpeg, number_of, numbered_frames, write_numbered


def numbers(path: Path) -> list[int]:
    with open_video(path, purpose="test") as reader:
        return [number_of(frame.gray()) for frame in reader]


def open_test(path: Path, **limits: float) -> VideoReader:
    return open_video(path, purpose="test", limits=DecodeLimits(**limits))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["plain_mkv", "plain_mp4", "transport_stream", "avi"])
def test_frames_come_once_each_in_presentation_order(name: str, request: pytest.FixtureRequest) -> None:
    assert numbers(request.getfixturevalue(name)) == list(range(FRAMES))


def test_index_and_pts_ascend_and_times_are_exact(plain_mp4: Path) -> None:
    with open_video(plain_mp4, purpose="test") as reader:
        frames = list(reader)
        assert [f.index for f in frames] == list(range(FRAMES))
        assert [f.pts * reader.time_base for f in frames] == [Fraction(n, 24) for n in range(FRAMES)]
        assert reader.average_rate == 24
        assert (reader.width, reader.height, reader.truncated, reader.pts_repairs) == (
            WIDTH,
            HEIGHT,
            False,
            0,
        )
        assert [f.index for f in frames if f.key] == [0, 12, 24, 36]


def test_an_edit_list_hides_frames_before_the_start(edit_list_mp4: Path) -> None:
    assert numbers(edit_list_mp4) == list(range(15, FRAMES))
    with open_video(edit_list_mp4, purpose="test") as reader:
        assert next(iter(reader)).pts == 0


def test_variable_rate_keeps_each_frame_at_its_own_time(vfr_mkv: Path) -> None:
    with open_video(vfr_mkv, purpose="test") as reader:
        seen = [(number_of(f.gray()), float(f.pts * reader.time_base)) for f in reader]
    assert [n for n, _ in seen] == VFR_NUMBERS
    assert all(abs(at - n / 24) <= 0.0006 for n, at in seen)


def test_every_decoded_frame_is_counted_under_its_purpose(plain_mkv: Path) -> None:
    with counting_decodes() as outer:
        with open_video(plain_mkv, purpose="analysis") as reader, counting_decodes() as inner:
            for _ in reader:
                pass
        read_clip(plain_mkv, 0, 2, purpose="clip")
    # The first frame of each reader was decoded when it was opened.
    assert inner == {"analysis": FRAMES - 1}
    assert outer["analysis"] == FRAMES
    assert 2 <= outer["clip"] <= 4
    assert outer.total() == outer["analysis"] + outer["clip"]


def test_decodes_in_other_threads_are_counted_too(plain_mkv: Path) -> None:
    with counting_decodes() as counter:
        thread = threading.Thread(target=numbers, args=(plain_mkv,))
        thread.start()
        thread.join()
    assert counter["test"] == FRAMES


def test_iterating_again_starts_at_the_first_frame(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        first = [f.pts for f in reader]
        assert [f.pts for f in reader] == first


@pytest.mark.parametrize("wanted", [[3, 3], [5, 2], [-1]])
def test_indices_that_do_not_ascend_are_refused(plain_mkv: Path, wanted: list[int]) -> None:
    with open_video(plain_mkv, purpose="test") as reader, pytest.raises(ContractError):
        list(reader.pick(wanted))


def test_a_frame_beyond_the_end_is_an_error(plain_mkv: Path) -> None:
    with (
        open_video(plain_mkv, purpose="test") as reader,
        pytest.raises(DecodeError, match="ends after 48 frames"),
    ):
        list(reader.pick([47, 48]))


def test_read_clip_gives_the_frames_of_the_range(plain_mp4: Path) -> None:
    clip = read_clip(plain_mp4, 20, 27, purpose="test", size=(80, 48))
    assert clip.shape == (7, 48, 80, 3)
    assert clip.dtype == np.uint8
    assert [number_of(f[..., 0]) for f in clip] == list(range(20, 27))


@pytest.mark.parametrize(("start", "end"), [(5, 5), (7, 3), (-1, 4)])
def test_an_empty_range_is_refused(plain_mkv: Path, start: int, end: int) -> None:
    with pytest.raises(ContractError):
        read_clip(plain_mkv, start, end, purpose="test")


def test_one_frame_is_a_video(one_frame_mkv: Path) -> None:
    assert numbers(one_frame_mkv) == [0]


def test_a_truncated_file_gives_its_frames_and_says_so(truncated_mkv: Path) -> None:
    with open_video(truncated_mkv, purpose="test") as reader:
        seen = [number_of(f.gray()) for f in reader]
        # Near the end B-frames miss the packets that they refer to.
        assert seen[:40] == list(range(40))
        assert seen == sorted(set(seen))
        assert 40 < len(seen) < 192
        assert reader.truncated


def test_a_size_that_changes_within_the_stream_is_scaled_and_counted(
    corpus: Path, transport_stream: Path
) -> None:
    small = write_numbered(corpus / "small.ts", 10, "-c:v", "mpeg2video", "-q:v", "2", size=(80, 64))
    large = write_numbered(corpus / "large.ts", 10, "-c:v", "mpeg2video", "-q:v", "2")
    joined = corpus / "joined.ts"
    joined.write_bytes(large.read_bytes() + small.read_bytes())
    with open_video(joined, purpose="test") as reader:
        shapes = [(f.pts, f.rgb().shape) for f in reader]
        assert {shape for _, shape in shapes} == {(HEIGHT, WIDTH, 3)}
        # The decoder swallows the last frame before the join, here as in ffmpeg.
        assert len(shapes) == 19
        assert reader.size_changes == 10
        assert reader.pts_repairs == 1, "the second part starts its clock again"
        assert all((b - a) * reader.time_base == Fraction(1, 24) for (a, _), (b, _) in pairwise(shapes))


def write_at(path: Path, pts: Sequence[int]) -> Path:
    """Numbered frames at given milliseconds."""
    with av.open(str(path), "w", format="matroska") as target:
        stream = target.add_stream("mpeg4", rate=1000)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for at, image in zip(pts, numbered_frames(len(pts)), strict=True):
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = at, Fraction(1, 1000)
            target.mux(stream.encode(picture))
        target.mux(stream.encode(None))
    return path


def test_a_gap_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = write_at(tmp_path / "gap.mkv", [0, 40, 80, 3_600_000, 3_600_040])
    with open_test(path) as reader, pytest.raises(DecodeError, match="gap of 3600 s") as caught:
        list(reader)
    assert caught.value.reason == "corrupt"
    with open_test(path, max_gap_s=4000) as reader:
        assert len(list(reader)) == 5


def flipped(path: Path, target: Path, flips: int, skip: int = 4000) -> Path:
    data = bytearray(path.read_bytes())
    rng = random.Random(3)
    for _ in range(flips):
        data[rng.randrange(skip, len(data))] ^= 1 << rng.randrange(8)
    target.write_bytes(data)
    return target


def test_damage_is_counted_and_refused_beyond_the_limit(long_mkv: Path, tmp_path: Path) -> None:
    path = flipped(long_mkv, tmp_path / "flipped.mkv", 60)
    with open_test(path, max_corrupt_share=1.0) as reader:
        frames = list(reader)
        assert len(frames) > 100
        assert reader.corrupt_frames == sum(f.corrupt for f in frames)
        assert reader.corrupt_frames + reader.decode_errors > 5
        bad_share = (reader.corrupt_frames + reader.decode_errors) / (len(frames) + reader.decode_errors)
    with open_test(path, max_corrupt_share=bad_share / 2) as reader, pytest.raises(DecodeError) as caught:
        list(reader)
    assert caught.value.reason == "corrupt"


@pytest.mark.parametrize("seed", range(12))
def test_any_damage_ends_in_frames_or_in_a_decode_error(plain_mp4: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(plain_mp4.read_bytes())
    for _ in range(rng.choice([5, 50, 500])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    (tmp_path / "x.mp4").write_bytes(data[: rng.randrange(100, len(data))] if seed % 3 == 0 else data)
    try:
        with open_test(tmp_path / "x.mp4", max_gap_s=1e9) as reader:
            assert all(f.rgb((16, 16)).shape == (16, 16, 3) for f in reader)
    except DecodeError as error:
        assert error.reason in {"unreadable", "undecodable", "not_media", "no_video", "corrupt", "too_large"}


def test_more_frames_than_allowed_are_refused(plain_mkv: Path) -> None:
    with open_test(plain_mkv, max_frames=10) as reader, pytest.raises(DecodeError) as caught:
        list(reader)
    assert caught.value.reason == "too_large"


def test_larger_pictures_than_allowed_are_refused(plain_mkv: Path) -> None:
    with pytest.raises(DecodeError) as caught:
        open_test(plain_mkv, max_pixels=WIDTH * HEIGHT - 1)
    assert caught.value.reason == "too_large"


def test_limits_out_of_range_are_refused() -> None:
    with pytest.raises(ContractError):
        DecodeLimits(max_corrupt_share=2)


def test_a_stop_request_ends_decoding(long_mkv: Path) -> None:
    with open_video(long_mkv, purpose="test", threads=1) as reader, pytest.raises(Interrupted):
        for frame in reader:
            if frame.index == 10:
                command.request_stop()


def test_odd_names_open(oddly_named: Path) -> None:
    assert numbers(oddly_named) == list(range(FRAMES))


def test_a_relative_name_with_a_leading_dash_opens(
    plain_mkv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "-i.mkv").write_bytes(plain_mkv.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert len(numbers(Path("-i.mkv"))) == FRAMES


def test_a_stream_that_starts_within_a_group_has_one_frame_list(
    transport_stream: Path, tmp_path: Path
) -> None:
    """Recordings start anywhere: seeking and decoding through must agree on which frame is frame 0."""
    data = transport_stream.read_bytes()
    path = tmp_path / "recording.ts"
    path.write_bytes(data[188 * (len(data) // 188 // 5) :])
    seen = numbers(path)
    assert seen == list(range(seen[0], FRAMES))
    with open_video(path, purpose="test") as reader:
        assert [number_of(f.gray()) for f in reader.pick([1, len(seen) - 1])] == [seen[1], seen[-1]]


def test_open_groups_lose_no_frame(corpus: Path) -> None:
    codec = (
        "-c:v",
        "libx264",
        "-g",
        "12",
        "-bf",
        "3",
        "-x264-params",
        "open-gop=1:scenecut=0",
        "-pix_fmt",
        "yuv420p",
    )
    path = write_numbered(corpus / "open-gop.mkv", 96, *codec)
    assert numbers(path) == list(range(96))
    with open_video(path, purpose="test") as reader:
        assert [number_of(f.gray()) for f in reader.pick([0, 47, 95])] == [0, 47, 95]


def opened_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("action", [numbers, lambda p: read_clip(p, 30, 31, purpose="test")])
def test_no_file_stays_open(plain_mkv: Path, action: Callable[[Path], object]) -> None:
    action(plain_mkv)
    before = opened_files()
    action(plain_mkv)
    assert opened_files() == before


def test_hundred_frames_a_second_of_ten_bit_decode_alike(corpus: Path) -> None:
    path = write_numbered(corpus / "ten.mkv", 20, *H264[:-1], "yuv420p10le", rate="100")
    assert numbers(path) == list(range(20))


def test_two_equal_files_decode_to_equal_pixels_whatever_the_threads(plain_mkv: Path) -> None:
    def pixels(threads: int) -> list[bytes]:
        with open_video(plain_mkv, purpose="test", threads=threads) as reader:
            return [f.rgb((48, 27)).tobytes() for f in reader]

    assert pixels(1) == pixels(4)


def test_ffmpeg_and_the_reader_see_the_same_frames(transport_stream: Path, tmp_path: Path) -> None:
    ffmpeg(
        "-i", transport_stream, "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", tmp_path / "list"
    )
    lines = [line for line in (tmp_path / "list").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(numbers(transport_stream))
