from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from animeflow.errors import ContractError, EncodeError, SettingsError
from animeflow.media.demux.frame_index import read_frame_index
from animeflow.media.encode import encoders
from animeflow.media.encode.encoders import (
    PROFILES,
    X264,
    Encoder,
    Libaom,
    Nvenc,
    Svt,
    Trial,
    cause,
    choose_encoder,
    encoder_of,
    require_used,
    svt,
    trial,
)
from animeflow.media.encode.plan import make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.settings.load import load
from animeflow.settings.media import AutoEncoder, LibaomEncoder, NvencEncoder, SvtEncoder

NVENC_STDERR = [
    "[vost#0:0/av1_nvenc @ 0x5575bdd9ee40] [enc:av1_nvenc @ 0x5575bdd9f880] Error while opening encoder - maybe ...",
    "[av1_nvenc @ 0x5575bdd9f980] Cannot load libcuda.so.1",
    "[vf#0:0 @ 0x5575bddbab80] Error sending frames to consumers: Operation not permitted",
    "[vf#0:0 @ 0x5575bddbab80] Task finished with error code: -1 (Operation not permitted)",
]
SCM = "Svt[warn]: Screen-content detection and tools are disabled for RA mode coding at M9 and above; forcing NSC path"


def after(args: list[str], word: str) -> str:
    return args[args.index(word) + 1]


def test_each_profile_has_its_own_quality_unless_one_is_set() -> None:
    assert [svt(name).quality for name in ("animation", "default", "fast", "draft")] == [26, 26, 28, 32]
    assert svt("draft", 20).quality == 20
    assert encoder_of(SvtEncoder(profile="draft")).quality == 32
    assert encoder_of(SvtEncoder(profile="draft", crf=40)).quality == 40


def test_svt_keeps_fractions_of_its_quality_and_takes_further_parameters() -> None:
    args = svt("animation", 30.25, ("enable-qm=1",)).args(threads=2)
    assert after(args, "-svtav1-params") == "tune=1:scm=1:enable-qm=1:crf=30.25:lp=2"
    assert after(args, "-preset:v:0") == "6"
    assert not any(word.startswith("-crf") for word in args)


@pytest.mark.parametrize(
    ("claimed", "step_ms", "told"),
    [(Fraction(24), 50, None), (None, 50, None), (Fraction(240), 50, None), (Fraction(1000), 50, (20, 1)),
     (Fraction(1000), 3, (240, 1)), (Fraction(1000), 5000, (1, 1)), (Fraction(1000), 42, (500, 21))],
)  # fmt: skip
def test_svt_is_told_the_average_rate_where_it_takes_no_such_rate_as_is_claimed(
    claimed: Fraction | None, step_ms: int, told: tuple[int, int] | None
) -> None:
    chosen = encoders.paced(svt("draft"), claimed, range(0, 10 * step_ms, step_ms), Fraction(1, 1000))
    wanted = ["crf=32"] if told is None else ["crf=32", f"fps-num={told[0]}", f"fps-denom={told[1]}"]
    assert after(chosen.args(), "-svtav1-params").split(":") == wanted
    assert encoders.paced(X264(18.0), claimed, range(9), Fraction(1, 1000)) == X264(18.0)


def test_a_lone_frame_has_a_rate_too() -> None:
    assert "fps-num=240:fps-denom=1" in " ".join(
        encoders.paced(svt(), Fraction(1000), [0], Fraction(1)).args()
    )


def test_libaom_lifts_the_bit_rate_cap() -> None:
    args = Libaom(26, 8).args()
    assert (after(args, "-crf:v:0"), after(args, "-b:v:0"), after(args, "-row-mt:v:0")) == ("26", "0", "1")


def test_nvenc_has_its_own_quality_option_and_no_crf() -> None:
    args = Nvenc(30.0).args()
    assert after(args, "-rc:v:0") == "vbr"
    assert (after(args, "-cq:v:0"), after(args, "-b:v:0"), after(args, "-pix_fmt:v:0")) == (
        "30",
        "0",
        "p010le",
    )
    assert after(args, "-forced-idr:v:0") == "1"
    assert not any(word.startswith("-crf") for word in args)


