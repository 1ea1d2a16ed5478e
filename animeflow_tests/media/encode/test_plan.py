from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from animeflow.errors import ContractError, EncodeError
from animeflow.media.demux.streams import AudioTrack, SubtitleTrack
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.plan import (
    EncodePlan,
    encode_command,
    key_frame_times,
    make_plan,
)
from animeflow.media.encode.stream_outcomes import stream_outcomes
from animeflow.media.probe.file import Probe, probe
from animeflow_tests.media.numbered import ffmpeg

MS = Fraction(1, 1000)
FFMPEG, OUT = Path("ffmpeg"), Path("out.mkv")


def plan_of(found: Probe, **settings: object) -> EncodePlan:
    pts = range(0, 40 * found.video.frames, 40)
    return make_plan(found, cuts=[5, 9], pts=pts, **settings)  # type: ignore[arg-type]


def after(command: list[str], word: str) -> str:
    return command[command.index(word) + 1]


def audio_track(codec: str, channels: int = 2, layout: str = "stereo") -> AudioTrack:
    return AudioTrack(1, codec, channels, layout, 48000, "s16", None, None, None, ())


def fate(found: Probe, *, audio: str | None = None, subtitle: str | None = None) -> tuple[str, str | None]:
    tracks = () if audio is None else (audio_track(audio),)
    texts = () if subtitle is None else (SubtitleTrack(1, subtitle, None, None, ()),)
    outcome = stream_outcomes(replace(found, audio=tracks, subtitles=texts))[1]
    return outcome.action, outcome.to


def test_key_frames_are_asked_for_between_the_cut_and_the_frame_before() -> None:
    assert key_frame_times([0, 42, 83, 125], [2], MS) == (Fraction(125, 2000),)


def test_cuts_are_sorted_once_each_and_frame_0_needs_none() -> None:
    assert key_frame_times([0, 40, 80, 120], [3, 0, 1, 3], MS) == (Fraction(20, 1000), Fraction(100, 1000))


def test_the_start_of_the_container_is_taken_off() -> None:
    assert key_frame_times([129600, 133200], [1], Fraction(1, 90000), start_time_s=1.4) == (Fraction(6, 100),)


@pytest.mark.parametrize("cut", [-1, 4])
def test_a_cut_outside_the_video_is_refused(cut: int) -> None:
    with pytest.raises(ContractError):
        key_frame_times([0, 40, 80, 120], [cut], MS)


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ("aac", ("copy", "aac")), ("flac", ("copy", "flac")), ("eac3", ("copy", "eac3")), ("opus", ("copy", "opus")),
        ("pcm_s16le", ("convert", "flac")), ("pcm_s24be", ("convert", "flac")), ("pcm_s32le", ("copy", "pcm_s32le")),
        ("amr_nb", ("convert", "opus")), ("cook", ("convert", "opus")), ("unknown", ("drop", None)),
    ],
)  # fmt: skip
def test_sound_is_copied_where_matroska_carries_it(
    plain_mkv: Path, codec: str, expected: tuple[str, str | None]
) -> None:
    assert fate(probe(plain_mkv), audio=codec) == expected


def test_sound_can_be_asked_for_as_opus(plain_mkv: Path) -> None:
    found = replace(probe(plain_mkv), audio=(audio_track("aac"),))
    assert [(o.action, o.to) for o in plan_of(found, audio="opus").of_kind("audio")] == [("convert", "opus")]


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ("ass", ("copy", "ass")), ("subrip", ("copy", "subrip")), ("hdmv_pgs_subtitle", ("copy", "hdmv_pgs_subtitle")),
        ("mov_text", ("convert", "subrip")), ("eia_608", ("drop", None)),
    ],
)  # fmt: skip
def test_subtitles_are_copied_converted_or_named_as_dropped(
    plain_mkv: Path, codec: str, expected: tuple[str, str | None]
) -> None:
    assert fate(probe(plain_mkv), subtitle=codec) == expected


def test_side_layouts_reach_opus_under_a_name_it_takes(plain_mkv: Path) -> None:
    found = replace(probe(plain_mkv), audio=(audio_track("cook", 6, "5.1(side)"),))
    command = encode_command(plan_of(found), FFMPEG, OUT, [])
    assert after(command, "-filter:a:0") == "aformat=channel_layouts=5.1"
    assert after(command, "-b:a:0") == "384000"


def test_streams_are_mapped_by_number_and_covers_attached(rich_mkv: Path) -> None:
    command = encode_command(plan_of(probe(rich_mkv)), FFMPEG, OUT, [Path("c.jpg")])
    assert [b for a, b in pairwise(command) if a == "-map"] == ["0:0", "0:1", "0:2", "0:3", "0:4"]
    assert after(command, "-attach") == "c.jpg"
    assert "mimetype=image/jpeg" in command
    assert after(command, "-disposition:a:0") == "0"
    assert after(command, "-disposition:a:1") == "default+comment"
    assert after(command, "-fflags") == "+bitexact"
    assert after(command, "-fps_mode:v:0") == "passthrough"


