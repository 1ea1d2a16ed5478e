"""Small generated media of every kind that the room has to tell apart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import animeflow_tests
from animeflow.media import command
from animeflow.media.demux.frame_index import read_frame_index
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.plan import EncodePlan, make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.isolation import worker_process
from animeflow.media.probe.file import probe
from animeflow_tests.media.numbered import ffmpeg, write_numbered

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "12", "-bf", "2", "-pix_fmt", "yuv420p")
FRAMES = 48

ASS = """[Script Info]
ScriptType: v4.00+ [V4+ Styles] Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour,
BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow,
Alignment, MarginL, MarginR, MarginV, Encoding Style:
Default,Arial,20,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1 [Events] Format:
Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text Dialogue:
0,0:00:00.20,0:00:01.00,Default,,0,0,0,,Hello
"""

CHAPTERS = """;FFMETADATA1
title=The Title
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=One
[CHAPTER]
TIMEBASE=1/1000
START=1000
END=2000
title=二
"""


@pytest.fixture(autouse=True)
def nobody_asked_to_stop() -> Iterator[None]:
    command.STOP.clear()
    yield
    command.STOP.clear()


@pytest.fixture(scope="module")
def importable() -> Iterator[None]:
    """Workers find the functions of `animeflow_tests.media.isolated`; one that was started before would not."""
    root = str(Path(animeflow_tests.__file__).parents[1])
    worker_process.POOL.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
        yield


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all generated media."""
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="session")
def plain_mkv(corpus: Path) -> Path:
    """48 frames of H.264 at 24 a second, key frames every 12, B-frames, no sound."""
    return write_numbered(corpus / "plain.mkv", FRAMES, *H264)


@pytest.fixture(scope="session")
def plain_mp4(corpus: Path) -> Path:
    """As plain_mkv, with exact ticks."""
    return write_numbered(corpus / "plain.mp4", FRAMES, *H264)


@pytest.fixture(scope="session")
def edit_list_mp4(corpus: Path, plain_mp4: Path) -> Path:
    """Frames 15 to 47: an edit list hides frames 12 to 14, which must be decoded all the same."""
    ffmpeg("-ss", "0.625", "-i", plain_mp4, "-c", "copy", corpus / "edit.mp4")
    return corpus / "edit.mp4"


@pytest.fixture(scope="session")
def rotated_mp4(corpus: Path, plain_mp4: Path) -> Path:
    ffmpeg("-display_rotation", "90", "-i", plain_mp4, "-c", "copy", corpus / "rotated.mp4")
    return corpus / "rotated.mp4"


VFR_NUMBERS = [n for n in range(FRAMES) if n % 3 == 0 or n % 7 == 0]


@pytest.fixture(scope="session")
def vfr_mkv(corpus: Path) -> Path:
    """The frames of VFR_NUMBERS at their own times."""
    keep = ("-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-fps_mode", "vfr")
    return write_numbered(corpus / "vfr.mkv", FRAMES, *keep, *H264)


@pytest.fixture(scope="session")
def guessed_rate_mkv(corpus: Path) -> Path:
    """Every frame at a distance of its own: FFmpeg guesses the clock's rate, 1000 frames a second."""
    uneven = (
        "-vf",
        "setpts='(40*N+mod(N*N,17))/1000/TB'",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/1000",
    )
    return write_numbered(corpus / "guessed.mkv", FRAMES, *uneven, *H264, rate="1000")


@pytest.fixture(scope="session")
def fast_mp4(corpus: Path) -> Path:
    """300 frames a second."""
    return write_numbered(corpus / "fast.mp4", FRAMES, *H264, rate="300")


@pytest.fixture(scope="session")
def transport_stream(corpus: Path) -> Path:
    """MPEG-TS with sound; its clock starts at 1.4 s."""
    sound = ("-f", "lavfi", "-i", "sine=440:d=2", "-map", "0", "-map", "1", "-c:a", "mp2")
    return write_numbered(corpus / "stream.ts", FRAMES, *sound, "-c:v", "mpeg2video", "-q:v", "2", "-g", "12")


