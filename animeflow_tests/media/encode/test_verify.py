from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import ContractError, EncodeError
from animeflow.media.command import CommandResult
from animeflow.media.demux.frame_index import FrameIndex, read_frame_index
from animeflow.media.encode import metric
from animeflow.media.encode.fidelity import fidelity_rows
from animeflow.media.encode.plan import EncodePlan
from animeflow.media.encode.verify import (
    decode_all,
    measure,
    require_key_frames,
    require_same_times,
    stream_differences,
    verify_encode,
)
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import Probe, probe
from animeflow_tests.media.numbered import ffmpeg

CUTS = [24]


def index_of(path: Path) -> FrameIndex:
    index = read_frame_index(path)
    assert index is not None
    return index


def differences(plan: EncodePlan, result: Probe) -> list[str]:
    return stream_differences(fidelity_rows(plan.probe, plan, result, ffmpeg=ffmpeg_path()))


def test_a_sound_encode_passes(encoded: tuple[EncodePlan, Path, list[int]]) -> None:
    plan, path, pts = encoded
    proof = verify_encode(plan, path, cuts=CUTS, pts=pts, ffmpeg=ffmpeg_path())
    assert (proof.frames, proof.decoded, proof.metric_value) == (48, 48, None)
    assert abs(proof.offset_s) < 0.001


def test_a_frame_that_moved_by_two_milliseconds_is_found(encoded: tuple[EncodePlan, Path, list[int]]) -> None:
    plan, path, pts = encoded
    moved = list(pts)
    moved[17] += 3
    with pytest.raises(EncodeError, match="frame 17"):
        require_same_times(index_of(path), moved, plan, path)


def test_a_constant_shift_of_the_clock_is_reported_not_refused(
    encoded: tuple[EncodePlan, Path, list[int]],
) -> None:
    plan, path, pts = encoded
    assert require_same_times(index_of(path), [t + 500 for t in pts], plan, path) == pytest.approx(-0.5)


def test_a_cut_that_is_no_key_frame_is_found(encoded: tuple[EncodePlan, Path, list[int]]) -> None:
    _, path, _ = encoded
    require_key_frames(index_of(path), CUTS, path)
    with pytest.raises(EncodeError, match="the first at frame 13"):
        require_key_frames(index_of(path), [13, 24, 30], path)


@pytest.mark.parametrize(
    ("maps", "complaint"),
    [
        (["-map", "0", "-map", "-0:a:1"], "audio"),
        (["-map", "0", "-map", "-0:s"], "subtitle tracks"),
        (["-map", "0", "-map", "-0:t"], "attachments files"),
        (["-map", "0", "-map_chapters", "-1"], "chapters number"),
        (["-map", "0", "-metadata:s:a:0", "language=eng"], "audio"),
        (["-map", "0", "-disposition:a:0", "default"], "audio"),
        (["-map", "0", "-aspect", "16:9"], "pixel aspect"),
        (["-map", "0", "-disposition:s:0", "forced"], "subtitle 1 dispositions"),
        (["-map", "0", "-metadata", "title=Other"], "file tag TITLE"),
    ],
)
def test_a_stream_that_is_missing_or_changed_is_named(
    encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path, maps: list[str], complaint: str
) -> None:
    plan, path, _ = encoded
    # The cover goes in as an attachment; ffmpeg would make it a video track.
    ffmpeg("-i", path, *maps, "-map", "-0:v", "-map", "0:v:0", "-c", "copy", tmp_path / "less.mkv")
    assert complaint in "; ".join(differences(plan, probe(tmp_path / "less.mkv")))
    assert differences(plan, probe(path)) == []


def test_colours_and_depth_that_changed_are_named(encoded: tuple[EncodePlan, Path, list[int]]) -> None:
    plan, path, _ = encoded
    result = probe(path)
    wrong = replace(result, video=replace(result.video, color_space=9, bit_depth=8))
    assert [d.split(" is ")[0] for d in differences(plan, wrong)] == [
        "video bit depth",
        "video color_space",
    ]


def test_an_encode_that_was_cut_off_does_not_pass(
    encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path
) -> None:
    plan, path, pts = encoded
    data = path.read_bytes()
    short = tmp_path / "short.mkv"
    short.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(EncodeError):
        verify_encode(plan, short, cuts=CUTS, pts=pts, ffmpeg=ffmpeg_path())


def test_damaged_packets_do_not_pass_the_full_decode(
    encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path
) -> None:
    _, path, _ = encoded
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for at in rng.integers(len(data) // 3, len(data), 400):
        data[at] ^= 0xFF
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data)
    with pytest.raises(EncodeError):
        decode_all(broken, expected=48)


def test_metrics_pair_frames_by_number_across_clocks(
    encoded: tuple[EncodePlan, Path, list[int]], rich_mkv: Path, tmp_path: Path
) -> None:
    """The same pictures on a clock of 1/16000 instead of 1/1000: with setpts=N alone they would not meet."""
    _, path, _ = encoded
    other = tmp_path / "other.mp4"
    ffmpeg("-i", rich_mkv, "-map", "0:v:0", "-c", "copy", other)
    values = [
        measure("ssim", path, source, source_stream=0, ffmpeg=ffmpeg_path(), timeout_s=60)
        for source in (rich_mkv, other)
    ]
    assert values[0] == values[1]
    assert 0.9 < values[0] < 1


def test_a_copy_has_an_ssim_of_one(plain_mkv: Path) -> None:
    assert measure("ssim", plain_mkv, plain_mkv, source_stream=0, ffmpeg=ffmpeg_path(), timeout_s=60) == 1


def test_vmaf_is_within_its_scale(encoded: tuple[EncodePlan, Path, list[int]], rich_mkv: Path) -> None:
    _, path, _ = encoded
    assert 60 < measure("vmaf", path, rich_mkv, source_stream=0, ffmpeg=ffmpeg_path(), timeout_s=60) <= 100


def test_an_unknown_metric_is_refused(plain_mkv: Path) -> None:
    with pytest.raises(ContractError):
        measure("beauty", plain_mkv, plain_mkv, source_stream=0, ffmpeg=ffmpeg_path(), timeout_s=60)


def test_a_metric_below_its_scale_is_no_figure(plain_mkv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On some machines ffmpeg gave a coarse 160x96 encode less than 0 dB, on others 18: its weights are made for large
    pictures.
    """
    lines = ("frame=   48 fps=0.0", "XPSNR  y: -3.2076  u: 25.4  v: 22.7  (minimum: -3.2)")
    told = CommandResult(("ffmpeg",), 0, b"", lines, 0.1)
    monkeypatch.setattr(metric, "run_command", lambda *_, **__: told)
    with pytest.raises(EncodeError, match=r"-3\.2076 dB: .* says nothing") as refused:
        measure("xpsnr", plain_mkv, plain_mkv, source_stream=0, ffmpeg=ffmpeg_path(), timeout_s=60)
    assert "ssim or vmaf" in str(refused.value)
