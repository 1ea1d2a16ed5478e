from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from animeflow.errors import EncodeError
from animeflow.media.command import run_command
from animeflow.media.decode.reader import DecodeLimits, counting_decodes, open_video, read_frame_index
from animeflow.media.demux.streams import read_cover
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.video import (
    EncodePlan,
    EncodeProgress,
    EncodeReport,
    encode_video,
    make_plan,
    require_clean,
)
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow_tests.media.conftest import FRAMES, H264
from animeflow_tests.media.numbered import number_of, write_numbered

CUTS = [9, 24, 27]


def frame_times(path: Path) -> list[int]:
    with open_video(path, purpose="test") as reader:
        return [f.pts for f in reader]


def encode(
    source: Path, output: Path, *, cuts: list[int] = CUTS, threads: int = 1, **settings: object
) -> EncodeReport:
    pts = frame_times(source)
    cuts = [c for c in cuts if c < len(pts)]
    plan = make_plan(probe(source), cuts=cuts, pts=pts, encoder=svt("draft"), threads=threads)
    return encode_video(plan, output, cuts=cuts, pts=pts, **settings)  # type: ignore[arg-type]


def numbers(path: Path) -> list[int]:
    with open_video(path, purpose="test", threads=1) as reader:
        return [number_of(f.gray()) for f in reader]


def packet_md5(path: Path, stream: str) -> bytes:
    args = [ffmpeg_path(), "-v", "error", "-i", path, "-map", stream, "-c", "copy", "-f", "md5", "-"]
    return run_command(args, timeout_s=30).stdout


@pytest.fixture(scope="module")
def rich_encode(rich_mkv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EncodeReport]:
    path = tmp_path_factory.mktemp("encode") / "rich.mkv"
    return path, encode(rich_mkv, path, metric="ssim")