@pytest.fixture(scope="session")
def avi(corpus: Path) -> Path:
    return write_numbered(corpus / "old.avi", FRAMES, "-c:v", "mpeg4", "-q:v", "2", "-bf", "2")


@pytest.fixture(scope="session")
def interlaced_mkv(corpus: Path) -> Path:
    return write_numbered(corpus / "interlaced.mkv", 24, "-flags", "+ilme+ildct", "-x264opts", "tff=1", *H264)


@pytest.fixture(scope="session")
def hdr_mkv(corpus: Path) -> Path:
    master = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    params = (
        "log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:"
        f"master-display={master}:max-cll=1000,400"
    )
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")
    return write_numbered(corpus / "hdr.mkv", 24, *codec, "-x265-params", params)


@pytest.fixture(scope="session")
def cover_jpg(corpus: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=0.04", "-frames:v", "1", corpus / "cover.jpg")
    return corpus / "cover.jpg"


@pytest.fixture(scope="session")
def rich_mkv(corpus: Path, cover_jpg: Path) -> Path:
    """All that an anime release holds: 10 bit at 4:3 pixels, two sound tracks, ASS, font, cover, chapters, title."""
    (corpus / "sub.ass").write_text(ASS)
    (corpus / "chapters.txt").write_text(CHAPTERS)
    (corpus / "font.ttf").write_bytes(bytes(range(256)) * 12)
    # fmt: off
    return write_numbered(
        corpus / "rich.mkv", FRAMES,
        "-f", "lavfi", "-i", "sine=440:d=2", "-f", "lavfi", "-i", "sine=880:d=2", "-i", corpus / "sub.ass",
        "-i", corpus / "chapters.txt", "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s",
        "-map_metadata", "4", "-map_chapters", "4",
        "-vf", "setsar=4/3,scale=out_color_matrix=bt709:out_range=tv,setparams=color_primaries=bt709:color_trc=bt709",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "24", "-bf", "2", "-pix_fmt", "yuv420p10le",
        "-c:a:0", "aac", "-c:a:1", "flac", "-c:s", "ass",
        "-metadata:s:a:0", "language=jpn", "-metadata:s:a:1", "language=eng", "-metadata:s:a:1", "title=Commentary",
        "-disposition:a:0", "0", "-disposition:a:1", "default+comment",
        "-attach", corpus / "font.ttf", "-metadata:s:t:0", "mimetype=application/x-truetype-font",
        "-attach", cover_jpg, "-metadata:s:t:1", "mimetype=image/jpeg", "-metadata:s:t:1", "filename=cover.jpg",
        rate="24000/1001",
    )
    # fmt: on


@pytest.fixture(scope="session")
def mov_text_mp4(corpus: Path, rich_mkv: Path, cover_jpg: Path) -> Path:
    """MP4 with mov_text subtitles, a chapter track and a cover."""
    # fmt: off
    ffmpeg("-i", rich_mkv, "-i", cover_jpg, "-map", "0:v:0", "-map", "0:a:0", "-map", "0:s:0", "-map", "1:v",
           "-c", "copy", "-c:s", "mov_text", "-disposition:v:1", "attached_pic", corpus / "text.mp4")
    # fmt: on
    return corpus / "text.mp4"


@pytest.fixture(scope="session")
def big_cover_jpg(corpus: Path) -> Path:
    """Larger than any film here."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x320:d=0.04", "-frames:v", "1", corpus / "big-cover.jpg")
    return corpus / "big-cover.jpg"


@pytest.fixture(scope="session")
def lost_cover_mp4(corpus: Path, plain_mkv: Path, big_cover_jpg: Path) -> Path:
    """A cover larger than the film, as a plain one-frame MJPEG track: remuxing lost its flag."""
    # fmt: off
    ffmpeg("-i", plain_mkv, "-i", big_cover_jpg, "-map", "0:v", "-map", "1:v", "-c", "copy",
           corpus / "lost-cover.mp4")
    # fmt: on
    return corpus / "lost-cover.mp4"


@pytest.fixture(scope="session")
def lost_cover_mkv(corpus: Path, big_cover_jpg: Path) -> Path:
    """As a plain remux leaves an attached cover, here as the first track: its frames are not counted, it has a rate."""
    cover = ("-metadata:s:t", "mimetype=image/jpeg", "-metadata:s:t", "filename=folder.jpg")
    path = write_numbered(corpus / "attached-cover.mkv", FRAMES, *H264, "-attach", big_cover_jpg, *cover)
    ffmpeg("-i", path, "-map", "0:1", "-map", "0:0", "-c", "copy", corpus / "lost-cover.mkv")
    return corpus / "lost-cover.mkv"


@pytest.fixture(scope="session")
def mjpeg_and_small_mkv(corpus: Path, plain_mkv: Path) -> Path:
    """A film in MJPEG beside a smaller video of another codec."""
    path = write_numbered(corpus / "mjpeg.mkv", FRAMES, "-c:v", "mjpeg", "-q:v", "2", size=(320, 192))
    ffmpeg(
        "-i", plain_mkv, "-i", path, "-map", "0", "-map", "1", "-c", "copy", corpus / "mjpeg-and-small.mkv"
    )
    return corpus / "mjpeg-and-small.mkv"


@pytest.fixture(scope="session")
def one_frame_mkv(corpus: Path) -> Path:
    return write_numbered(corpus / "one.mkv", 1, *H264)


@pytest.fixture(scope="session")
def sound_mp4(corpus: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", "sine=440:d=1", "-c:a", "aac", corpus / "sound.mp4")
    return corpus / "sound.mp4"


@pytest.fixture(scope="session")
def long_mkv(corpus: Path) -> Path:
    """192 frames (8 s), for damage that has to be long enough to be seen."""
    return write_numbered(corpus / "long.mkv", 192, *H264)


@pytest.fixture(scope="session")
def truncated_mkv(corpus: Path, long_mkv: Path) -> Path:
    data = long_mkv.read_bytes()
    (corpus / "truncated.mkv").write_bytes(data[: len(data) // 2])
    return corpus / "truncated.mkv"


@pytest.fixture(scope="session")
def truncated_mp4(corpus: Path, plain_mp4: Path) -> Path:
    """The index of an MP4 is at its end: without it nothing is readable."""
    data = plain_mp4.read_bytes()
    (corpus / "truncated.mp4").write_bytes(data[: len(data) // 2])
    return corpus / "truncated.mp4"


ODD_NAMES = (
    "with space.mkv",
    "quo'te\".mkv",
    "new\nline.mkv",
    "日本語アニメ.mkv",
    "-x.mkv",
    "a:b.mkv",
    "%d 100%.mkv",
    "n" * 196 + ".mkv",
    "semi;colon$(x)`y`.mkv",
    "latin-\udce9.mkv",
)


@pytest.fixture(params=ODD_NAMES, ids=[f"name{n}" for n in range(len(ODD_NAMES))])
def oddly_named(request: pytest.FixtureRequest, plain_mkv: Path, tmp_path: Path) -> Path:
    """The plain video under a name that shells, URLs or tables trip over."""
    path = tmp_path / request.param
    shutil.copyfile(plain_mkv, path)
    return path


@pytest.fixture(scope="module")
def encoded(rich_mkv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[EncodePlan, Path, list[int]]:
    """The plan of an encode of every kind of stream with a cut at frame 24, the encode, and its source's times."""
    index = read_frame_index(rich_mkv)
    assert index is not None
    pts = index.pts.tolist()
    plan = make_plan(probe(rich_mkv), cuts=[24], pts=pts, encoder=svt("draft"))
    path = tmp_path_factory.mktemp("encoded") / "out.mkv"
    encode_video(plan, path, cuts=[24], pts=pts)
    return plan, path, pts


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """faults("segv:probe:0:bad.mkv") makes the next workers die there."""

    def arm(*texts: str) -> None:
        worker_process.POOL.close()
        words = [word for text in texts for word in ("--fault", text)]
        monkeypatch.setattr(worker_process, "worker_arguments", lambda: words)

    yield arm
    worker_process.POOL.close()
