from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from animeflow.errors import ContractError, EncodeError, InputError
from animeflow.media.audio import read_all_audio
from animeflow.media.clips.cut import ClipSource, clip_source, cut_clip, require_frames
from animeflow.media.clips.files import picture_md5, read_clip_file
from animeflow.media.clips.shape import ClipShape
from animeflow.media.decode.reader import open_video, read_frame_index
from animeflow.media.encode.encoders import X264, Svt, svt
from animeflow.media.probe.file import probe
from animeflow_tests.media.numbered import AV1, ffmpeg, number_of, numbered_frames, write_numbered

KEYS = "0.375,1.0,1.125"  # frames 9, 24 and 27 at 24 frames a second


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 frames of AV1 with key frames at 0, 9, 24 and 27, and a click track: one FLAC click at every half second."""
    path = tmp_path_factory.mktemp("cut") / "episode.mkv"
    clicks = "aevalsrc='if(lt(mod(t,0.5),0.005),0.9,0)':s=48000:d=2"
    # fmt: off
    return write_numbered(
        path, 48, "-f", "lavfi", "-i", clicks, "-map", "0:v", "-map", "1:a", *AV1, "-force_key_frames", KEYS,
        "-c:a", "flac", "-frame_size", "480", "-metadata:s:a:0", "language=jpn", "-metadata:s:a:0", "title=Clicks",
        "-disposition:a:0", "comment",
        "-metadata", "title=Episode", "-fflags", "+bitexact",
    )
    # fmt: on


@pytest.fixture(scope="module")
def wide_episode(episode: Path) -> Path:
    """The same with pixels of 4:3."""
    path = episode.with_name("wide.mkv")
    ffmpeg("-i", episode, "-map", "0", "-c", "copy", "-aspect:v", "20:9", "-fflags", "+bitexact", path)
    assert probe(path).video.sample_aspect_ratio == pytest.approx(4 / 3)
    return path


@pytest.fixture(scope="module", params=["episode", "wide_episode"])
def source(request: pytest.FixtureRequest) -> ClipSource:
    return clip_source(request.getfixturevalue(request.param))


def pictures(path: Path) -> list[np.ndarray]:
    with open_video(path, purpose="test") as reader:
        return [f.gray() for f in reader]


def clicks_of(path: Path) -> list[float]:
    """Seconds after the first frame at which a click begins."""
    sound = np.abs(read_all_audio(path, rate=48000)[0]) > 0.3
    starts = np.flatnonzero(sound[1:] & ~sound[:-1]) + 1
    if sound[0]:
        starts = np.concatenate([[0], starts])
    # Resampling rings: what follows within 10 ms is the same click.
    return [float(s) / 48000 for n, s in enumerate(starts) if n == 0 or s - starts[n - 1] > 480]


COPIED = [(0, 9), (9, 24), (24, 27), (27, 48), (9, 45), (0, 48), (24, 25)]


@pytest.mark.parametrize(("start", "end"), COPIED)
def test_a_clip_from_a_key_frame_is_copied_bit_for_bit(
    source: ClipSource, tmp_path: Path, start: int, end: int
) -> None:
    clip = cut_clip(source, tmp_path / "clip.mkv", start=start, end=end)
    assert (clip.method, clip.frames) == ("copy", end - start)
    ours, theirs = pictures(clip.path), pictures(source.path)[start:end]
    assert len(ours) == len(theirs)
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert list(tmp_path.iterdir()) == [clip.path]


@pytest.mark.parametrize(("start", "end"), [(5, 20), (1, 2), (10, 48), (23, 25)])
def test_another_clip_is_encoded_frame_by_frame(
    source: ClipSource, tmp_path: Path, start: int, end: int
) -> None:
    clip = cut_clip(source, tmp_path / "clip.mkv", start=start, end=end, encoder=svt("draft"))
    assert clip.method == "encode"
    assert [number_of(p) for p in pictures(clip.path)] == list(range(start, end))
    for ours, theirs in zip(pictures(clip.path), pictures(source.path)[start:end], strict=True):
        assert np.abs(ours.astype(int) - theirs).mean() < 4


@pytest.mark.parametrize(("start", "end"), [(9, 40), (5, 40)])
def test_sound_stays_with_its_pictures(source: ClipSource, tmp_path: Path, start: int, end: int) -> None:
    """Packets of 10 ms are cut at their own borders, but none moves."""
    clip = cut_clip(source, tmp_path / "clip.mkv", start=start, end=end, encoder=svt("draft"))
    wanted = [0.5 - start / 24, 1.0 - start / 24, 1.5 - start / 24]
    assert clicks_of(clip.path) == pytest.approx([w for w in wanted if w < (end - start) / 24], abs=0.0015)


@pytest.mark.parametrize(("start", "end"), [(9, 24), (5, 20)])
def test_the_shape_of_pixels_and_the_names_of_tracks_survive(
    source: ClipSource, tmp_path: Path, start: int, end: int
) -> None:
    clip = cut_clip(source, tmp_path / "clip.mkv", start=start, end=end, encoder=svt("draft"))
    ours, theirs = probe(clip.path), probe(source.path)
    assert (ours.video.sample_aspect_ratio or 1) == (theirs.video.sample_aspect_ratio or 1)
    assert [(t.codec, t.language, t.title, t.dispositions) for t in ours.audio] == [
        ("flac", "jpn", "Clicks", ("comment",))
    ]
    assert "title" not in ours.metadata


@pytest.mark.parametrize(("start", "end"), [(9, 24), (5, 20)])
def test_sound_can_be_left_out(source: ClipSource, tmp_path: Path, start: int, end: int) -> None:
    clip = cut_clip(source, tmp_path / "clip.mkv", start=start, end=end, audio=False, encoder=svt("draft"))
    assert probe(clip.path).audio == ()


@pytest.mark.parametrize(("start", "end"), [(9, 24), (5, 20)])
def test_a_rerun_gives_the_same_bytes(source: ClipSource, tmp_path: Path, start: int, end: int) -> None:
    digests = set()
    for name in ("a.mkv", "b.mkv"):
        cut_clip(source, tmp_path / name, start=start, end=end, encoder=svt("draft"))
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("shape", "method"),
    [
        (ClipShape(), "copy"),
        (ClipShape("mp4"), "copy"),
        (ClipShape("mp4", X264(18.0, preset="veryfast")), "encode"),
    ],
)
@pytest.mark.parametrize("sound", [False, True])
def test_a_video_of_one_frame_is_a_clip(tmp_path: Path, shape: ClipShape, method: str, sound: bool) -> None:
    """No other frame tells how long it is shown."""
    tone = ("-f", "lavfi", "-i", "sine=440:d=1", "-map", "0:v", "-map", "1:a", "-c:a", "flac")
    path = write_numbered(tmp_path / "one.mkv", 1, *(tone if sound else ()), *AV1)
    clip = cut_clip(clip_source(path), tmp_path / f"clip.{shape.container}", start=0, end=1, shape=shape)
    assert (clip.method, clip.frames) == (method, 1)
    assert [number_of(p) for p in pictures(clip.path)] == [0]


@pytest.mark.parametrize(("start", "end"), [(5, 5), (-1, 4), (40, 49)])
def test_a_range_outside_the_video_is_refused(
    source: ClipSource, tmp_path: Path, start: int, end: int
) -> None:
    with pytest.raises(ContractError):
        cut_clip(source, tmp_path / "clip.mkv", start=start, end=end)


def test_a_video_with_b_frames_is_encoded_not_copied(plain_mkv: Path, tmp_path: Path) -> None:
    """Packets of H.264 are not in presentation order: counting them would cut wrong."""
    clip = cut_clip(clip_source(plain_mkv), tmp_path / "clip.mkv", start=12, end=20, encoder=svt("draft"))
    assert clip.method == "encode"
    assert [number_of(p) for p in pictures(clip.path)] == list(range(12, 20))


def test_variable_rate_keeps_its_distances(tmp_path: Path) -> None:
    keep = ("-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-fps_mode", "vfr")
    path = write_numbered(tmp_path / "vfr.mkv", 48, *keep, *AV1, "-force_key_frames", "0.4")
    vfr = clip_source(path)
    key = int(np.flatnonzero(vfr.index.key)[1])
    for start in (key, key + 1):
        clip = cut_clip(vfr, tmp_path / "clip.mkv", start=start, end=start + 8, encoder=svt("draft"))
        index = read_frame_index(clip.path)
        assert index is not None
        wanted = vfr.index.pts[start : start + 8] - vfr.index.pts[start]
        assert np.abs(index.pts - index.pts[0] - wanted).max() <= 1


@pytest.mark.parametrize("name", ["guessed_rate_mkv", "fast_mp4"])
def test_a_clip_is_encoded_whatever_rate_its_container_claims(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source = clip_source(request.getfixturevalue(name))
    assert source.claimed_rate is not None and source.claimed_rate > 240
    clip = cut_clip(source, tmp_path / "clip.mkv", start=5, end=25, encoder=svt("draft"))
    assert [number_of(p) for p in pictures(clip.path)] == list(range(5, 25))


def test_a_clip_with_a_frame_too_many_is_found(source: ClipSource) -> None:
    with pytest.raises(EncodeError, match="48 frames, not 47"):
        require_frames(source.path, source, 0, 47)


def test_a_clip_with_other_distances_is_found(source: ClipSource, tmp_path: Path) -> None:
    slow = write_numbered(tmp_path / "slow.mkv", 9, *AV1, rate="20")
    with pytest.raises(EncodeError, match="frame 8 of the clip is"):
        require_frames(slow, source, 0, 9)


def test_a_file_without_frame_times_is_refused(tmp_path: Path) -> None:
    raw = numbered_frames(4).tobytes()
    size = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x96", "-r", "24", "-i", "pipe:0"]
    ffmpeg(
        *size, "-c:v", "mpeg4", "-bf", "2", "-bsf:v", "mpeg4_unpack_bframes", tmp_path / "x.avi", stdin=raw
    )
    path = tmp_path / "x.avi"
    if read_frame_index(path) is None:
        with pytest.raises(InputError):
            clip_source(path)
    else:
        assert clip_source(path).copies is False


H264_SMALL = ClipShape("mp4", X264(18.0, preset="veryfast"))


def numbers_by_opencv(path: Path) -> list[int]:
    """As a trainer reads it."""
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        read, picture = capture.read()
        if not read:
            capture.release()
            return found
        found.append(number_of(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)))


@pytest.mark.parametrize(("start", "end"), [(9, 24), (5, 20), (0, 48), (47, 48)])
def test_opencv_reads_exactly_the_frames_of_an_mp4(
    source: ClipSource, tmp_path: Path, start: int, end: int
) -> None:
    clip = cut_clip(source, tmp_path / "clip.mp4", start=start, end=end, shape=H264_SMALL)
    assert (clip.method, clip.codec, clip.frames) == ("encode", "h264", end - start)
    assert numbers_by_opencv(clip.path) == list(range(start, end))
    facts = probe(clip.path)
    assert (facts.container.split(",")[0], facts.video.pix_fmt, facts.video.bit_depth) == (
        "mov",
        "yuv420p",
        8,
    )
    assert (facts.video.sample_aspect_ratio or 1) == 1
    # 160x96 with pixels of 4:3 becomes 214x96: sides are even.
    assert (clip.width, clip.height) == ((160, 96) if source.square_pixels else (214, 96))
    assert facts.video.time_base.denominator == 1000
    assert [t.codec for t in facts.audio] == ["flac"]


def test_an_mp4_begins_with_its_index(source: ClipSource, tmp_path: Path) -> None:
    clip = cut_clip(source, tmp_path / "clip.mp4", start=9, end=24, shape=H264_SMALL)
    data = clip.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_packet_copy_goes_into_an_mp4_too(source: ClipSource, tmp_path: Path) -> None:
    clip = cut_clip(source, tmp_path / "clip.mp4", start=9, end=24, shape=ClipShape("mp4"))
    assert (clip.method, clip.codec) == ("copy", "av1")
    assert [number_of(p) for p in pictures(clip.path)] == list(range(9, 24))


@pytest.mark.parametrize("shape", [H264_SMALL, ClipShape("mp4"), ClipShape("mkv", X264(18.0))])
def test_any_shape_gives_the_same_bytes_again(source: ClipSource, tmp_path: Path, shape: ClipShape) -> None:
    digests = set()
    for name in ("a", "b"):
        target = tmp_path / f"{name}.{shape.container}"
        cut_clip(
            source, target, start=9, end=24, shape=shape, muted=tmp_path / f"{name}.mute.{shape.container}"
        )
        both = target.read_bytes() + target.with_name(f"{name}.mute.{shape.container}").read_bytes()
        digests.add(hashlib.sha256(both).hexdigest())
    assert len(digests) == 1


def test_sound_that_mp4_does_not_hold_becomes_aac(episode: Path, tmp_path: Path) -> None:
    ffmpeg("-i", episode, "-c:v", "copy", "-c:a", "libvorbis", tmp_path / "vorbis.mkv")
    vorbis = clip_source(tmp_path / "vorbis.mkv")
    for shape in (H264_SMALL, ClipShape("mp4")):
        clip = cut_clip(vorbis, tmp_path / "clip.mp4", start=9, end=40, shape=shape)
        assert [(t.codec, t.language) for t in probe(clip.path).audio] == [("aac", "jpn")]


def test_high_pictures_are_reduced_to_even_sides(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "high.mkv", 6, *AV1, size=(642, 900))
    high = clip_source(path)
    clip = cut_clip(high, tmp_path / "a.mp4", start=0, end=6, shape=replace(H264_SMALL, max_height=720))
    assert (clip.width, clip.height, clip.codec) == (514, 720, "h264")
    assert numbers_by_opencv(clip.path) == list(range(6))
    clip = cut_clip(
        high, tmp_path / "b.mkv", start=0, end=6, shape=ClipShape(max_height=720), encoder=svt("draft")
    )
    assert (clip.width, clip.height, clip.codec, clip.method) == (514, 720, "av1", "encode")


@pytest.mark.parametrize("flagged", [True, False])
def test_fields_are_reduced_each_for_itself(tmp_path: Path, flagged: bool) -> None:
    """One field is white and the other black: reduced together they are grey."""
    lines = np.zeros((4, 900, 640, 3), np.uint8)
    lines[:, ::2] = 255
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "640x900", "-r", "24", "-i", "pipe:0")
    path, mode = tmp_path / "laced.mkv", "tff" if flagged else "prog"
    ffmpeg(*raw, "-vf", f"setfield={mode}", *AV1, "-crf", "5", path, stdin=lines.tobytes())
    shape = ClipShape(max_height=720)
    clip = cut_clip(
        clip_source(path), tmp_path / "clip.mkv", start=0, end=4, shape=shape, encoder=svt("draft", 8.0)
    )
    assert clip.height == 720
    for picture in pictures(clip.path):
        steps = np.abs(np.diff(picture[8:-8, 8:-8].astype(np.float64), axis=0)).mean()
        assert steps > 150 if flagged else steps < 80


def test_a_height_that_is_low_enough_changes_nothing(source: ClipSource, tmp_path: Path) -> None:
    clip = cut_clip(source, tmp_path / "clip.mkv", start=9, end=24, shape=ClipShape(max_height=720))
    assert (clip.method, clip.height) == ("copy", 96)


def test_variable_rate_keeps_its_times_in_an_mp4(tmp_path: Path) -> None:
    times = (
        "-vf",
        r"settb=1/1000,setpts=PTS+mod(N\,5)*7",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/1000",
    )
    vfr = clip_source(write_numbered(tmp_path / "vfr.mkv", 30, *times, *AV1))
    clip = cut_clip(vfr, tmp_path / "clip.mp4", start=3, end=25, shape=H264_SMALL)
    index = read_frame_index(clip.path)
    assert index is not None
    assert (index.pts - index.pts[0]).tolist() == (vfr.index.pts[3:25] - vfr.index.pts[3]).tolist()


def test_hdr_pictures_become_8_bit_only_with_a_tone_map(tmp_path: Path) -> None:
    tags = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
    params = ("-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc")
    hdr = clip_source(write_numbered(tmp_path / "hdr.mkv", 6, *params, *AV1, *tags))
    assert hdr.pictures.transfer == 16
    with pytest.raises(EncodeError, match="HDR") as caught:
        cut_clip(hdr, tmp_path / "clip.mp4", start=0, end=6, shape=H264_SMALL)
    assert "tonemap" in str(caught.value.hint)
    clip = cut_clip(hdr, tmp_path / "clip.mp4", start=0, end=6, shape=replace(H264_SMALL, tonemap=True))
    facts = probe(clip.path)
    assert (facts.video.color_transfer, facts.video.color_space, facts.video.frames) == (1, 1, 6)


@pytest.mark.parametrize("shape", [ClipShape(), ClipShape("mp4"), H264_SMALL])
def test_the_muted_file_holds_the_same_packets(source: ClipSource, tmp_path: Path, shape: ClipShape) -> None:
    muted = tmp_path / f"clip.mute.{shape.container}"
    clip = cut_clip(source, tmp_path / f"clip.{shape.container}", start=9, end=24, muted=muted, shape=shape)
    assert clip.muted == muted
    assert (read_clip_file(clip.path).sounds, read_clip_file(muted).sounds) == (1, 0)
    assert picture_md5(muted) == picture_md5(clip.path)
    assert [number_of(p) for p in pictures(muted)] == list(range(9, 24))
    assert (probe(muted).video.sample_aspect_ratio or 1) == (probe(clip.path).video.sample_aspect_ratio or 1)


def test_a_clip_without_sound_is_not_muted(episode: Path, tmp_path: Path) -> None:
    ffmpeg("-i", episode, "-map", "0:v", "-c", "copy", tmp_path / "silent.mkv")
    muted = tmp_path / "clip.mute.mkv"
    clip = cut_clip(clip_source(tmp_path / "silent.mkv"), tmp_path / "clip.mkv", start=9, end=24, muted=muted)
    assert clip.muted is None
    assert not muted.exists()


def test_an_option_that_the_encoder_ignores_fails_the_clip(episode: Path, tmp_path: Path) -> None:
    odd = Svt(30.0, 10, ("no-such-key=1",), "odd")
    with pytest.raises(EncodeError):
        cut_clip(clip_source(episode), tmp_path / "clip.mkv", start=5, end=9, encoder=odd)
    assert list(tmp_path.iterdir()) == []
