from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import EncodeError
from animeflow.media.command import run_command
from animeflow.media.decode.reader import open_video
from animeflow.media.encode.fidelity_picture import subsampling
from animeflow.media.encode.fidelity_row import unexplained
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.media.probe.stream_facts import describe_video, read_stream_facts
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.encoded import compare, encode, encode_decoded, frame_times, with_sound
from animeflow_tests.media.numbered import ffmpeg, write_numbered

CASES = [
    "edit_list_mp4",
    "rotated_mp4",
    "mov_text_mp4",
    "interlaced_mkv",
    "hdr_mkv",
    "lost_cover_mp4",
    "lost_cover_mkv",
    "aac_ts",
    "opus_mkv",
    "pcm_mov",
    "pcm_avi",
    "surround_mkv",
    "wma_wmv",
    "wma_avi",
    "late_mkv",
    "rgb_mkv",
    "gray_mkv",
    "gray16_mkv",
    "off_grid_mkv",
]


@pytest.fixture(scope="module")
def aac_ts(corpus: Path) -> Path:
    """AAC with ADTS headers, sound before the first picture, times on the 90 kHz clock."""
    ffmpeg("-i", with_sound(corpus / "aac.mp4", *H264, "-c:a", "aac"), "-c", "copy", corpus / "aac.ts")
    return corpus / "aac.ts"


@pytest.fixture(scope="module")
def opus_mkv(corpus: Path) -> Path:
    return with_sound(corpus / "opus.mkv", *H264, "-c:a", "libopus")


@pytest.fixture(scope="module")
def pcm_mov(corpus: Path) -> Path:
    """Sound that becomes Opus, a timecode track, a clock time."""
    words = (
        "-c:a",
        "pcm_mulaw",
        "-timecode",
        "01:00:00:00",
        "-metadata",
        "creation_time=2020-01-01T00:00:00Z",
    )
    return with_sound(corpus / "pcm.mov", *H264, *words)


@pytest.fixture(scope="module")
def pcm_avi(corpus: Path) -> Path:
    """Uncompressed sound whose header names no channel layout."""
    return with_sound(
        corpus / "pcm.avi", "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-c:a", "pcm_s16le", "-ac", "2"
    )


@pytest.fixture(scope="module")
def surround_mkv(corpus: Path) -> Path:
    return with_sound(corpus / "surround.mkv", *H264, "-c:a", "pcm_s24le", "-ac", "6")


@pytest.fixture(scope="module")
def wma_wmv(corpus: Path) -> Path:
    """Sound whose decoder drops all of the first packet."""
    return with_sound(
        corpus / "sound.wmv", "-pix_fmt", "yuv420p", "-c:v", "wmv2", "-c:a", "wmav2", "-ac", "2"
    )


@pytest.fixture(scope="module")
def wma_avi(corpus: Path) -> Path:
    return with_sound(corpus / "wma.avi", "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-c:a", "wmav2", "-ac", "2")


@pytest.fixture(scope="module")
def late_mkv(corpus: Path) -> Path:
    """AAC that is first heard half a second after the first picture; its packets begin 21 ms before."""
    sound = ("-itsoffset", "0.5", "-f", "lavfi", "-i", "sine=440:d=1", "-map", "0:v", "-map", "1:a")
    return write_numbered(corpus / "late.mkv", 48, *sound, *H264, "-c:a", "aac")


