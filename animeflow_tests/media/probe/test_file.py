from __future__ import annotations

import hashlib
import json
import os
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from av.sidedata.sidedata import Type

from animeflow.errors import ProbeError
from animeflow.media.decode.picture_facts import read_picture_facts
from animeflow.media.decode.reader import counting_decodes, open_video
from animeflow.media.demux import streams
from animeflow.media.demux.container import cover_streams, open_container
from animeflow.media.demux.streams import read_cover
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.tables.schemas.source import SHARD_FILES
from animeflow.tables.status import Reason
from animeflow_tests.media.conftest import FRAMES, H264, VFR_NUMBERS
from animeflow_tests.media.numbered import AV1, HEIGHT, WIDTH, ffmpeg, write_numbered


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("plain_mkv", FRAMES), ("plain_mp4", FRAMES), ("edit_list_mp4", FRAMES - 15),
        ("vfr_mkv", len(VFR_NUMBERS)), ("transport_stream", FRAMES), ("avi", FRAMES), ("one_frame_mkv", 1),
        ("interlaced_mkv", 24), ("rich_mkv", FRAMES), ("mov_text_mp4", FRAMES), ("lost_cover_mp4", FRAMES),
        ("lost_cover_mkv", FRAMES), ("mjpeg_and_small_mkv", FRAMES),
    ],
)  # fmt: skip
def test_the_frame_count_is_that_of_a_full_decode(
    name: str, frames: int, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(name)
    found = probe(path).video
    with open_video(path, purpose="test") as reader:
        stamps = [f.pts for f in reader]
    assert found.frames == len(stamps) == frames
    assert (found.times.first_pts, found.times.last_pts) == (stamps[0], stamps[-1])
    assert found.times.sound


def test_probing_decodes_one_frame(long_mkv: Path) -> None:
    with counting_decodes() as counter:
        probe(long_mkv)
    assert counter == {"probe": 1}


def test_a_plain_video_has_plain_facts(plain_mp4: Path) -> None:
    found = probe(plain_mp4)
    video = found.video
    assert "mp4" in found.container
    assert (video.codec, video.width, video.height, video.pix_fmt, video.bit_depth) == (
        "h264",
        WIDTH,
        HEIGHT,
        "yuv420p",
        8,
    )
    assert (video.average_rate, video.times.variable_rate) == (24, False)
    assert (video.rotation, video.interlaced, video.hdr) == (0, False, None)
    assert (found.audio, found.subtitles, found.attachments, found.chapters, found.unmapped) == (
        (),
        (),
        (),
        (),
        (),
    )
    assert found.duration_s == pytest.approx(2.0)
    assert not found.truncated


def test_every_stream_of_a_release_is_listed(rich_mkv: Path) -> None:
    found = probe(rich_mkv)
    assert found.metadata["title"] == "The Title"
    assert found.video.sample_aspect_ratio == Fraction(4, 3)
    assert (found.video.bit_depth, found.video.pix_fmt) == (10, "yuv420p10le")
    assert (found.video.color_primaries, found.video.color_transfer, found.video.color_space) == (1, 1, 1)
    assert [(t.codec, t.language, t.title, t.dispositions) for t in found.audio] == [
        ("aac", "jpn", None, ()),
        ("flac", "eng", "Commentary", ("default", "comment")),
    ]
    assert [(t.codec, t.language) for t in found.subtitles] == [("ass", None)]
    assert [(a.kind, a.name, a.mimetype) for a in found.attachments] == [
        ("attachment", "font.ttf", "application/x-truetype-font"),
        ("cover", "cover.jpg", "image/jpeg"),
    ]
    assert found.attachments[0].size_bytes == 3072
    assert [(c.title, c.start_s, c.end_s) for c in found.chapters] == [("One", 0, 1), ("二", 1, 2)]


def test_the_bytes_of_a_cover_are_those_of_its_file(rich_mkv: Path, cover_jpg: Path) -> None:
    cover = next(a for a in probe(rich_mkv).attachments if a.kind == "cover")
    assert read_cover(rich_mkv, cover.index) == cover_jpg.read_bytes()


def test_a_cover_larger_than_the_film_is_not_the_film(lost_cover_mp4: Path) -> None:
    found = probe(lost_cover_mp4)
    assert (found.video.codec, found.video.width) == ("h264", WIDTH)
    assert [(a.kind, a.index) for a in found.attachments] == [("cover", 1)]


def test_a_cover_that_a_remux_made_a_track_is_a_cover(lost_cover_mkv: Path, big_cover_jpg: Path) -> None:
    found = probe(lost_cover_mkv)
    assert (found.video.index, found.video.codec, found.video.width) == (1, "h264", WIDTH)
    assert [(a.kind, a.index, a.name, a.mimetype) for a in found.attachments] == [
        ("cover", 0, "folder.jpg", "image/jpeg")
    ]
    assert found.unmapped == ()
    assert read_cover(lost_cover_mkv, 0) == big_cover_jpg.read_bytes()


def test_many_covers_that_lost_their_flag_are_found_in_one_reading(
    plain_mkv: Path, big_cover_jpg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, covers = tmp_path / "covers.mkv", 12
    ffmpeg("-i", plain_mkv, "-i", big_cover_jpg, "-map", "0:v", *["-map", "1:v"] * covers, "-c", "copy", path)
    opened: list[str] = []
    plain_open = av.open
    monkeypatch.setattr(
        av, "open", lambda name, *a, **k: (opened.append(str(name)), plain_open(name, *a, **k))[1]
    )
    with open_container(path) as container:
        assert [stream.index for stream in cover_streams(container)] == list(range(1, covers + 1))
    assert len(opened) == 2


def test_a_film_of_still_pictures_is_no_cover(mjpeg_and_small_mkv: Path) -> None:
    found = probe(mjpeg_and_small_mkv)
    assert (found.video.index, found.video.codec, found.video.frames) == (1, "mjpeg", FRAMES)
    assert (found.attachments, found.unmapped) == ((), (0,))


def test_a_cover_is_known_under_any_name_and_in_a_file_that_changed(
    lost_cover_mkv: Path, mjpeg_and_small_mkv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "odd\udce9.mkv"
    codecs = []
    for source in (mjpeg_and_small_mkv, lost_cover_mkv):
        path.write_bytes(source.read_bytes())
        codecs.append(probe(path).video.codec)
    assert codecs == ["mjpeg", "h264"]


def test_a_chapter_track_is_no_stream_of_its_own(mov_text_mp4: Path) -> None:
    found = probe(mov_text_mp4)
    assert [t.codec for t in found.subtitles] == ["mov_text"]
    assert [c.title for c in found.chapters] == ["One", "二"]
    assert len(found.unmapped) == 1


@pytest.mark.parametrize("name", ["guessed_rate_mkv", "vfr_mkv"])
def test_the_average_rate_of_varying_times_is_that_of_the_frames(
    name: str, request: pytest.FixtureRequest
) -> None:
    """FFmpeg calls such Matroska files 1000 fps."""
    video = probe(request.getfixturevalue(name)).video
    times = video.times
    shown_s = float((times.last_pts - times.first_pts) * video.time_base)
    assert times.variable_rate and video.average_rate is not None
    assert float(video.average_rate) == pytest.approx((video.frames - 1) / shown_s, rel=1e-3)


def test_variable_rate_is_told_from_rounded_milliseconds(vfr_mkv: Path, rich_mkv: Path) -> None:
    assert probe(vfr_mkv).video.times.variable_rate
    assert not probe(rich_mkv).video.times.variable_rate, "23.976 in Matroska alternates between 41 and 42 ms"


def test_rotation_swaps_the_upright_size(rotated_mp4: Path) -> None:
    video = probe(rotated_mp4).video
    assert (video.rotation, video.upright_size) == (90, (HEIGHT, WIDTH))


def test_interlacing_is_reported(interlaced_mkv: Path) -> None:
    video = probe(interlaced_mkv).video
    assert video.interlaced
    assert video.field_order > 1


def test_hdr_metadata_is_read_in_its_units(hdr_mkv: Path) -> None:
    video = probe(hdr_mkv).video
    assert (video.color_primaries, video.color_transfer, video.color_space) == (9, 16, 9)
    assert video.hdr == {
        "red": [0.68, 0.32], "green": [0.265, 0.69], "blue": [0.15, 0.06], "white": [0.3127, 0.329],
        "min_nits": 0.0001, "max_nits": 1000.0, "max_cll": 1000, "max_fall": 400,
    }  # fmt: skip


def test_a_clock_that_starts_late_is_reported(transport_stream: Path) -> None:
    found = probe(transport_stream)
    assert found.start_time_s == pytest.approx(1.43, abs=0.1)
    assert found.video.times.first_pts * found.video.time_base == pytest.approx(1.44, abs=0.1)


def test_a_truncated_file_says_so(truncated_mkv: Path, long_mkv: Path) -> None:
    assert probe(truncated_mkv).truncated
    assert not probe(long_mkv).truncated


def test_the_row_has_exactly_the_probe_columns_of_shard_files(rich_mkv: Path) -> None:
    row = probe(rich_mkv).to_row()
    columns = [c.name for c in SHARD_FILES.columns]
    first = columns.index("container")
    assert list(row) == columns[first : first + len(row)]
    assert row["variable_rate"] is False
    assert (row["rate_num"], row["rate_den"]) == (24000, 1001)
    assert json.loads(row["audio_json"])[1]["title"] == "Commentary"
    assert json.loads(row["chapters_json"])[1]["title"] == "二"
    assert row["hdr_json"] is None


def test_what_the_stream_says_of_its_codec_is_in_the_row(rich_mkv: Path, interlaced_mkv: Path) -> None:
    row = probe(rich_mkv).to_row()
    assert (row["profile"], row["field_order"], row["key_frames"]) == ("High 10", "progressive", 2)
    assert row["level"] > 9
    assert (row["times_sound"], row["truncated"], row["start_time_s"]) == (True, False, 0.0)
    assert row["last_duration"] in {41, 42}
    assert probe(interlaced_mkv).to_row()["field_order"] in {"tt", "bb", "tb", "bt"}


def test_the_times_and_profile_of_sound_are_listed(rich_mkv: Path, transport_stream: Path) -> None:
    sound = json.loads(probe(rich_mkv).to_row()["audio_json"])
    assert [(t["profile"], t["start_s"]) for t in sound] == [("LC", 0.0), (None, 0.0)]
    (late,) = probe(transport_stream).audio
    assert late.start_s == pytest.approx(1.4, abs=0.1)


def test_attachments_are_known_by_their_bytes(rich_mkv: Path, cover_jpg: Path, corpus: Path) -> None:
    found = {a.name: a.sha256 for a in probe(rich_mkv).attachments}
    files = {"font.ttf": corpus / "font.ttf", "cover.jpg": cover_jpg}
    assert found == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_an_attachment_beyond_the_cap_is_listed_but_not_read(
    rich_mkv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_ATTACHMENT_BYTES", 1000)
    found = probe(rich_mkv).attachments
    assert [(a.size_bytes > 1000, a.sha256) for a in found] == [(True, None), (True, None)]
    with pytest.raises(ProbeError, match="1000 are allowed") as caught:
        read_cover(rich_mkv, found[1].index)
    assert caught.value.reason == "too_large"


def test_tags_are_kept_and_their_number_and_length_is_limited(rich_mkv: Path) -> None:
    assert json.loads(probe(rich_mkv).to_row()["tags_json"])["container"]["title"] == "The Title"
    many = streams.tags_of({f"k{n:04d}": "v" * 5000 for n in range(1000)})
    assert (len(many), {len(v) for v in many.values()}) == (200, {1000})


def test_streams_that_no_encode_carries_are_named(mov_text_mp4: Path) -> None:
    (other,) = json.loads(probe(mov_text_mp4).to_row()["unmapped_json"])
    assert (other["kind"], other["index"]) == ("data", probe(mov_text_mp4).unmapped[0])


@pytest.mark.parametrize("location", ["left", "topleft", "center"])
def test_the_chroma_location_is_asked_of_ffmpeg(corpus: Path, location: str) -> None:
    path = corpus / f"{location}.mkv"
    write_numbered(
        path, 4, *H264, "-vf", f"setparams=chroma_location={location}", "-chroma_sample_location", location
    )
    assert probe(path, ffmpeg=ffmpeg_path()).video.chroma_location == location
    assert probe(path).video.chroma_location is None


def test_a_binary_that_is_no_ffmpeg_says_nothing(plain_mkv: Path) -> None:
    assert probe(plain_mkv, ffmpeg=Path("/bin/false")).video.chroma_location is None


@pytest.mark.parametrize(
    ("names", "word"),
    [((), "none"), (("DYNAMIC_HDR_PLUS",), "hdr10plus"), (("DOVI_RPU_BUFFER", "DOVI_METADATA"), "dovi"),
     (("DOVI_METADATA", "DYNAMIC_HDR_PLUS", "PANSCAN"), "dovi+hdr10plus")],
)  # fmt: skip
def test_dynamic_hdr_is_known_by_the_side_data_of_a_frame(names: tuple[str, ...], word: str) -> None:
    data = [SimpleNamespace(type=Type[name]) for name in names]
    side_data = SimpleNamespace(keys=lambda: data)
    frame = SimpleNamespace(side_data=side_data, rotation=0, interlaced_frame=False)
    assert read_picture_facts(frame).hdr_dynamic == word


def test_more_frames_than_allowed_are_refused_while_they_are_counted(plain_mkv: Path) -> None:
    assert probe(plain_mkv, max_frames=FRAMES).video.frames == FRAMES
    with pytest.raises(ProbeError, match=f"more than {FRAMES - 1} frames") as caught:
        probe(plain_mkv, max_frames=FRAMES - 1)
    assert (caught.value.reason, caught.value.path) == ("too_large", str(plain_mkv))


def refused(path: Path) -> str:
    with pytest.raises(ProbeError) as caught:
        probe(path)
    assert caught.value.reason in set(Reason)
    assert not caught.value.transient
    return caught.value.reason


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile plain.mkv\n",
    "bom": "\ufeffffconcat version 1.0\nfile plain.mkv\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nplain.mkv\n#EXT-X-ENDLIST\n",
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "pls": "[playlist]\nFile1=plain.mkv\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_in_disguise_is_refused(corpus: Path, plain_mkv: Path, kind: str) -> None:
    path = corpus / f"playlist-{kind}.mp4"
    path.write_text(PLAYLISTS[kind])
    assert refused(path) == "playlist"


@pytest.mark.parametrize(
    "content", [b"just some text\n" * 50, b"#!/bin/sh\nreboot\n", b"<html></html>", bytes(range(7, 250))]
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    assert refused(path) == "not_media"


MPEG2, HEVC = ("-c:v", "mpeg2video"), ("-c:v", "libx265", "-x265-params", "log-level=none")
BARE = {"x.h264": H264, "x.hevc": HEVC, "x.m2v": MPEG2, "x.obu": AV1}
OTHERS = {"x.ivf": AV1, "x.y4m": ("-pix_fmt", "yuv420p"), "x.mxf": MPEG2, "x.nut": H264}


@pytest.mark.parametrize("name", [*BARE, *OTHERS])
def test_video_in_a_form_that_is_not_read_is_named_with_the_way_out(tmp_path: Path, name: str) -> None:
    path = write_numbered(tmp_path / name, 24, *(BARE | OTHERS)[name])
    with pytest.raises(ProbeError) as caught:
        probe(path)
    assert caught.value.reason == "not_media"
    what, tool = ("without a container", "mkvmerge -o") if name in BARE else ("a container that", "ffmpeg -i")
    assert what in str(caught.value)
    assert tool in str(caught.value)


@pytest.mark.parametrize("name", OTHERS)
def test_the_way_out_leads_out(tmp_path: Path, name: str) -> None:
    path = write_numbered(tmp_path / name, 24, *OTHERS[name])
    ffmpeg("-i", path, "-c", "copy", tmp_path / "x.mkv")
    assert probe(tmp_path / "x.mkv").video.times.frames == 24


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.mkv"
    path.touch()
    assert refused(path) == "empty_file"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.mkv") == "unreadable"
    assert refused(tmp_path) == "unreadable"


def test_a_pipe_is_refused_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    assert refused(tmp_path / "pipe.mkv") == "unreadable"


def test_an_mp4_without_its_index_is_unreadable(truncated_mp4: Path) -> None:
    assert refused(truncated_mp4) == "unreadable"


def test_sound_alone_is_no_video(sound_mp4: Path, corpus: Path) -> None:
    assert refused(sound_mp4) == "no_video"
    for name in ("sound.mp3", "sound.flac", "sound.wav"):
        ffmpeg("-i", sound_mp4, corpus / name)
        assert refused(corpus / name) == "no_video"


def test_a_header_alone_is_unreadable(plain_mkv: Path, tmp_path: Path) -> None:
    for length in (40, 300, 600):
        path = tmp_path / f"{length}.mkv"
        path.write_bytes(plain_mkv.read_bytes()[:length])
        assert refused(path) in {"unreadable", "no_video"}


def test_huge_pictures_in_a_small_file_are_refused_before_they_are_decoded(corpus: Path) -> None:
    path = corpus / "huge.mkv"
    png = ("-c:v", "png", "-pix_fmt", "gray")
    ffmpeg("-f", "lavfi", "-i", "color=s=1001x1000:d=0.04", "-frames:v", "1", *png, path)
    with counting_decodes() as counter, pytest.raises(ProbeError, match="1001x1000") as caught:
        probe(path, max_pixels=1_000_000)
    assert caught.value.reason == "too_large"
    assert not counter
    # Opening decodes a picture of such a codec; the limit must hold there already.
    with open_container(path, max_pixels=1_000_000) as container:
        assert container.streams.video[0].codec_context.width == 0


def test_a_header_that_lies_about_the_duration_does_not_matter(plain_mkv: Path, tmp_path: Path) -> None:
    """Matroska's Duration is a float behind the id 0x4489: here it claims 31 years."""
    data = bytearray(plain_mkv.read_bytes())
    at = data.index(b"\x44\x89\x88") + 3
    data[at : at + 8] = b"\x42\x6c\x6b\x93\x5c\x80\x00\x00"
    path = tmp_path / "endless.mkv"
    path.write_bytes(data)
    found = probe(path)
    assert found.duration_s is not None
    assert found.duration_s > 1e8
    assert found.video.frames == FRAMES
    assert not found.truncated


def test_odd_names_probe(oddly_named: Path) -> None:
    assert probe(oddly_named).video.frames == FRAMES


def test_a_video_under_a_wrong_extension_is_a_video(plain_mkv: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.txt"
    path.write_bytes(plain_mkv.read_bytes())
    assert probe(path).container.startswith("matroska")


def test_tags_that_are_not_utf8_do_not_stop_the_probe(plain_mkv: Path, tmp_path: Path) -> None:
    data = plain_mkv.read_bytes()
    at = data.index(b"Lavf")
    path = tmp_path / "tags.mkv"
    path.write_bytes(data[:at] + b"\xff\xfe\xfd\xfc" + data[at + 4 :])
    assert probe(path).video.frames == FRAMES