@pytest.mark.parametrize("encoder", [X264(18.0), Libaom(26)])
def test_an_encoder_whose_bytes_depend_on_threads_has_the_same_everywhere(encoder: Encoder) -> None:
    assert encoder.args(threads=1) == encoder.args(threads=8)


@pytest.mark.parametrize(
    "make",
    [
        lambda: svt("best"),
        lambda: svt(crf=0.5),
        lambda: svt(crf=70),
        lambda: svt(crf=26.1),
        lambda: X264(60.0),
    ],
)
def test_unknown_profiles_and_qualities_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ContractError):
        make()
    assert X264(23.1).args()


@pytest.mark.parametrize(
    ("encoder", "asked", "got"),
    [(svt(), 30.13, 30.25), (svt(), 99, 63), (svt(), -3, 1), (Libaom(26), 30.4, 30), (X264(18.0), 51.9, 51)],
)
def test_a_quality_is_brought_to_the_scale_of_its_encoder(encoder: Encoder, asked: float, got: float) -> None:
    assert encoder.with_quality(asked).quality == got


def test_screen_content_tools_are_not_asked_of_presets_that_have_none() -> None:
    assert all("scm=1" not in p.params for p in PROFILES.values() if p.preset >= 9)


@pytest.mark.parametrize("encoder", [Svt(40.0, 10), Libaom(40, 8), X264(30.0, "ultrafast")])
def test_a_cpu_encoder_makes_a_frame_here_and_says_its_version(encoder: Encoder) -> None:
    found = trial(ffmpeg_path(), encoder)
    assert found.problem is None
    assert found.version is not None
    assert any(c.isdigit() for c in found.version)


def test_an_option_that_the_encoder_does_not_follow_fails_the_trial() -> None:
    assert "disabled for RA mode" in str(trial(ffmpeg_path(), Svt(40.0, 10, ("scm=1",))).problem)


@pytest.mark.parametrize(
    "line",
    [
        SCM,
        "Svt[warn]: Film grain denoise apply signal is going to be ignored when film grain is off.",
        "Svt[warn]: Setting preset to M9 as it is the highest supported preset for 4k and higher resolutions",
        "Codec AVOption cq (x) has not been used for any stream.",
        "[libsvtav1 @ 0x1] Error parsing option bogus: 1.",
    ],
)
def test_a_line_that_tells_of_an_unused_option_is_found(line: str) -> None:
    assert svt("fast").unused_option(["Svt[info]: fine", line]) == line


@pytest.mark.parametrize(
    "line",
    [
        "Svt[warn]: Failed to set thread priority: Invalid argument",
        "Svt[warn]: Non-RTC M10+ are meant for automation tooling usage. Visual artifacts may occur otherwise.",
        "Svt[warn]: Restoration Filtering is unsupported with source dimensions (32 / 32), disabling it",
        "Svt[info]: Screen-content tools are disabled",
        "[matroska @ 0x1] the tag is not supported",
    ],
)
def test_noise_is_no_unused_option(line: str) -> None:
    assert svt("fast").unused_option([line]) is None


def test_screen_content_tools_that_nobody_asked_for_are_not_missed() -> None:
    assert svt("draft").unused_option([SCM]) is None
    assert svt("draft", params=("scm=0",)).unused_option([SCM]) is None
    assert svt("draft", params=("scm=2",)).unused_option([SCM]) == SCM


def test_the_cause_is_the_line_that_names_the_library_or_the_driver() -> None:
    assert cause(NVENC_STDERR) == "[av1_nvenc] Cannot load libcuda.so.1"
    assert cause(["something else"]) == "something else"


def test_an_encoder_that_is_not_here_is_a_settings_error_with_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoders, "trial", lambda *_: Trial(problem="Cannot load libcuda.so.1"))
    with pytest.raises(SettingsError, match=r"nvenc.*Cannot load libcuda\.so\.1"):
        choose_encoder(NvencEncoder(), ffmpeg_path())


@pytest.mark.parametrize(
    ("param", "said"),
    [("nonsense=1", r"\[libsvtav1\] Error parsing option nonsense"), ("tune=77", r"Invalid tune flag")],
)
def test_parameters_that_the_encoder_does_not_take_are_a_settings_error(param: str, said: str) -> None:
    choice = SvtEncoder(profile="draft", params=(param,))
    wanted = rf"media\.av1\.encoder\.params is \[{param}\], .*{said}.* \(mend the key"
    with pytest.raises(SettingsError, match=wanted):
        choose_encoder(choice, ffmpeg_path())
    assert choose_encoder(SvtEncoder(params=("enable-qm=1",)), ffmpeg_path()).fell_back is None


