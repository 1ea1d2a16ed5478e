"""The sound of clips: all of it from the first frame to the last one's end, whatever the track's beginning says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from animeflow.media.clips.cut import ClipSource, clip_source, cut_clip
from animeflow.media.clips.shape import ClipShape
from animeflow.media.clips.sound import write_clip_sound
from animeflow.media.demux.streams import list_audio
from animeflow.media.encode.encoders import X264, svt
from animeflow_tests.media.numbered import AV1, ffmpeg, write_numbered

SMALL = X264(30.0, preset="ultrafast")
SHAPES = [ClipShape(), ClipShape("mp4"), ClipShape("mp4", SMALL), ClipShape("mkv", SMALL)]
PACKET_S = 1024 / 48000


def tone(seconds: float) -> tuple[str, ...]:
    return (
        "-f",
        "lavfi",
        "-i",
        f"sine=440:sample_rate=48000:duration={seconds}",
        "-map",
        "0:v",
        "-map",
        "1:a",
    )


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    """The encode of an MP4 that was trimmed by copy: its sound begins 0.7 s before the first frame, hidden by an edit
    list, which Matroska keeps as the delay of the codec. Key frames at 0 and 24.
    """
    folder = tmp_path_factory.mktemp("trimmed")
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "240", "-c:a", "aac")
    whole = write_numbered(folder / "whole.mp4", 96, *tone(4), *h264)
    ffmpeg("-ss", "0.7", "-i", whole, "-c", "copy", folder / "trimmed.mp4")
    encoded = folder / "encode.mkv"
    ffmpeg("-i", folder / "trimmed.mp4", *AV1, "-force_key_frames", "1.0", "-c:a", "copy", encoded)
    with av.open(str(encoded)) as container:
        delay = min(packet.pts for packet in container.demux(audio=0) if packet.size)
    assert delay * container_time_base(encoded) < -0.4, "else there is nothing to lose"
    return clip_source(encoded)


def container_time_base(path: Path) -> Fraction:
    with av.open(str(path)) as container:
        return container.streams.audio[0].time_base


def heard(path: Path) -> tuple[float, float]:
    """(first sample, end of the last one) in seconds after the first frame, as decoded."""
    with av.open(str(path)) as container:
        picture = next(packet for packet in container.demux(video=0) if packet.size)
        zero = min(float(picture.pts * picture.time_base), 0.0)
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    last = frames[-1]
    return frames[0].time - zero, last.time + last.samples / last.rate - zero


def begins(path: Path) -> float:
    with av.open(str(path)) as container:
        return min(float(p.pts * p.time_base) for p in container.demux(video=0) if p.size)


@pytest.mark.parametrize(("start", "end"), [(0, 20), (24, 48), (30, 60)])
@pytest.mark.parametrize("shape", SHAPES, ids=["copy", "copy-mp4", "h264-mp4", "h264-mkv"])
def test_a_clip_sounds_from_its_first_frame_to_its_last(
    trimmed: ClipSource, tmp_path: Path, start: int, end: int, shape: ClipShape
) -> None:
    clip = cut_clip(
        trimmed, tmp_path / f"clip.{shape.container}", start=start, end=end, shape=shape, encoder=svt("draft")
    )
    assert begins(clip.path) == pytest.approx(0, abs=0.002)
    first, last = heard(clip.path)
    assert 0 <= first <= PACKET_S + 0.002
    assert last == pytest.approx((end - start) / 24, abs=PACKET_S + 0.002)
    assert [path.name for path in tmp_path.iterdir()] == [clip.path.name]


@pytest.mark.parametrize("start", [0, 1], ids=["on-a-key-frame", "after-it"])
@pytest.mark.parametrize("shape", SHAPES, ids=["copy", "copy-mp4", "h264-mp4", "h264-mkv"])
def test_sound_and_picture_go_on_while_the_last_drawing_is_held(
    tmp_path: Path, shape: ClipShape, start: int
) -> None:
    held = ("-vf", r"select='lt(n,20)+gte(n,48)'", "-fps_mode", "vfr", *AV1, "-force_key_frames", "2.0")
    source = clip_source(write_numbered(tmp_path / "held.mkv", 60, *tone(2.5), *held, "-c:a", "flac"))
    clip = cut_clip(
        source, tmp_path / f"clip.{shape.container}", start=start, end=20, shape=shape, encoder=svt("draft")
    )
    wanted = 2.0 - start / 24
    assert heard(clip.path)[1] == pytest.approx(wanted, abs=0.11)
    muted = tmp_path / f"mute.{shape.container}"
    cut_clip(source, clip.path, start=start, end=20, muted=muted, shape=shape, encoder=svt("draft"))
    cut_clip(source, clip.path, start=start, end=20, audio=False, shape=shape, encoder=svt("draft"))
    for silent in (clip.path, muted):
        with av.open(str(silent)) as container:
            stream = container.streams.video[0]
            assert float(container.duration / 1e6) == pytest.approx(wanted, abs=0.002)
            assert stream.duration is None or float(stream.duration * stream.time_base) == pytest.approx(
                wanted, abs=0.002
            )


@pytest.mark.parametrize("keyed", [True, False], ids=["copied", "encoded"])
@pytest.mark.parametrize("shape", SHAPES, ids=["copy", "copy-mp4", "h264-mp4", "h264-mkv"])
@pytest.mark.parametrize("audio", [True, False])
def test_a_clip_of_one_held_drawing_lasts_as_long_as_it(
    tmp_path: Path, shape: ClipShape, keyed: bool, audio: bool
) -> None:
    keys = ("-force_key_frames", "0.79,2.0" if keyed else "2.0")
    held = ("-vf", r"select='lt(n,20)+gte(n,48)'", "-fps_mode", "vfr", *AV1, *keys)
    source = clip_source(write_numbered(tmp_path / "held.mkv", 60, *tone(2.5), *held, "-c:a", "flac"))
    path, mute = tmp_path / f"clip.{shape.container}", tmp_path / f"clip.mute.{shape.container}"
    clip = cut_clip(
        source, path, start=19, end=20, audio=audio, muted=mute, shape=shape, encoder=svt("draft")
    )
    assert clip.method == ("copy" if keyed and shape.h264 is None else "encode")
    for one in (path, *([mute] if audio else [])):
        with av.open(str(one)) as container:
            exact = 0.11 if audio and one is path else 0.002
            assert float(container.duration / 1e6) == pytest.approx(2 - 19 / 24, abs=exact)
            (shown,) = [p for p in container.demux(video=0) if p.size]
            if shape.container == "mp4":  # Matroska names no length of a picture
                assert float(shown.duration * shown.time_base) == pytest.approx(2 - 19 / 24, abs=0.002)


@pytest.mark.parametrize(
    ("codec", "name"),
    [("aac", "aac"), ("ac3", "ac3"), ("eac3", "eac3"), ("libopus", "opus"), ("flac", "flac"), ("alac", "alac"),
     ("pcm_s24le", "pcm_s24le"), ("libmp3lame", "mp3float")],
)  # fmt: skip
def test_no_codec_becomes_another(tmp_path: Path, codec: str, name: str) -> None:
    path, target = tmp_path / "sound.mka", tmp_path / "clip.sound"
    ffmpeg("-f", "lavfi", "-i", "sine=440:sample_rate=48000:duration=3", "-c:a", codec, path)
    with av.open(str(path)) as container:
        tracks = list_audio(container)
    kept, starts = write_clip_sound(path, tracks, target, first=Fraction(1), last=Fraction(2))
    assert kept == tracks and 0 <= starts < 0.11
    with av.open(str(target)) as container:
        assert container.streams.audio[0].codec_context.name == name


MANY = ("eac3", "aac", "alac", "truehd", "opus")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    """An encode with a picture as stream 0 and sound of several codecs, some of which NUT does not hold."""
    path = tmp_path_factory.mktemp("many") / "many.mkv"
    sound = ("-map", "1:a", "-map", "1:a", "-map", "1:a", "-map", "1:a", "-ac", "2", "-strict", "-2")
    codecs = [w for n, codec in enumerate(MANY) for w in (f"-c:a:{n}", codec.replace("opus", "libopus"))]
    return clip_source(write_numbered(path, 72, *tone(3), *sound, *AV1, "-force_key_frames", "1.0", *codecs))


@pytest.mark.parametrize(("start", "end"), [(0, 20), (24, 48), (30, 60)])
@pytest.mark.parametrize("shape", SHAPES, ids=["copy", "copy-mp4", "h264-mp4", "h264-mkv"])
def test_codecs_that_nut_does_not_hold_are_cut_beside_pictures_and_other_sound(
    many: ClipSource, tmp_path: Path, start: int, end: int, shape: ClipShape
) -> None:
    clip = cut_clip(
        many, tmp_path / f"clip.{shape.container}", start=start, end=end, shape=shape, encoder=svt("draft")
    )
    with av.open(str(clip.path)) as container:
        names = [stream.codec_context.codec.canonical_name for stream in container.streams.audio]
    assert names == [*MANY[:3], "aac" if shape.container == "mp4" else "truehd", MANY[4]]


def test_sound_beside_a_codec_that_nut_does_not_hold_is_placed_as_without_it(
    trimmed: ClipSource, tmp_path: Path
) -> None:
    """Matroska would bring the delay of the whole track along, which players drop from the clip's beginning."""
    path = tmp_path / "two.mkv"
    ffmpeg("-i", trimmed.path, "-map", "0", "-map", "0:a", "-c", "copy", "-c:a:1", "eac3", path)
    two = clip_source(path)
    for shape in SHAPES[:2]:
        clip = cut_clip(two, tmp_path / f"clip.{shape.container}", start=24, end=48, shape=shape)
        first, last = heard(clip.path)
        assert 0 <= first <= PACKET_S + 0.002
        assert last == pytest.approx(1, abs=PACKET_S + 0.002)