def test_a_missing_cover_file_is_an_error(rich_mkv: Path) -> None:
    with pytest.raises(EncodeError):
        encode_command(plan_of(probe(rich_mkv)), FFMPEG, OUT, [])


def test_quality_goes_in_as_a_parameter_that_keeps_its_fraction(plain_mkv: Path) -> None:
    command = encode_command(plan_of(probe(plain_mkv), encoder=svt(crf=30.5), threads=2), FFMPEG, OUT, [])
    assert after(command, "-svtav1-params").endswith("crf=30.5:lp=2")
    assert "-crf" not in command


def test_tags_that_describe_the_old_packets_are_removed(plain_mkv: Path) -> None:
    found = probe(plain_mkv)
    tags = {"BPS": "1", "NUMBER_OF_FRAMES-eng": "2", "title": "kept"}
    command = encode_command(
        plan_of(replace(found, video=replace(found.video, metadata=tags))), FFMPEG, OUT, []
    )
    removed = [b for a, b in pairwise(command) if a == "-metadata:s:v:0"]
    assert removed == ["BPS=", "NUMBER_OF_FRAMES-eng="]


def test_pictures_with_alpha_are_refused(plain_mkv: Path) -> None:
    found = probe(plain_mkv)
    with pytest.raises(EncodeError, match="alpha"):
        plan_of(replace(found, video=replace(found.video, pix_fmt="yuva420p")))


@pytest.mark.parametrize(("tags", "refused"), [({"alpha_mode": "1"}, True), ({"ALPHA_MODE": "0"}, False)])
def test_alpha_that_only_a_tag_tells_is_refused(plain_mkv: Path, tags: dict[str, str], refused: bool) -> None:
    found = probe(plain_mkv)
    tagged = replace(found, video=replace(found.video, metadata=tags))
    with pytest.raises(EncodeError, match="alpha") if refused else nullcontext():
        plan_of(tagged)


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_alpha_of_vp8_and_vp9_is_refused(codec: str, tmp_path: Path) -> None:
    picture = "color=red@0.5:s=64x64:r=24:d=0.1,format=yuva420p"
    path = tmp_path / "alpha.webm"
    ffmpeg("-f", "lavfi", "-i", picture, "-c:v", codec, "-auto-alt-ref", "0", "-b:v", "100k", path)
    assert probe(path).video.pix_fmt == "yuv420p"
    with pytest.raises(EncodeError, match="alpha_mode 1"):
        plan_of(probe(path))


def test_tags_that_describe_old_packets_are_removed_from_converted_tracks_only(plain_mkv: Path) -> None:
    tracks = (replace(audio_track("cook"), language="jpn"), replace(audio_track("aac"), index=2))
    command = encode_command(plan_of(replace(probe(plain_mkv), audio=tracks)), FFMPEG, OUT, [])
    removed = [b for a, b in pairwise(command) if a == "-metadata:s:a:0"]
    assert {"BPS=", "NUMBER_OF_FRAMES-jpn=", "DURATION-eng=", "_STATISTICS_TAGS="} <= set(removed)
    assert "-metadata:s:a:1" not in command


@pytest.mark.parametrize(
    ("pix_fmt", "depth", "why"),
    [
        ("yuv420p", 8, None), ("yuvj420p", 8, None), ("yuv420p10le", 10, None), ("nv12", 8, None), ("gray", 8, None),
        ("yuv444p", 8, "chroma 4:4:4 -> 4:2:0"), ("yuv422p10le", 10, "chroma 4:2:2 -> 4:2:0"),
        ("yuv420p12le", 12, "12 -> 10 bit"), ("yuv444p12le", 12, "chroma 4:4:4 -> 4:2:0, 12 -> 10 bit"),
        ("gbrp", 8, "chroma RGB -> 4:2:0"), ("bgr0", 8, "chroma RGB -> 4:2:0"),
    ],
)  # fmt: skip
def test_what_the_encode_loses_of_the_pictures_is_said_or_refused(
    plain_mkv: Path, pix_fmt: str, depth: int, why: str | None
) -> None:
    found = probe(plain_mkv)
    found = replace(found, video=replace(found.video, pix_fmt=pix_fmt, bit_depth=depth))
    assert plan_of(found).outcomes[0].why == why
    if why is None:
        plan_of(found, chroma="refuse")
    else:
        with pytest.raises(EncodeError, match="would lose"):
            plan_of(found, chroma="refuse")