def test_parameters_are_proved_of_the_encoder_that_auto_falls_back_to() -> None:
    choice = AutoEncoder(nvenc=NvencEncoder(preset="p1"), svt=SvtEncoder(params=("nonsense=1",)))
    if trial(ffmpeg_path(), encoder_of(choice.nvenc)).problem is None:
        pytest.skip("a card encodes here")
    with pytest.raises(SettingsError, match=r"media\.av1\.encoder\.svt\.params is \[nonsense=1\]"):
        choose_encoder(choice, ffmpeg_path())


def test_an_ffmpeg_of_the_user_s_is_asked_whether_it_has_svt_av1(tmp_path: Path) -> None:
    path = tmp_path / "ffmpeg"
    path.write_text("#!/bin/sh\necho \"Unknown encoder 'libsvtav1'\" >&2\nexit 8\n")
    path.chmod(0o755)
    with pytest.raises(SettingsError, match=r"is svt, but libsvtav1 .* Unknown encoder .*unset run\.ffmpeg"):
        choose_encoder(SvtEncoder(), path)


def test_an_option_that_an_encode_did_not_use_names_its_setting() -> None:
    line = "[libsvtav1 @ 0x5d1] Error parsing option film-grian: 8."
    with pytest.raises(
        EncodeError, match=r"status 0 but said: \[libsvtav1\] Error .*encoder\.params is \[film-gri"
    ):
        require_used(svt("fast", params=("film-grian=8",)), [line], Path("x.mkv"))
    with pytest.raises(EncodeError) as refused:
        require_used(svt("fast"), [line], Path("x.mkv"))
    assert "params" not in str(refused.value), "the profile's own are nobody's setting"


def test_auto_falls_back_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "trial", lambda *_: Trial(problem="no card"))
    chosen = choose_encoder(AutoEncoder(svt=SvtEncoder(profile="fast")), ffmpeg_path())
    assert chosen.encoder == svt("fast")
    assert "no card" in str(chosen.fell_back)
    monkeypatch.setattr(encoders, "trial", lambda *_: Trial("NVENC 13.0"))
    chosen = choose_encoder(AutoEncoder(), ffmpeg_path())
    assert (chosen.encoder.kind, chosen.fell_back) == ("nvenc", None)


def test_libaom_encodes_exactly_and_the_same_whatever_the_threads(plain_mkv: Path, tmp_path: Path) -> None:
    """It makes two key frames per forced time: more key frames than cuts are allowed."""
    index = read_frame_index(plain_mkv)
    assert index is not None
    pts, digests = index.pts.tolist(), []
    for threads in (1, 2):
        encoder = choose_encoder(LibaomEncoder(cpu_used=8, crf=40), ffmpeg_path()).encoder
        plan = make_plan(probe(plain_mkv), cuts=[9, 24], pts=pts, encoder=encoder, threads=threads)
        out = tmp_path / f"{threads}.mkv"
        report = encode_video(plan, out, cuts=[9, 24], pts=pts, metric="ssim")
        assert report.encoder.startswith("libaom ")
        assert (report.profile, report.crf) == ("cpu-used 8", 40)
        assert report.key_frames >= 3
        assert report.metric_value is not None
        assert report.metric_value > 0.9
        digests.append(hashlib.sha256(out.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_the_old_places_of_profile_and_crf_still_mean_the_same() -> None:
    old = load(environment={}, overrides=["media.av1.profile=fast", "media.av1.crf=31"])
    assert old.media.av1.encoder == SvtEncoder(profile="fast", crf=31)
    assert load(environment={}, overrides=["media.av1.profile=draft"]).media.av1.encoder == SvtEncoder(
        profile="draft"
    )
    with pytest.raises(SettingsError, match="kind here is libaom"):
        load(environment={}, overrides=["media.av1.encoder.kind=libaom", "media.av1.crf=31"])
    with pytest.raises(ValidationError):
        SvtEncoder(crf=64)