@pytest.fixture(scope="module")
def recording_ts(corpus: Path) -> Path:
    """A transport stream that begins in the middle of a group of pictures, as recordings of TV do."""
    words = (*H264, "-g", "24", "-c:a", "ac3", "-f", "mpegts")
    whole = with_sound(corpus / "whole.ts", *words).read_bytes()
    (corpus / "recording.ts").write_bytes(whole[len(whole) // 4 // 188 * 188 :])
    return corpus / "recording.ts"


@pytest.fixture(scope="module")
def rgb_mkv(corpus: Path) -> Path:
    return write_numbered(corpus / "rgb.mkv", 12, "-c:v", "ffv1")


def grey_ramp(path: Path, pix_fmt: str, level: str) -> Path:
    """Columns of all 256 levels from black to white."""
    picture = f"nullsrc=s=256x64:r=24:d=0.25,format={pix_fmt},geq=lum='{level}'"
    ffmpeg("-f", "lavfi", "-i", picture, "-pix_fmt", pix_fmt, "-c:v", "ffv1", path)
    return path


@pytest.fixture(scope="module")
def gray_mkv(corpus: Path) -> Path:
    return grey_ramp(corpus / "gray.mkv", "gray", "X")


@pytest.fixture(scope="module")
def gray16_mkv(corpus: Path) -> Path:
    return grey_ramp(corpus / "gray16.mkv", "gray16le", "X*257")


@pytest.fixture(scope="module")
def off_grid_mkv(corpus: Path) -> Path:
    """Frame times that are no multiples of one frame's length."""
    times = (
        "-vf",
        r"settb=1/1000,setpts=PTS+mod(N\,5)*7",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/1000",
    )
    return write_numbered(corpus / "off-grid.mkv", 48, *times, *H264)


def joined(folder: Path, name: str, *sound: str) -> Path:
    """Two programme streams, one behind the other, each with a clock of its own. `sound` is said of the second's."""
    codecs = (
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "mpeg2video",
        "-c:a",
        "ac3",
        "-f",
        "vob",
    )
    tone = ("-f", "lavfi", "-i", "sine=440:r=48000:d=2")
    parts = [
        write_numbered(folder / f"{n}-{name}", 48, *late, *tone, *codecs).read_bytes()
        for n, late in enumerate(((), sound))
    ]
    (folder / name).write_bytes(b"".join(parts))
    return folder / name


@pytest.mark.parametrize("name", CASES)
def test_no_difference_is_left_unexplained(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    source: Path = request.getfixturevalue(name)
    plan, result = encode(source, tmp_path / "out.mkv")
    rows = compare(plan, result)
    assert unexplained(rows) == []
    assert next(row.before for row in rows if row.property == "codec") == plan.probe.video.codec


@pytest.mark.parametrize("name", ["aac_ts", "transport_stream"])
def test_sound_keeps_its_place_beside_the_pictures(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The encoder's clock of one tick a frame moved all pictures by up to half a frame; that of the file does not."""
    plan, result = encode(request.getfixturevalue(name), tmp_path / "out.mkv")
    (offset,) = (row for row in compare(plan, result) if row.property == "offset")
    assert offset.before < -0.005
    assert offset.after == pytest.approx(offset.before, abs=0.0011)


@pytest.mark.parametrize("name", ["gray_mkv", "gray16_mkv"])
def test_grey_of_full_range_keeps_its_levels_in_limited_range(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    plan, result = encode(request.getfixturevalue(name), tmp_path / "out.mkv")
    with open_video(result.path, purpose="test") as reader:
        picture = next(iter(reader))
        columns = picture.rgb().mean(axis=(0, 2))
    assert np.abs(columns - np.arange(256)).max() < 3
    (row,) = (row for row in compare(plan, result) if row.property == "color_range")
    assert (row.before, row.after, row.same) == (2, 1, False)
    assert row.why


def test_another_range_of_grey_or_colour_is_found(gray_mkv: Path, rich_mkv: Path, tmp_path: Path) -> None:
    plan, result = encode(gray_mkv, tmp_path / "out.mkv")
    unsaid = replace(result, video=replace(result.video, color_range=0))
    assert [row.property for row in unexplained(compare(plan, unsaid))] == ["color_range"]
    plan, result = encode(rich_mkv, tmp_path / "colour.mkv")
    full = replace(plan, probe=replace(plan.probe, video=replace(plan.probe.video, color_range=2)))
    assert [row.property for row in unexplained(compare(full, result))] == ["color_range"]


def shift_sound(path: Path, target: Path) -> Path:
    """The same packets, the sound 20 ms later."""
    words = ("-itsoffset", "0.02", "-i", path, "-map", "0:v", "-map", "1:a", "-c", "copy")
    ffmpeg("-i", path, *words, target)
    return target


@pytest.mark.parametrize("name", ["wma_wmv", "wma_avi", "late_mkv"])
def test_new_packets_begin_with_the_first_sound_and_a_shift_is_found(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    plan, result = encode(request.getfixturevalue(name), tmp_path / "out.mkv", audio="opus")
    (offset,) = (row for row in compare(plan, result) if row.property == "offset")
    assert not offset.same
    assert offset.why == "its packets begin with the first sound, which is in its place"
    wrong = unexplained(compare(plan, probe(shift_sound(result.path, tmp_path / "shifted.mkv"))))
    assert ("audio 1", "offset") in {(row.stream, row.property) for row in wrong}


def test_copied_sound_has_no_such_excuse(late_mkv: Path, tmp_path: Path) -> None:
    plan, result = encode(late_mkv, tmp_path / "out.mkv")
    wrong = unexplained(compare(plan, probe(shift_sound(result.path, tmp_path / "shifted.mkv"))))
    assert ("audio 1", "offset") in {(row.stream, row.property) for row in wrong}


def test_sound_of_a_recording_is_placed_by_the_first_picture_that_is_shown(
    recording_ts: Path, tmp_path: Path
) -> None:
    plan, result = encode(recording_ts, tmp_path / "out.mkv")
    pts = frame_times(recording_ts)
    assert len(pts) < plan.probe.video.frames
    rows = compare(plan, result, pts=pts)
    assert unexplained(rows) == []
    (offset,) = (row for row in rows if row.property == "offset")
    assert offset.before < -0.2
    wrong = unexplained(compare(plan, probe(shift_sound(result.path, tmp_path / "shifted.mkv")), pts=pts))
    assert ("audio 1", "offset") in {(row.stream, row.property) for row in wrong}


def test_a_file_in_which_time_begins_anew_is_as_long_as_its_frames(tmp_path: Path) -> None:
    plan, result, pts = encode_decoded(joined(tmp_path, "two.vob"), tmp_path / "out.mkv")
    rows = {(row.stream, row.property): row for row in compare(plan, result, pts=pts)}
    end, place = rows["video", "end"], rows["audio 1", "place after time began anew"]
    assert (end.before, end.after, end.same) == (2.0, 4.0, False)
    assert -0.033 < place.after < 0
    assert end.why
    assert place.why
    short = replace(result, video=replace(result.video, times=replace(result.video.times, last_pts=3500)))
    assert ("video", "end") in {(r.stream, r.property) for r in unexplained(compare(plan, short, pts=pts))}


def test_sound_that_leaves_its_pictures_where_time_begins_anew_is_refused(tmp_path: Path) -> None:
    """ffmpeg puts the second part's sound, which begins 0.4 s after its pictures, right behind that of the first."""
    source = joined(tmp_path, "late.vob", "-itsoffset", "0.4")
    with pytest.raises(EncodeError, match=r"audio 1 place after time began anew is -0\.4"):
        encode_decoded(source, tmp_path / "out.mkv")


def test_sound_that_is_encoded_again_is_refused_where_time_begins_anew(tmp_path: Path) -> None:
    """Its packets are no longer those of the source: nothing tells whether they lie where they belong."""
    with pytest.raises(EncodeError, match="audio 1 place after time began anew is unknown"):
        encode_decoded(joined(tmp_path, "two.vob"), tmp_path / "out.mkv", audio="opus")


def test_times_on_no_grid_arrive(off_grid_mkv: Path, tmp_path: Path) -> None:
    _, result = encode(off_grid_mkv, tmp_path / "out.mkv")
    assert frame_times(result.path) == frame_times(off_grid_mkv)


def test_a_changed_packet_of_sound_is_found(rich_mkv: Path, tmp_path: Path) -> None:
    plan, _ = encode(rich_mkv, tmp_path / "out.mkv")
    noise = ("-f", "lavfi", "-i", "sine=441:d=2")
    words = (
        "-map",
        "0:v:0",
        "-map",
        "1:a",
        "-map",
        "0:a:1",
        "-map",
        "0:s",
        "-map",
        "0:t",
        "-c",
        "copy",
        "-c:a:0",
        "aac",
    )
    names = ("-metadata:s:a:0", "language=jpn", "-disposition:a:0", "0")
    ffmpeg("-i", tmp_path / "out.mkv", *noise, *words, *names, tmp_path / "other.mkv")
    wrong = {(row.stream, row.property) for row in unexplained(compare(plan, probe(tmp_path / "other.mkv")))}
    assert ("audio 1", "packets md5") in wrong
    assert ("audio 2", "packets md5") not in wrong


def test_the_md5_is_that_of_ffmpeg(rich_mkv: Path) -> None:
    facts = probe(rich_mkv)
    read = read_stream_facts(facts, digests=True, ffmpeg=ffmpeg_path())
    for track in facts.audio:
        args = ["-map", f"0:{track.index}", "-c", "copy", "-f", "md5", "-"]
        printed = run_command([ffmpeg_path(), "-v", "error", "-i", rich_mkv, *args], timeout_s=30).stdout
        assert printed.decode().strip() == f"MD5={read.packets[track.index].md5}"


def test_without_digests_only_the_first_packets_are_read(rich_mkv: Path, tmp_path: Path) -> None:
    plan, result = encode(rich_mkv, tmp_path / "out.mkv")
    rows = compare(plan, result, digests=False)
    assert unexplained(rows) == []
    assert {row.property for row in rows}.isdisjoint({"packets", "packets md5"})
    assert {row.stream for row in rows if row.property == "offset"} == {"audio 1", "audio 2", "subtitle 1"}


def test_channels_that_nobody_names_get_the_usual_layout_and_no_other(pcm_avi: Path, tmp_path: Path) -> None:
    plan, result = encode(pcm_avi, tmp_path / "out.mkv")
    (layout,) = (row for row in compare(plan, result) if row.property == "layout")
    assert (layout.before, layout.after) == ("2 channels", "stereo")
    assert layout.why
    other = replace(result, audio=(replace(result.audio[0], layout="downmix"),))
    assert [row.property for row in unexplained(compare(plan, other))] == ["layout"]
    named = replace(
        plan, probe=replace(plan.probe, audio=(replace(plan.probe.audio[0], layout="5.1(side)"),))
    )
    assert [row.property for row in unexplained(compare(named, result))] == ["layout"]


def test_changed_bytes_of_a_font_are_found(rich_mkv: Path, tmp_path: Path) -> None:
    plan, result = encode(rich_mkv, tmp_path / "out.mkv")
    data = result.path.read_bytes()
    at = data.index(bytes(range(256)) * 2)
    (tmp_path / "bad.mkv").write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    wrong = unexplained(compare(plan, probe(tmp_path / "bad.mkv")))
    assert [(row.stream, row.property) for row in wrong] == [("attachment font.ttf", "sha256")]


def test_chapters_that_moved_are_found(rich_mkv: Path, tmp_path: Path) -> None:
    plan, result = encode(rich_mkv, tmp_path / "out.mkv")
    moved = replace(result, chapters=tuple(replace(c, start_s=c.start_s + 0.01) for c in result.chapters))
    assert {row.property for row in unexplained(compare(plan, moved))} == {"start_s"}


def test_a_result_that_is_cut_short_is_found(rich_mkv: Path, tmp_path: Path) -> None:
    plan, result = encode(rich_mkv, tmp_path / "out.mkv")
    short = replace(result, truncated=True)
    assert [row.property for row in unexplained(compare(plan, short))] == ["cut short"]


def test_what_ffmpeg_says_of_the_stream_is_read(rich_mkv: Path) -> None:
    facts = probe(rich_mkv)
    assert describe_video(rich_mkv, facts.video.index, ffmpeg_path()).startswith("h264 (High 10)")
    assert read_stream_facts(facts, digests=False, ffmpeg=ffmpeg_path()).chroma == "left"


@pytest.mark.parametrize(
    ("pix_fmt", "expected"),
    [
        ("yuv420p10le", "4:2:0"),
        ("yuvj444p", "4:4:4"),
        ("yuva422p", "4:2:2"),
        ("gbrp", "RGB"),
        ("gray", "gray"),
    ],
)
def test_names_of_subsampling(pix_fmt: str, expected: str) -> None:
    assert subsampling(pix_fmt) == expected
