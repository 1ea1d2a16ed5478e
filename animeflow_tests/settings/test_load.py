import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import SettingsError
from animeflow.settings import load as loader
from animeflow.settings.base import Section, no_digest
from animeflow.settings.media import Av1Settings, QualitySettings
from animeflow.settings.tree import Settings


def settings(tmp_path, text: str, **kwargs):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return loader.load(file=path, environment=kwargs.pop("environment", {}), **kwargs)


def test_each_origin_overrides_the_one_before_it(tmp_path):
    text = "media: {key_frames: {quality: 30}}"
    default = Settings().media.key_frames.quality
    assert loader.load(environment={}).media.key_frames.quality == default
    assert settings(tmp_path, text).media.key_frames.quality == 30
    environment = {"ANIMEFLOW__MEDIA__KEY_FRAMES__QUALITY": "31"}
    assert settings(tmp_path, text, environment=environment).media.key_frames.quality == 31
    both = settings(tmp_path, text, environment=environment, overrides=["media.key_frames.quality=32"])
    assert both.media.key_frames.quality == 32


def test_an_unknown_key_is_named_with_file_line_and_the_nearest_word(tmp_path):
    with pytest.raises(
        SettingsError, match=r"mine\.yaml, line 3: unknown key media\.av1\.metrik; did you mean metric"
    ):
        settings(tmp_path, "media:\n  av1:\n    metrik: ssim\n")


def test_a_value_out_of_range_is_named_with_file_line_and_the_rule(tmp_path):
    with pytest.raises(
        SettingsError,
        match=r"mine\.yaml, line 3: media\.key_frames\.quality = 999: .*less than or equal to 100",
    ):
        settings(tmp_path, "media:\n  key_frames:\n    quality: 999\n")


def test_a_bad_option_of_the_command_line_is_named_as_typed():
    with pytest.raises(SettingsError, match=r"--set media\.av1\.crf=99"):
        loader.load(environment={}, overrides=["media.av1.crf=99"])
    with pytest.raises(SettingsError, match="key=value"):
        loader.load(environment={}, overrides=["media.av1.crf"])


def test_a_secret_in_a_file_is_refused_and_not_shown(tmp_path):
    token = "hf_" + "a" * 34
    with pytest.raises(
        SettingsError, match=r"mine\.yaml, line 2: media\.av1\.profile looks like a secret"
    ) as caught:
        settings(tmp_path, f"media:\n  av1: {{profile: {token}}}")
    assert token not in str(caught.value)


def test_broken_yaml_is_named_with_its_line(tmp_path):
    with pytest.raises(SettingsError, match=r"mine\.yaml, line 2: not valid YAML"):
        settings(tmp_path, "media:\n  av1: ]\n")


def test_a_key_that_stands_twice_is_named_with_both_lines(tmp_path):
    with pytest.raises(SettingsError, match=r"line 3: curation\.max_flashes stands in line 2 already"):
        settings(tmp_path, "curation:\n  max_flashes: 1\n  max_flashes: 2\n")


def test_a_value_that_holds_itself_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="holds itself"):
        settings(tmp_path, "a: &a [*a]\n")


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="mapping"):
        settings(tmp_path, "- 1\n")


def test_the_saved_tree_loads_to_the_same_tree(tmp_path):
    tree = loader.load(environment={}, overrides=["media.av1.encoder.crf=33"])
    assert settings(tmp_path, loader.dump(tree)) == tree


@pytest.mark.parametrize("profile", loader.profiles())
def test_every_shipped_profile_is_valid(profile):
    tree = loader.load(profile=profile, environment={})
    assert tree.profile == profile


def test_an_unknown_profile_lists_the_known_ones():
    with pytest.raises(SettingsError, match="embedded"):
        loader.load(profile="nope", environment={})


class Toy(Section):
    size: int = 1
    threads: int = no_digest(4)


def test_threads_and_paths_are_no_part_of_a_digest():
    assert Toy(threads=1).digest_view() == Toy(threads=8).digest_view() == {"size": 1}
    tree = loader.load(environment={})
    other = loader.load(environment={}, overrides=["run.threads=3", "models.batch=2"])
    assert tree.digest_parts(("run", "models", "shots")) == other.digest_parts(("run", "models", "shots"))


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_override_gives_a_tree_or_a_settings_error(key, value):
    try:
        loader.load(environment={}, overrides=[f"{key}={value}"])
    except SettingsError as error:
        assert str(error)


