"""What the analysis sees is what is encoded: orientation, cropping, colours, how long the last frame stays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from animeflow.media.decode.picture_facts import parse_display_matrix
from animeflow.media.decode.reader import open_video
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.group_plan import plan_groups
from animeflow.media.encode.plan import make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import Probe, probe
from animeflow.settings.media import Av1Settings
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.numbered import ffmpeg, write_numbered

ORIENTATIONS = {
    "as stored": ("0",),
    "hflip": ("0", "-display_hflip"),
    "vflip": ("0", "-display_vflip"),
    "90": ("90",),
    "180": ("180",),
    "270": ("270",),
    "90 hflip": ("90", "-display_hflip"),
    "270 hflip": ("270", "-display_hflip"),
}
LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")


def seen(path: Path) -> np.ndarray:
    with open_video(path, purpose="test") as reader:
        return next(iter(reader)).rgb().astype(np.int16)


def encoded(source: Path, target: Path, **words: object) -> Probe:
    with open_video(source, purpose="test") as reader:
        pts = [frame.pts for frame in reader]
    plan = make_plan(probe(source), cuts=[], pts=pts, encoder=svt("draft"), **words)  # type: ignore[arg-type]
    encode_video(plan, target, cuts=[], pts=pts, metric="ssim", min_metric=0.9)
    return probe(target)


def apart(one: Path, other: Path) -> float:
    return float(np.abs(seen(one) - seen(other)).mean())


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_every_orientation_is_seen_and_encoded_as_players_show_it(tmp_path: Path, name: str) -> None:
    stored = write_numbered(tmp_path / "stored.mp4", 6, *H264)
    turned, shown = tmp_path / "turned.mp4", tmp_path / "shown.mkv"
    ffmpeg("-display_rotation", *ORIENTATIONS[name], "-i", stored, "-c", "copy", turned)
    ffmpeg("-i", turned, *LOSSLESS, shown)  # ffmpeg turns it
    assert seen(turned).shape == seen(shown).shape
    assert apart(turned, shown) < 2, "chroma lies between pixels: turned before or after, it differs a little"
    encoded(turned, tmp_path / "ours.mkv")
    assert apart(turned, tmp_path / "ours.mkv") < 6
    with open_video(turned, purpose="test") as reader:
        frame = next(iter(reader))
        small = frame.small((frame.size[0] // 2, frame.size[1] // 2)).rgb().astype(np.int16)
    assert np.abs(small - seen(turned)[::2, ::2]).mean() < 12, "what is measured is turned too"


@pytest.mark.parametrize("name", ["hflip", "vflip", "90 hflip"])
def test_pictures_that_come_decoded_are_turned_too(tmp_path: Path, name: str) -> None:
    stored, turned = write_numbered(tmp_path / "stored.mp4", 6, *H264), tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", *ORIENTATIONS[name], "-i", stored, "-c", "copy", turned)
    encoded(turned, tmp_path / "ours.mkv", decoded=True)
    assert apart(turned, tmp_path / "ours.mkv") < 6


def test_a_cut_short_display_matrix_turns_nothing() -> None:
    assert parse_display_matrix(b"\0" * 8) == (0, False)


def cropped_by_the_container(path: Path) -> Path:
    """Matroska that hides the lower 20 rows: in the place of its four bytes that say in which unit it is shown."""
    data = path.read_bytes()
    unit, hidden = bytes.fromhex("54b28104"), bytes.fromhex("54aa8114")
    assert data.count(unit) == 1
    path.write_bytes(data.replace(unit, hidden))
    return path


@pytest.mark.parametrize("max_height", [None, 64])
def test_what_a_container_hides_is_encoded_as_it_was_seen(tmp_path: Path, max_height: int | None) -> None:
    plain = write_numbered(tmp_path / "plain.mkv", 6, *H264)
    ffmpeg("-i", plain, "-vf", "setsar=0", *H264, tmp_path / "cropped.mkv")
    source = cropped_by_the_container(tmp_path / "cropped.mkv")
    result = encoded(source, tmp_path / "ours.mkv", max_height=max_height)
    assert result.video.upright_aspect == 1
    if max_height is None:
        assert apart(source, tmp_path / "ours.mkv") < 6


@pytest.mark.parametrize("size", ["1280x720", "320x180"])
def test_the_colours_of_rgb_stay(tmp_path: Path, size: str) -> None:
    source = tmp_path / "green.mkv"
    green = f"color=c=0x00C000:s={size}:r=24:d=0.1,format=gbrp"
    ffmpeg("-f", "lavfi", "-i", green, "-c:v", "ffv1", source)
    result = encoded(source, tmp_path / "ours.mkv")
    assert result.video.color_space == (1 if size == "1280x720" else 5)
    assert apart(source, tmp_path / "ours.mkv") < 1


@pytest.mark.parametrize("max_height", [None, 64])
def test_a_matrix_that_only_rgb_can_have_is_no_matrix(tmp_path: Path, max_height: int | None) -> None:
    source = write_numbered(tmp_path / "gbr.mkv", 6, *H264, "-x264-params", "colormatrix=GBR")
    assert probe(source).video.color_space == 0
    assert encoded(source, tmp_path / "ours.mkv", max_height=max_height).video.color_space == 2


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("groups", [False, True])
def test_a_last_picture_that_is_held_is_held_still(tmp_path: Path, suffix: str, groups: bool) -> None:
    source = tmp_path / f"held.{suffix}"
    hold = "setts=duration='if(eq(N,23),5/TB,DURATION)'"
    write_numbered(tmp_path / "plain.mp4", 24, *H264, "-bf", "0")
    ffmpeg("-i", tmp_path / "plain.mp4", "-c", "copy", "-bsf:v", hold, tmp_path / "held.mp4")
    if suffix == "mkv":
        ffmpeg("-i", tmp_path / "held.mp4", "-c", "copy", source)
    facts = probe(source)
    with open_video(source, purpose="test") as reader:
        pts = [frame.pts for frame in reader]
    plan = make_plan(facts, cuts=[12], pts=pts, encoder=svt("draft"))
    if groups:
        settings = Av1Settings(parallel="on", group_s=0.2)
        plan = plan_groups(plan, settings, cuts=[12], pts=pts, ffmpeg=ffmpeg_path()).plan
        assert len(plan.groups) == 2
    encode_video(plan, tmp_path / "ours.mkv", cuts=[12], pts=pts)
    for path in (source, tmp_path / "ours.mkv"):
        video = probe(path).video
        assert video.times.shown_s(video.time_base) == pytest.approx(23 / 24 + 5, abs=0.002)
        assert video.times.held_s(video.time_base) == pytest.approx(5, abs=0.002)


def test_a_last_picture_of_usual_length_is_not_held(plain_mp4: Path) -> None:
    video = probe(plain_mp4).video
    assert video.times.held_s(video.time_base) is None
    assert video.times.usual_s(video.time_base) == pytest.approx(float(Fraction(1, 24)))
