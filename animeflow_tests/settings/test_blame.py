import pytest

from animeflow.errors import SettingsError
from animeflow.settings import load as loader
from animeflow.settings.tree import Settings
from animeflow_tests.settings.written import refusal, settings


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


def test_an_unknown_key_of_a_section_that_may_be_left_out_is_told_from_its_keys() -> None:
    assert "unknown key media.av1.quality.metrik; did you mean metric?" in refusal(
        "media.av1.quality={metrik: vmaf}"
    )
