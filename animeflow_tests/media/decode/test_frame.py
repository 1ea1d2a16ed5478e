from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import InputError
from animeflow.media.decode.reader import open_video
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.numbered import ffmpeg, numbered_frames, write_numbered


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def first(path: Path) -> np.ndarray:
    with open_video(path, purpose="test") as reader:
        return next(iter(reader)).rgb()


def lossless(path: Path, matrix: str, *tags: str, size: tuple[int, int] = (160, 96)) -> Path:
    scale = f"scale=out_color_matrix={matrix}:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv444p"
    return write_numbered(
        path, 1, "-vf", scale + "," + ",".join(tags), "-c:v", "libx264", "-qp", "0", size=size
    )


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
def test_the_matrix_that_the_file_names_is_used(tmp_path: Path, matrix: str) -> None:
    path = lossless(tmp_path / "tagged.mkv", matrix, f"setparams=colorspace={matrix}")
    assert psnr(first(path), numbered_frames(1)[0]) > 45


@pytest.mark.parametrize(("matrix", "size"), [("bt709", (1280, 720)), ("smpte170m", (720, 480))])
def test_untagged_video_is_bt709_in_hd_and_bt601_below(
    tmp_path: Path, matrix: str, size: tuple[int, int]
) -> None:
    path = lossless(tmp_path / "untagged.mkv", matrix, "setparams=colorspace=unknown", size=size)
    assert psnr(first(path), numbered_frames(1, size=size)[0]) > 45


def test_full_range_and_limited_range_give_the_same_picture(tmp_path: Path) -> None:
    paths = []
    for name, label in (("tv", "limited"), ("pc", "full")):
        vf = f"scale=out_range={name}:out_color_matrix=bt709,format=yuv444p,setparams=range={label}:colorspace=bt709"
        paths.append(write_numbered(tmp_path / f"{name}.mkv", 1, "-vf", vf, "-c:v", "libx264", "-qp", "0"))
    assert psnr(first(paths[0]), first(paths[1])) > 45


def test_luma_spans_black_to_white(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        gray = next(reader.pick([5])).gray()
    assert gray.shape == (96, 160)
    assert gray.min() <= 2
    assert gray.max() >= 253


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m", "bt2020nc", None])
def test_luma_is_what_is_stored_whatever_matrix_is_named(tmp_path: Path, matrix: str | None) -> None:
    named = "setparams=range=tv" + (f":colorspace={matrix}" if matrix else "")
    path = tmp_path / "matrix.mkv"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:d=0.1",
        "-pix_fmt",
        "yuv420p",
        "-vf",
        named,
        "-c:v",
        "ffv1",
        path,
    )
    with open_video(path, purpose="test") as reader:
        frame = next(iter(reader))
        plane = frame.picture.planes[0]
        stored = np.frombuffer(plane, np.uint8).reshape(180, plane.line_size)[:, :320].astype(float)
        expected = np.clip((stored - 16) * 255 / 219, 0, 255)
        for one in (frame, frame.small((320, 180))):
            assert np.abs(one.gray() - expected).max() <= 0.5


@pytest.mark.parametrize("size", [(48, 27), (160, 90), (37, 23), (320, 192), (1, 1)])
def test_any_size_comes_as_asked(plain_mkv: Path, size: tuple[int, int]) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        frame = next(iter(reader))
        assert frame.rgb(size).shape == (size[1], size[0], 3)
        assert frame.gray(size).shape == (size[1], size[0])
        assert frame.rgb(size).flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("size", [(0, 10), (10, -1)])
def test_a_size_without_pixels_is_refused(plain_mkv: Path, size: tuple[int, int]) -> None:
    with open_video(plain_mkv, purpose="test") as reader, pytest.raises(InputError):
        next(iter(reader)).rgb(size)


def test_reducing_averages_areas(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        frame = next(iter(reader))
        whole, small = frame.gray().astype(float), frame.gray((40, 24)).astype(float)
    blocks = whole.reshape(24, 4, 40, 4).mean(axis=(1, 3))
    assert np.abs(blocks - small).mean() < 1.5


@pytest.mark.parametrize(("degrees", "turns"), [("90", 1), ("180", 2), ("-90", 3)])
def test_rotation_is_applied_to_pixels_as_ffmpeg_does(
    plain_mp4: Path, tmp_path: Path, degrees: str, turns: int
) -> None:
    flagged, baked = tmp_path / "flagged.mp4", tmp_path / "baked.mkv"
    ffmpeg("-display_rotation", degrees, "-i", plain_mp4, "-c", "copy", flagged)
    ffmpeg("-i", flagged, "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p", baked)
    with open_video(flagged, purpose="test") as ours, open_video(baked, purpose="test") as theirs:
        assert (ours.width, ours.height) == (theirs.width, theirs.height)
        for a, b in zip(ours, theirs, strict=True):
            assert np.array_equal(a.gray(), b.gray())
        assert ours.first_picture.rotation == turns * 90


def test_frames_convert_in_several_threads_at_once(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        frames = list(reader)
        alone = [f.rgb((48, 27)) for f in frames]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda f: f.rgb((48, 27)), frames * 3))
    assert all(np.array_equal(a, b) for a, b in zip(alone * 3, together, strict=True))


def test_an_array_outlives_its_reader(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        frames = list(reader)
        kept = frames[7].rgb()
        copy = kept.copy()
    del frames, reader
    first(plain_mkv)
    assert np.array_equal(kept, copy)


def test_a_frame_prints_what_it_is(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        assert repr(next(iter(reader))) == "<Frame 0 pts=0 key>"


def test_ten_bit_keeps_its_brightness(tmp_path: Path) -> None:
    eight = write_numbered(tmp_path / "8.mkv", 1, *H264)
    ten = write_numbered(tmp_path / "10.mkv", 1, *H264[:-1], "yuv420p10le")
    assert psnr(first(eight), first(ten)) > 35
