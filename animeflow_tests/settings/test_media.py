import pytest

from animeflow.errors import SettingsError
from animeflow.settings import load as loader
from animeflow.settings.media import Av1Settings, QualitySettings
from animeflow_tests.settings.written import refusal


@pytest.mark.parametrize(
    ("param", "why"),
    [
        ("crf=10", "media.av1.encoder.crf"),
        ("preset=3", "media.av1.encoder.profile"),
        ("color-primaries=9", "the source"),
        ("scd=1", "cuts"),
    ],
)
def test_what_the_encoder_would_pass_over_is_no_parameter_of_it(param: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"{param.partition('=')[0]} is not used: .*{why}"):
        loader.load(environment={}, overrides=[f"media.av1.encoder.params=[{param}]"])
    assert loader.load(environment={}, overrides=["media.av1.encoder.params=[scm=0]"])


@pytest.mark.parametrize("param", ["scm=4", "scm=9", "aq-mode=3", "qm-min=16", "enable-tf=-1", "scm=", "scm"])
def test_a_value_that_the_encoder_does_not_check_is_checked_here(param: str) -> None:
    with pytest.raises(SettingsError, match=f"{param.partition('=')[0]} is 0 to [0-9]+, not"):
        loader.load(environment={}, overrides=[f"media.av1.encoder.params=[{param}]"])


def test_a_parameter_holds_one_key() -> None:
    with pytest.raises(SettingsError, match="'tune=0:scm=9' is more than one key=value"):
        loader.load(environment={}, overrides=["media.av1.encoder.params=['tune=0:scm=9']"])


@pytest.mark.parametrize(
    ("metric", "goal"), [("vmaf", 95), ("ssim", 0.98), ("xpsnr", 36)], ids=("vmaf", "ssim", "xpsnr")
)
def test_each_metric_has_a_target_of_its_own_unless_one_is_set(metric: str, goal: float) -> None:
    assert QualitySettings.model_validate({"metric": metric}).goal == goal
    tree = loader.load(environment={}, overrides=[f"media.av1.quality={{metric: {metric}}}"])
    assert tree.media.av1.quality is not None and tree.media.av1.quality.goal == goal
    assert QualitySettings(metric="ssim", target=1).goal == 1


@pytest.mark.parametrize(
    ("metric", "target", "rule"),
    [
        ("ssim", 95, "values of ssim are above 0 and at most 1; set target so, or to null for 0.98"),
        ("vmaf", 0.95, "values of vmaf are above 1 and at most 100, 0.95 is like one of ssim; "),
        ("xpsnr", 95, "values of xpsnr are above 20 and at most 70; "),
        ("xpsnr", 0.99, "values of xpsnr are above 20 and at most 70, 0.99 is like one of ssim; "),
    ],
)
def test_a_target_off_the_scale_of_its_metric_is_refused_with_both(
    metric: str, target: float, rule: str
) -> None:
    said = refusal(f"media.av1.quality={{metric: {metric}, target: {target}}}")
    both = f": media.av1.quality.target: {target}, media.av1.quality.metric: '{metric}': "
    assert f"{both}target is not on the scale of metric: {rule}" in said


@pytest.mark.parametrize(
    ("metric", "least", "rule"),
    [
        ("ssim", 80, "values of ssim are above 0 and at most 1; set min_metric so, or to null for 0.9"),
        ("vmaf", 0.9, "values of vmaf are above 1 and at most 100, 0.9 is like one of ssim; "),
        ("xpsnr", 95, "values of xpsnr are above 20 and at most 70; "),
        ("none", 80, "min_metric is not used, metric is none: set metric to vmaf, ssim or xpsnr, or "),
    ],
)
def test_a_floor_that_its_metric_cannot_have_is_refused_with_both(
    metric: str, least: float, rule: str
) -> None:
    said = refusal(f"media.av1.metric={metric}", f"media.av1.min_metric={least}")
    assert f": media.av1.min_metric: {least}, media.av1.metric: '{metric}': min_metric is not " in said
    assert rule in said


def test_the_floor_is_the_one_that_is_set_or_the_metric_s_own() -> None:
    assert Av1Settings().floor is None
    assert Av1Settings(metric="ssim").floor == 0.9
    assert Av1Settings(metric="vmaf", min_metric=93).floor == 93
    assert Av1Settings(metric="vmaf", min_metric=0).floor == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            "{crf: 18}",
            "media.clips.crf: 18, media.clips.codec: 'copy': crf would not be used: codec is copy, ",
        ),
        ("{preset: slow, tonemap: true}", "preset and tonemap would not be used: codec is copy, not h264"),
    ],
)
def test_what_is_for_h264_alone_is_refused_with_a_codec_that_is_another(values: str, said: str) -> None:
    assert said in refusal(f"media.clips={values}")
    clips = loader.load(
        environment={}, overrides=["media.clips.codec=h264", f"media.clips={values}"]
    ).media.clips
    assert clips.codec == "h264"
    assert loader.load(environment={}, overrides=["media.clips={codec: copy, crf: 23, tonemap: false}"])


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("media.av1.encoder.crf=26.1", "media.av1.encoder.crf"),
        ("media.av1.crf=26.1", "media.av1.crf"),
        ("media.av1.encoder={kind: nvenc, cq: 26.1}", "media.av1.encoder.cq"),
        ("media.av1.encoder={kind: auto, svt: {crf: 26.1}}", "media.av1.encoder.svt.crf"),
    ],
)
def test_a_quality_between_the_steps_of_its_encoder_is_refused_with_the_two_beside_it(
    override: str, key: str
) -> None:
    assert refusal(override) == f"--set {override}: {key} = 26.1: the encoder has quarter steps: 26 or 26.25"
    assert "less than or equal to 63" in refusal(override.replace("26.1", "63.1"))
    assert loader.load(environment={}, overrides=[override.replace("26.1", "26.75")])


@pytest.mark.parametrize(
    ("metric", "tolerance", "widest"), [("ssim", 0.5, "0.1"), ("vmaf", 20, "9.9"), ("xpsnr", 6, "5")]
)
def test_a_tolerance_that_everything_meets_is_refused(metric: str, tolerance: float, widest: str) -> None:
    said = refusal(f"media.av1.quality={{metric: {metric}, tolerance: {tolerance}}}")
    assert f"at most {widest}, a tenth of the scale of {metric}" in said
    assert QualitySettings.model_validate({"metric": metric, "tolerance": float(widest)})


@pytest.mark.parametrize("word", ["on", "off", "auto"])
def test_groups_in_parallel_are_switched_by_the_words_of_the_documentation(word: str) -> None:
    assert loader.load(environment={}, overrides=[f"media.av1.parallel={word}"]).media.av1.parallel == word