def test_every_field_is_described():
    def walk(model, path):
        for name, field in model.model_fields.items():
            here = f"{path}.{name}"
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                walk(kind, here)
            else:
                assert field.description or name == "kind", here  # a tag is explained by its class

    walk(Settings, "settings")


def test_the_dump_is_plain_yaml():
    assert yaml.safe_load(loader.dump(loader.load(environment={})))["profile"] == "embedded"


@pytest.mark.parametrize("token", ["hf_" + "a" * 34, "hf_abcdef"])
@pytest.mark.parametrize("key", ["x", "media.av1.crf", "source.hub.location"])
def test_a_value_that_looks_like_a_secret_is_never_said_again(key, token):
    if key == "source.hub.location" and len(token) < 20:
        pytest.skip("a folder may be named so")
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=(f"{key}={token}",))
    assert token not in str(refused.value) and f"--set {key}" in str(refused.value)


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes("profile: embedded # Größe".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"mine\.yaml: not UTF-8 text"):
        loader.load(file=path, environment={})


def test_a_choice_that_may_be_left_out_names_null_among_what_is_allowed():
    with pytest.raises(SettingsError, match=r"media\.clips\.max_height = 90: input should be 720 or null$"):
        loader.load(overrides=("media.clips.max_height=90",), environment={})
    with pytest.raises(SettingsError, match=r"media\.av1\.metric = 'x': input should be .*(?<!null)$"):
        loader.load(overrides=("media.av1.metric=x",), environment={})


def test_a_rule_between_fields_says_their_names_and_values_as_yaml(tmp_path):
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, "shots:\n  clips:\n    min_s: 6\n    max_s: 4\n")
    said = str(refused.value)
    assert said.endswith(
        "mine.yaml, line 4: shots.clips.max_s: 4, shots.clips.min_s: 6: "
        "max_s is less than twice min_s: a split could be too short"
    )
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=["shots.clips.min_s=15"])
    assert str(refused.value).startswith(
        f"--set shots.clips.min_s=15: shots.clips.max_s: {Settings().shots.clips.max_s}, shots.clips.min_s: 15: "
    )


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ("shots.detector.transitions.min_frames=50", "shots.detector.transitions.max_frames=10"),
            "shots.detector.transitions.min_frames: 50, shots.detector.transitions.max_frames: 10: min_frames is more",
        ),
        (
            ("shots.detector.doubt=0.9",),
            "shots.detector.doubt: 0.9, shots.detector.threshold: 0.5: doubt is above threshold",
        ),
        (
            ("shots.detector.threshold=0.05",),
            "shots.detector.doubt: 0.1, shots.detector.threshold: 0.05: doubt is above threshold",
        ),
    ],
)
def test_limits_of_the_detector_that_contradict_each_other_are_refused_with_both(overrides, said):
    assert refusal(*overrides).startswith(f"--set {overrides[-1]}: {said}")


def test_limits_of_the_detector_may_meet():
    overrides = ["shots.detector={threshold: 0.1, doubt: 0.1, transitions: {min_frames: 9, max_frames: 9}}"]
    assert loader.load(environment={}, overrides=overrides)