@pytest.mark.parametrize("shape", SHAPES[1:3], ids=["copy-mp4", "h264-mp4"])
def test_an_mp4_whose_sound_becomes_aac_begins_with_its_first_picture(
    tmp_path: Path, shape: ClipShape
) -> None:
    codecs = (*tone(3), *AV1, "-force_key_frames", "1.0", "-c:a", "pcm_u8")
    source = clip_source(write_numbered(tmp_path / "u8.mkv", 60, *codecs))
    for start, end in ((0, 20), (24, 48)):
        mute = tmp_path / "mute.mp4"
        clip = cut_clip(source, tmp_path / "clip.mp4", start=start, end=end, shape=shape, muted=mute)
        assert begins(clip.path) == begins(mute) == 0
        assert heard(clip.path)[0] == pytest.approx(0, abs=0.002)


@pytest.mark.parametrize("shape", SHAPES[1:3], ids=["copy-mp4", "h264-mp4"])
def test_an_mp4_keeps_the_last_packet_of_a_codec_that_says_no_lengths(
    tmp_path: Path, shape: ClipShape
) -> None:
    source = clip_source(write_numbered(tmp_path / "alac.mkv", 60, *tone(3), *AV1, "-c:a", "alac"))
    clip = cut_clip(source, tmp_path / "clip.mp4", start=0, end=40, shape=shape)
    assert heard(clip.path) == pytest.approx((0, 20 * 4096 / 48000), abs=0.002)


def test_a_clip_before_the_sound_begins_has_none(tmp_path: Path) -> None:
    late = ("-itsoffset", "1.5", *tone(1), *AV1, "-force_key_frames", "1.0", "-c:a", "flac")
    source = clip_source(write_numbered(tmp_path / "late.mkv", 60, *late))
    clip = cut_clip(source, tmp_path / "clip.mkv", start=0, end=24, muted=tmp_path / "mute.mkv")
    with av.open(str(clip.path)) as container:
        assert not container.streams.audio
    assert clip.muted is None
