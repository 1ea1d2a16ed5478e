"""Encodes that are reduced: every way into the encoder, and what is said of it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from animeflow.media.decode.reader import open_video
from animeflow.media.encode.av1_videos import encode_to_table
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.plan import make_plan
from animeflow.media.encode.quality import Sample
from animeflow.media.encode.video import encode_video
from animeflow.media.probe.file import VideoTrack, probe
from animeflow.settings.media import Av1Settings
from animeflow.tables.staging import Staging
from animeflow_tests.media.numbered import ffmpeg

HEIGHT = 80


def frame_times(path: Path) -> list[int]:
    with open_video(path, purpose="test") as reader:
        return [f.pts for f in reader]


def encoded(source: Path, folder: Path, settings: Av1Settings) -> tuple[dict[str, Any], VideoTrack]:
    """The row and the probed video of an encode with a cut at frame 24."""
    staging = Staging.begin("av1_videos", "shard", folder / "staging")
    (row,) = encode_to_table(
        source,
        video_id="0" * 16,
        pts=frame_times(source),
        cuts=[24],
        staging=staging,
        settings=settings,
        threads=1,
    ).to_pylist()
    return row, probe(staging.folder / row["media_path"]).video


@pytest.mark.parametrize("decoded", [False, True], ids=["direct", "decoded"])
@pytest.mark.parametrize(
    "name", ["rich_mkv", "rotated_mp4", "transport_stream", "interlaced_mkv", "edit_list_mp4"]
)
def test_a_reduced_encode_is_proved_like_any_other(
    name: str, decoded: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(name)
    facts, pts = probe(source), frame_times(source)
    plan = make_plan(facts, cuts=[9], pts=pts, encoder=svt("draft", 20.0), decoded=decoded, max_height=HEIGHT)
    report = encode_video(plan, tmp_path / "out.mkv", cuts=[9], pts=pts, metric="ssim")
    made = probe(tmp_path / "out.mkv").video
    width, height = facts.video.upright_size
    assert made.height == HEIGHT < height
    assert abs(made.width - width * HEIGHT / height) <= 1
    assert made.width % 2 == 0
    assert (made.sample_aspect_ratio or Fraction(1)) == facts.video.upright_aspect
    assert report.frames == report.decoded == len(pts)
    (size,) = (row for row in report.fidelity if (row.stream, row.property) == ("video", "size"))
    assert (size.before, size.after) == ((width, height), (made.width, HEIGHT))
    assert size.why == "reduced as media.av1.max_height asks"
    # Against the source as reduced: a shift by one pixel, or frames of another number, measure far less.
    assert report.metric_value is not None
    assert report.metric_value > 0.9


def test_hdr_and_colours_survive_a_reduction(hdr_mkv: Path, rich_mkv: Path, tmp_path: Path) -> None:
    for source in (hdr_mkv, rich_mkv):
        pts = frame_times(source)
        plan = make_plan(probe(source), cuts=[], pts=pts, encoder=svt("draft"), max_height=HEIGHT)
        report = encode_video(plan, tmp_path / "out.mkv", cuts=[], pts=pts)
        rows = [r for r in report.fidelity if r.property.startswith(("HDR", "color"))]
        assert len(rows) >= 4
        assert all(row.same for row in rows if row.before not in (None, 0, 2)), rows


def test_pictures_that_are_no_higher_stay_as_they_are(plain_mkv: Path, tmp_path: Path) -> None:
    facts, pts = probe(plain_mkv), frame_times(plain_mkv)
    for limit in (None, facts.video.height):
        plan = make_plan(facts, cuts=[], pts=pts, encoder=svt("draft"), max_height=limit)
        assert (plan.size, plan.filters, plan.upright_size) == (None, (), facts.video.upright_size)


def test_shot_groups_are_reduced_and_judged_at_that_size(rich_mkv: Path, tmp_path: Path) -> None:
    settings = Av1Settings.model_validate({
        "encoder": {"kind": "svt", "profile": "draft"},
        "group_s": 0.9,
        "max_height": HEIGHT,
        "metric": "ssim",
        "quality": {"metric": "ssim", "target": 0.97, "tolerance": 0.02, "max_probes": 2},
    })  # fmt: skip
    row, made = encoded(rich_mkv, tmp_path, settings)
    assert row["groups"] == 2
    assert made.height == HEIGHT
    assert made.sample_aspect_ratio == Fraction(4, 3)
    assert row["ssim"] > 0.9
    (size,) = (
        r for r in json.loads(row["fidelity_json"]) if (r["stream"], r["property"]) == ("video", "size")
    )
    assert size["why"] == "reduced as media.av1.max_height asks"


def test_the_sample_of_a_rotated_video_is_reduced_as_it_is_stored(
    plain_mkv: Path, rotated_mp4: Path, tmp_path: Path
) -> None:
    for source, size, stored in ((plain_mkv, (142, 80), (142, 80)), (rotated_mp4, (64, 114), (114, 64))):
        Sample(source, [0, 1], svt("draft"), tmp_path, size=size)
        made = probe(tmp_path / "sample.mkv").video
        assert (made.width, made.height) == stored


@pytest.mark.parametrize("height", [0, 63, 721, -720])
def test_a_height_that_no_encode_can_have_is_refused(height: int) -> None:
    with pytest.raises(ValidationError):
        Av1Settings(max_height=height)


@pytest.mark.parametrize(
    ("size", "aspect", "max_height", "quality"),
    [
        ("700x104", Fraction(2664, 2665), None, None),  # a third of a pixel: Matroska holds whole ones
        ("852x160", Fraction(640, 639), HEIGHT, None),
        ("720x160", Fraction(4320, 4739), HEIGHT, None),
        ("640x160", Fraction(540, 401), HEIGHT, {"metric": "ssim", "target": 0.97, "max_probes": 1}),
    ],
)
def test_any_shape_of_pixels_is_encoded(
    tmp_path: Path, size: str, aspect: Fraction, max_height: int | None, quality: dict[str, object] | None
) -> None:
    shape = f"setsar=sar={aspect.numerator}/{aspect.denominator}:max=100000"
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    source = tmp_path / "source.mp4"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=24:duration=2", "-vf", shape, *h264, source)
    assert probe(source).video.sample_aspect_ratio == aspect
    settings = {"encoder": {"kind": "svt", "profile": "draft"}, "group_s": 0.9, "max_height": max_height}
    given = settings | ({"quality": quality} if quality else {})
    row, made = encoded(source, tmp_path, Av1Settings.model_validate(given))
    shown = (made.sample_aspect_ratio or Fraction(1)) * made.width
    assert shown == pytest.approx(float(aspect * made.width), abs=0.6)
    assert not quality or row["groups"] == 2