def test_a_rule_between_sections_names_the_fields_of_both():
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=["measures.motion.reach_px=200"])
    assert "measures.motion.reach_px: 200, measures.motion.width_px: 576: " in str(refused.value)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("shots.detector={kind: nope}", "shots.detector = {kind: nope}: "),
        ("shots.text.enabled=[true, null]", "shots.text.enabled = [true, null]: "),
        ("shots.clips=null", "shots.clips = null: "),
    ],
)
def test_a_wrong_value_is_said_as_it_is_written(override, said):
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=[override])
    assert f": {said}" in str(refused.value)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "media.av1.encoder.profile=faast",
            "media.av1.encoder.profile = 'faast': input should be 'animation', ",
        ),
        ("shots.detector={kind: content, nope: 1}", "unknown key shots.detector.nope"),
        ("source.extensions=[mkv, 3]", "source.extensions.1 = 3: input should be a valid string"),
    ],
)
def test_an_option_is_blamed_as_it_was_given_whatever_kind_or_list_it_lies_in(override, said):
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=[override])
    assert str(refused.value).startswith(f"--set {override}: {said}")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("media.av1.encoder.profil=fast", "media.av1.encoder.profil; did you mean profile?"),
        ("media.av1.encoder.kindd=svt", "media.av1.encoder.kindd; did you mean kind?"),
        (
            "media.av1.encoder={kind: auto, svt: {parms: []}}",
            "media.av1.encoder.svt.parms; did you mean params?",
        ),
        ("shots.detector.thresold=0.4", "shots.detector.thresold; did you mean threshold?"),
        (
            "shots.detector.transitions.max_frame=9",
            "shots.detector.transitions.max_frame; did you mean max_frames?",
        ),
        ("models.text.kin=ppocr", "models.text.kin; did you mean kind?"),
        (
            "media.av1.encoder={kind: libaom, profile: fast}",
            "media.av1.encoder.profile; kind libaom has kind, cpu_used, crf; profile is a key of kind svt",
        ),
        (
            "media.av1.encoder.preset=p1",
            "media.av1.encoder.preset; kind svt has kind, profile, crf, params; preset is a key of kind nvenc",
        ),
    ],
)
def test_an_unknown_key_of_one_of_several_kinds_is_told_from_the_keys_of_the_chosen_one(
    tmp_path, override, said
):
    assert refusal(override) == f"--set {override}: unknown key {said}"
    key, _, value = override.partition("=")
    *groups, last = key.split(".")
    text = "".join(f"{'  ' * depth}{word}:\n" for depth, word in enumerate(groups))
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, f"{text}{'  ' * len(groups)}{last}: {value}\n")
    assert str(refused.value) == f"{tmp_path}/mine.yaml, line {len(groups) + 1}: unknown key {said}"


@pytest.mark.parametrize("key", ["curation", "shots.clips", "media.av1.encoder"])
def test_a_value_in_place_of_a_group_says_how_to_write_it(tmp_path, key):
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=[f"{key}=3"])
    assert str(refused.value) == (f"--set {key}=3: {key} = 3: is a group of settings; write {key}.KEY=VALUE")
    with pytest.raises(
        SettingsError, match="line 1: curation = 3: is a group of settings; write KEY: VALUE inside"
    ):
        settings(tmp_path, "curation: 3\n")


def test_of_several_errors_the_first_line_of_the_file_is_said_and_an_option_before_it(tmp_path):
    text = "media:\n  key_frames: {quality: 999}\ncuration:\n  max_flashs: 1\nshots:\n  clips: {min_s: -1}\n"
    turned = (
        "shots:\n  clips: {min_s: -1}\ncuration:\n  max_flashs: 1\nmedia:\n  key_frames: {quality: 999}\n"
    )
    for lines, first in ((text, r"media\.key_frames\.quality"), (turned, r"shots\.clips\.min_s")):
        with pytest.raises(SettingsError, match=rf"mine\.yaml, line 2: {first} = .* \(and 2 more\)$"):
            settings(tmp_path, lines)
    with pytest.raises(SettingsError, match=r"^--set run\.threads=-1: .* \(and 3 more\)$"):
        settings(tmp_path, text, overrides=["run.threads=-1"])


def test_a_variable_that_sets_a_group_of_others_is_named() -> None:
    environment = {"ANIMEFLOW__CURATION": "3", "ANIMEFLOW__CURATION__MAX_FLASHES": "2"}
    with pytest.raises(SettingsError, match=r"curation is a group of settings: unset ANIMEFLOW__CURATION$"):
        loader.load(environment=environment)


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


def test_a_wrong_variable_is_named() -> None:
    for name, value, said in (
        ("FOO", "1", "unknown key foo"),
        ("RUN__THREADS", "-1", "run.threads = -1: "),
        ("CURATION", "{nope: 1}", "unknown key curation.nope"),
        ("SHOTS__CLIPS__MIN_S", "15", "shots.clips.max_s: 20.0, shots.clips.min_s: 15"),
        ("CURATION__MIN_SHARPNESS", "hf_" + "a" * 30, "curation.min_sharpness looks like a secret"),
    ):
        with pytest.raises(SettingsError) as caught:
            loader.load(environment={f"ANIMEFLOW__{name}": value, "ANIMEFLOW__RUN__MIN_FREE_GB": "0"})
        assert str(caught.value).startswith(f"variable ANIMEFLOW__{name}: {said}")


def refusal(*overrides: str) -> str:
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=overrides)
    return str(refused.value)


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


def test_an_unknown_key_of_a_section_that_may_be_left_out_is_told_from_its_keys() -> None:
    assert "unknown key media.av1.quality.metrik; did you mean metric?" in refusal(
        "media.av1.quality={metrik: vmaf}"
    )


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