@pytest.mark.parametrize(
    "name",
    [
        "plain_mp4",
        "edit_list_mp4",
        "vfr_mkv",
        "transport_stream",
        "avi",
        "rotated_mp4",
        "mov_text_mp4",
        "one_frame_mkv",
        "guessed_rate_mkv",
        "fast_mp4",
    ],
)
def test_frames_times_and_key_frames_of_any_source_arrive(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(name)
    report = encode(source, tmp_path / "out.mkv")
    assert numbers(tmp_path / "out.mkv") == numbers(source)
    index = read_frame_index(tmp_path / "out.mkv")
    assert index is not None
    cuts = [c for c in CUTS if c < report.frames]
    assert index.key[[0, *cuts]].all()
    assert report.cuts == len(cuts)
    with open_video(source, purpose="test") as reader:
        wanted = [float(f.pts * reader.time_base) for f in reader]
    got = index.pts / 1000
    assert max(abs((g - got[0]) - (w - wanted[0])) for g, w in zip(got, wanted, strict=True)) <= 0.001
    assert list(tmp_path.iterdir()) == [tmp_path / "out.mkv"]


def test_every_stream_of_a_release_survives(rich_mkv: Path, rich_encode: tuple[Path, EncodeReport]) -> None:
    path, report = rich_encode
    source, result = probe(rich_mkv), probe(path)
    assert result.video.codec == "av1"
    assert result.video.bit_depth == 10
    for field in (
        "sample_aspect_ratio",
        "color_primaries",
        "color_transfer",
        "color_space",
        "color_range",
        "frames",
    ):
        assert getattr(result.video, field) == getattr(source.video, field), field
    for ours, theirs in zip(result.audio, source.audio, strict=True):
        assert (ours.codec, ours.language, ours.title) == (theirs.codec, theirs.language, theirs.title)
        assert ours.dispositions == theirs.dispositions
    assert packet_md5(path, "0:a:0") == packet_md5(rich_mkv, "0:a:0")
    assert packet_md5(path, "0:a:1") == packet_md5(rich_mkv, "0:a:1")
    assert packet_md5(path, "0:s:0") == packet_md5(rich_mkv, "0:s:0")
    assert result.chapters == source.chapters
    assert result.metadata["title"] == "The Title"
    assert [(a.kind, a.name, a.mimetype) for a in result.attachments] == [
        (a.kind, a.name, a.mimetype) for a in source.attachments
    ]
    cover = next(a.index for a in result.attachments if a.kind == "cover")
    assert read_cover(path, cover) == read_cover(
        rich_mkv, next(a.index for a in source.attachments if a.kind == "cover")
    )
    assert [s["action"] for s in report.streams] == ["encode", "copy", "copy", "copy", "copy", "attach"]


def test_a_cover_that_a_remux_made_a_track_is_attached_again(
    lost_cover_mkv: Path, big_cover_jpg: Path, tmp_path: Path
) -> None:
    report = encode(lost_cover_mkv, tmp_path / "out.mkv")
    assert numbers(tmp_path / "out.mkv") == list(range(FRAMES))
    assert [(s["kind"], s["action"]) for s in report.streams] == [("cover", "attach"), ("video", "encode")]
    (cover,) = probe(tmp_path / "out.mkv").attachments
    assert (cover.kind, cover.name, cover.mimetype) == ("cover", "folder.jpg", "image/jpeg")
    assert read_cover(tmp_path / "out.mkv", cover.index) == big_cover_jpg.read_bytes()


def test_the_report_has_sizes_counts_and_the_metric(
    rich_mkv: Path, rich_encode: tuple[Path, EncodeReport]
) -> None:
    path, report = rich_encode
    assert (report.bytes_in, report.bytes_out) == (rich_mkv.stat().st_size, path.stat().st_size)
    assert (report.frames, report.cuts, report.profile, report.crf) == (FRAMES, 3, "draft", 32.0)
    assert report.key_frames >= 4
    assert report.encoder.startswith("SVT-AV1 v4.")
    assert report.metric == "ssim"
    assert report.metric_value is not None
    assert 0.9 < report.metric_value < 1


def test_hdr_metadata_survives(hdr_mkv: Path, tmp_path: Path) -> None:
    encode(hdr_mkv, tmp_path / "out.mkv", cuts=[7])
    ours, theirs = probe(tmp_path / "out.mkv").video.hdr, probe(hdr_mkv).video.hdr
    assert ours is not None
    assert theirs is not None
    assert ours.keys() == theirs.keys()
    # AV1 stores 0.16 and 18.14 bit fixed point.
    assert all(ours[key] == pytest.approx(theirs[key], abs=3e-5) for key in ours)


def test_a_rerun_gives_the_same_bytes_whatever_the_threads(rich_mkv: Path, tmp_path: Path) -> None:
    digests = []
    for run, threads in (("a", 1), ("b", 2)):
        (tmp_path / run).mkdir()
        encode(rich_mkv, tmp_path / run / f"{run}.mkv", threads=threads)
        digests.append(hashlib.sha256((tmp_path / run / f"{run}.mkv").read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_what_a_killed_run_left_is_swept(plain_mkv: Path, tmp_path: Path) -> None:
    left = tmp_path / "out.mkv.part"
    left.mkdir()
    (left / "encode.mkv").write_bytes(b"half")
    encode(plain_mkv, tmp_path / "out.mkv")
    assert list(tmp_path.iterdir()) == [tmp_path / "out.mkv"]


def test_encoded_and_verified_frames_are_counted(plain_mkv: Path, tmp_path: Path) -> None:
    pts = frame_times(plain_mkv)
    plan = make_plan(probe(plain_mkv), cuts=[], pts=pts, encoder=svt("draft"))
    with counting_decodes() as counter:
        encode_video(plan, tmp_path / "out.mkv", cuts=[], pts=pts, metric="ssim")
    assert (counter["encode"], counter["verify"], counter["metric"]) == (FRAMES, FRAMES, FRAMES)


def test_progress_ends_with_all_frames(plain_mkv: Path, tmp_path: Path) -> None:
    seen: list[EncodeProgress] = []
    encode(plain_mkv, tmp_path / "out.mkv", on_progress=seen.append)
    assert (seen[-1].frames, seen[-1].expected) == (FRAMES, FRAMES)


def test_odd_names_encode(oddly_named: Path, tmp_path: Path) -> None:
    output = oddly_named.with_name("out " + oddly_named.name[:60])
    assert encode(oddly_named, output, cuts=[5], full_decode=False).frames == FRAMES


def test_a_frame_list_that_differs_from_the_source_is_an_error(plain_mkv: Path, tmp_path: Path) -> None:
    pts = frame_times(plain_mkv)[:-1]
    plan = make_plan(probe(plain_mkv), cuts=[], pts=pts, encoder=svt("draft"))
    with pytest.raises(EncodeError, match="48 frames, its source 47"):
        encode_video(plan, tmp_path / "out.mkv", cuts=[], pts=pts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("params", [("no-such-key=1",), ("scm=nine",), ("scm=1",)])
def test_an_option_that_the_encoder_does_not_use_is_an_error(
    plain_mkv: Path, tmp_path: Path, params: tuple[str, ...]
) -> None:
    pts = frame_times(plain_mkv)
    plan: EncodePlan = make_plan(probe(plain_mkv), cuts=[], pts=pts, encoder=svt("draft"))
    odd = replace(plan, encoder=svt("draft", params=params))
    with pytest.raises(EncodeError):
        encode_video(odd, tmp_path / "out.mkv", cuts=[], pts=pts)


@pytest.mark.parametrize(
    ("lines", "progress"),
    [
        (["Codec AVOption cq (x) has not been used for any stream."], {}),
        (["[libsvtav1] Error parsing option bogus: 1."], {}),
        (["[matroska] File ended prematurely at pos. 1234"], {}),
        ([], {"dup_frames": "3"}),
        ([], {"drop_frames": "1"}),
    ],
)
def test_what_ffmpeg_only_mentions_is_an_error(lines: list[str], progress: dict[str, str]) -> None:
    with pytest.raises(EncodeError):
        require_clean(svt("draft"), lines, progress, Path("x.mkv"))


def test_noise_of_the_encoder_is_no_error_and_hides_none() -> None:
    noise = ["Svt[info]: x", "Svt[warn]: Failed to set thread priority"]
    require_clean(svt("draft"), noise, {"dup_frames": "0"}, Path("x"))  # raises where noise counts
    with pytest.raises(EncodeError, match="prematurely"):
        require_clean(svt("draft"), [*noise, "[matroska] File ended prematurely at pos. 1"], {}, Path("x"))


def test_pcm_becomes_flac_and_odd_sound_becomes_opus(corpus: Path, tmp_path: Path) -> None:
    # fmt: off
    source = write_numbered(
        corpus / "sounds.mov", 24, "-f", "lavfi", "-i", "sine=440:d=1", "-f", "lavfi", "-i", "sine=440:r=8000:d=1",
        "-map", "0:v", "-map", "1:a", "-map", "2:a", *H264, "-c:a:0", "pcm_s16le", "-c:a:1", "pcm_mulaw",
    )
    # fmt: on
    encode(source, tmp_path / "out.mkv")
    assert [t.codec for t in probe(tmp_path / "out.mkv").audio] == ["flac", "opus"]
    args = ["-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "md5", "-"]
    samples = [
        run_command([ffmpeg_path(), "-v", "error", "-i", p, *args], timeout_s=30).stdout
        for p in (source, tmp_path / "out.mkv")
    ]
    assert samples[0] == samples[1]


def test_a_source_that_ends_early_encodes_where_that_was_accepted(
    truncated_mkv: Path, tmp_path: Path
) -> None:
    pts = frame_times(truncated_mkv)
    facts = probe(truncated_mkv)
    plan = make_plan(facts, cuts=[9], pts=pts, encoder=svt("draft"), threads=1)
    with pytest.raises(EncodeError, match="File ended prematurely"):
        encode_video(plan, tmp_path / "out.mkv", cuts=[9], pts=pts)
    accepted = replace(plan, truncated_ok=True)
    assert encode_video(accepted, tmp_path / "out.mkv", cuts=[9], pts=pts).frames == len(pts) < 192
    with pytest.raises(EncodeError, match="has not been used"):
        unused = ["Codec AVOption cq (x) has not been used for any stream."]
        require_clean(svt("draft"), unused, {}, Path("x.mkv"), truncated_ok=True)


@pytest.fixture(scope="module")
def damaged_mkv(long_mkv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = bytearray(long_mkv.read_bytes())
    for at in range(len(data) // 4, len(data) - 2000, len(data) // 9):
        data[at : at + 24] = bytes(24)
    path = tmp_path_factory.mktemp("damaged") / "damaged.mkv"
    path.write_bytes(data)
    return path


def test_a_damaged_source_is_encoded_as_the_analysis_decoded_it(damaged_mkv: Path, tmp_path: Path) -> None:
    with open_video(damaged_mkv, purpose="test", limits=DecodeLimits(max_corrupt_share=0.5)) as reader:
        pts = [frame.pts for frame in reader]
        assert reader.corrupt_frames + reader.decode_errors > 0
    plan = make_plan(probe(damaged_mkv), cuts=[24], pts=pts, encoder=svt("draft"), threads=1, decoded=True)
    with counting_decodes() as counter:
        report = encode_video(plan, tmp_path / "out.mkv", cuts=[24], pts=pts)
    assert counter["encode"] == len(pts) == report.frames
    assert numbers(tmp_path / "out.mkv") == numbers(damaged_mkv)


@pytest.mark.parametrize(
    "name", ["rotated_mp4", "vfr_mkv", "transport_stream", "edit_list_mp4", "rich_mkv", "guessed_rate_mkv"]
)
def test_decoded_pictures_keep_times_shape_colour_and_streams(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(name)
    pts = frame_times(source)
    plan = make_plan(probe(source), cuts=[9], pts=pts, encoder=svt("draft"), threads=1, decoded=True)
    encode_video(plan, tmp_path / "out.mkv", cuts=[9], pts=pts)
    assert numbers(tmp_path / "out.mkv") == numbers(source)
    plain = encode(source, tmp_path / "plain.mkv", cuts=[9])
    ours, theirs = read_frame_index(tmp_path / "out.mkv"), read_frame_index(plain.path)
    assert ours is not None
    assert theirs is not None
    assert ours.pts.tolist() == theirs.pts.tolist()


def test_damaged_hdr_is_refused_by_name(hdr_mkv: Path, tmp_path: Path) -> None:
    pts = frame_times(hdr_mkv)
    plan = make_plan(probe(hdr_mkv), cuts=[], pts=pts, encoder=svt("draft"), decoded=True)
    with pytest.raises(EncodeError, match="damaged and has HDR"):
        encode_video(plan, tmp_path / "out.mkv", cuts=[], pts=pts)


def test_an_encoder_that_dies_ends_the_decoder_too(plain_mkv: Path, tmp_path: Path) -> None:
    pts = frame_times(plain_mkv)
    plan = make_plan(
        probe(plain_mkv), cuts=[], pts=pts, encoder=svt("draft", params=("scm=nine",)), decoded=True
    )
    with pytest.raises(EncodeError):
        encode_video(plan, tmp_path / "out.mkv", cuts=[], pts=pts)
    assert [t.name for t in threading.enumerate() if t.name == "decoded-input"] == []
