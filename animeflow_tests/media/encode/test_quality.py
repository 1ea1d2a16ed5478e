from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from animeflow.errors import EncodeError, SettingsError
from animeflow.media.encode import quality
from animeflow.media.encode.encoders import Libaom, svt
from animeflow.media.encode.quality import Sample, find_quality, require_metric, sample_frames
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.media import QualitySettings
from animeflow_tests.media.numbered import ffmpeg


def falling(slope: float, at_zero: float = 100.0) -> Callable[[float], float]:
    return lambda crf: at_zero - slope * crf


@pytest.mark.parametrize("slope", [0.1, 0.2, 0.3, 0.6, 1.2])
def test_a_monotone_metric_is_met_within_the_tolerance(slope: float) -> None:
    found = find_quality(falling(slope), svt(), QualitySettings(target=94))
    assert found.reached
    assert abs(found.value - 94) <= 0.5
    assert len(found.probes) <= 4
    assert found.quality % 0.25 == 0


def test_a_curved_metric_is_met_too() -> None:
    found = find_quality(lambda q: 100 - 0.009 * q**2, svt(), QualitySettings(target=94, max_probes=6))
    assert abs(found.value - 94) <= 0.5


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_probes_are_made_than_allowed(most: int) -> None:
    calls: list[float] = []

    def measure(crf: float) -> float:
        calls.append(crf)
        return 100 - 0.02 * crf**1.6

    find_quality(measure, svt(), QualitySettings(target=98, max_probes=most, tolerance=0))
    assert len(calls) == len(set(calls)) <= most


@pytest.mark.parametrize(("metric", "at_zero", "slope"), [("ssim", 1.0, 0.0006), ("xpsnr", 50.0, 0.3)])
def test_a_metric_without_a_target_is_searched_for_its_own(metric: str, at_zero: float, slope: float) -> None:
    settings = QualitySettings.model_validate({"metric": metric})
    found = find_quality(falling(slope, at_zero), svt(), settings)
    assert found.reached and 1 < found.quality < 63
    assert abs(found.value - settings.goal) <= quality.SCALES[metric].tolerance


def test_a_target_that_cannot_be_reached_says_so() -> None:
    found = find_quality(falling(0.1, 80), svt(), QualitySettings(target=99, max_probes=8))
    assert not found.reached
    assert found.quality == 1


def test_a_target_that_everything_reaches_takes_the_end_of_the_scale() -> None:
    found = find_quality(falling(0.01), svt(), QualitySettings(target=50, max_probes=8))
    assert (found.reached, found.quality) == (True, 63)


@pytest.mark.parametrize("until", [0, 20, 40, 70])
def test_a_metric_that_is_infinite_where_nothing_differs_is_searched_too(until: float) -> None:
    settings = QualitySettings.model_validate({"metric": "xpsnr", "target": 40, "max_probes": 8})
    found = find_quality(lambda q: math.inf if q < until else 60 - 0.5 * q, svt(), settings)
    assert found.reached and found.value >= 39.75
    assert found.quality == 63 if until == 70 else found.quality >= 38


@pytest.mark.parametrize("metric", ["ssim", "xpsnr"])
def test_a_plain_colour_reaches_every_target(tmp_path: Path, metric: str) -> None:
    plain = tmp_path / "plain.mkv"
    ffmpeg("-f", "lavfi", "-i", "color=0x336699:s=320x180:r=24:d=1", "-c:v", "libx264", plain)
    sample = Sample(plain, list(range(24)), svt("draft"), tmp_path)
    value = sample.measure(metric, 30.0, ffmpeg=ffmpeg_path(), threads=1, timeout_s=120)
    assert value >= {"ssim": 0.99, "xpsnr": 50}[metric]


def test_what_no_metric_can_measure_names_the_video_and_the_way_out(tmp_path: Path) -> None:
    """libvmaf crashes on pictures of 16x16."""
    tiny = tmp_path / "tiny.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=16x16:r=24:d=1", "-c:v", "ffv1", tiny)
    sample = Sample(tiny, list(range(24)), Libaom(40), tmp_path)
    with pytest.raises(EncodeError, match=r"vmaf cannot be measured") as refused:
        sample.measure("vmaf", 40.0, ffmpeg=ffmpeg_path(), threads=1, timeout_s=120)
    assert refused.value.path == str(tiny)
    assert "set media.av1.quality.metric to ssim or xpsnr" in str(refused.value)


def test_the_steps_are_those_of_the_encoder() -> None:
    found = find_quality(falling(0.37), Libaom(26), QualitySettings(target=93, tolerance=0.01))
    assert all(p.quality == round(p.quality) for p in found.probes)


def test_long_groups_are_judged_by_two_windows() -> None:
    assert sample_frames(5, 25) == list(range(5, 25))
    frames = sample_frames(100, 500)
    assert len(frames) == 96
    assert frames == sorted(set(frames))
    assert frames[0] >= 100
    assert frames[-1] < 500


def test_a_metric_that_this_ffmpeg_has_not_is_a_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    require_metric("vmaf", ffmpeg_path())
    monkeypatch.setattr(quality, "_filters", lambda _: ("ssim",))
    with pytest.raises(SettingsError, match="no filter libvmaf"):
        require_metric("vmaf", ffmpeg_path())


def test_a_sample_measures_less_at_a_higher_crf(plain_mkv: Path, tmp_path: Path) -> None:
    sample = Sample(plain_mkv, list(range(8, 24)), svt("draft"), tmp_path)
    fine, coarse = (
        sample.measure("ssim", crf, ffmpeg=ffmpeg_path(), threads=1, timeout_s=120) for crf in (10.0, 60.0)
    )
    assert 0.8 < coarse < fine < 1
