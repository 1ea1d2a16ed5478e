from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.errors import SettingsError
from animeflow.media.ffmpeg import choose_ffmpeg, ffmpeg_facts, ffmpeg_path, input_args, proved_ffmpeg


def test_the_bundled_binary_is_the_default_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANIMEFLOW_FFMPEG", "/bin/false")
    choice = choose_ffmpeg()
    assert "imageio_ffmpeg" in str(choice.path)
    assert "imageio-ffmpeg 0." in choice.why


def test_the_setting_wins_over_the_environment(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.touch()
    theirs.touch()
    env = {"ANIMEFLOW_FFMPEG": str(theirs)}
    assert ffmpeg_path(ours, env=env) == ours
    assert choose_ffmpeg(env=env).path == theirs
    assert choose_ffmpeg(env=env).why == "named by ANIMEFLOW_FFMPEG"


def test_a_named_binary_that_is_missing_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="/no/ffmpeg"):
        ffmpeg_path("/no/ffmpeg")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 0", "asked for -version, it says none"),
        ("exit 3", "ended with status 3"),
        ("echo ffmpeg version 9", "asked for -encoders, it lists none"),
        (None, "is not there or cannot be executed"),
    ],
)
def test_a_named_binary_that_is_no_ffmpeg_is_a_settings_error(
    tmp_path: Path, script: str | None, why: str
) -> None:
    path = tmp_path / "tool"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o644 if script is None else 0o755)
    with pytest.raises(
        SettingsError, match=rf"run\.ffmpeg is '{path}', which is no ffmpeg: .*{why}.*unset run\.ff"
    ):
        proved_ffmpeg(path)


def test_an_ffmpeg_that_says_what_it_is_is_accepted() -> None:
    assert proved_ffmpeg(ffmpeg_path()) == proved_ffmpeg() == ffmpeg_path()


def test_the_bundled_binary_has_what_the_encodes_need() -> None:
    facts = ffmpeg_facts(choose_ffmpeg())
    assert {"libsvtav1", "libopus", "flac", "srt"} <= set(facts.encoders)
    assert {"ssim", "xpsnr", "libvmaf", "idet", "loudnorm", "setpts"} <= set(facts.filters)
    assert facts.licence == "GPL-3.0"
    assert facts.version != "unknown"


def test_an_input_is_held_to_local_files_and_known_formats() -> None:
    args = input_args(Path("a:b.mkv"))
    assert args[args.index("-protocol_whitelist") + 1] == "file"
    assert "concat" not in args[args.index("-format_whitelist") + 1]
    assert args[-2:] == ["-i", "file:a:b.mkv"]
