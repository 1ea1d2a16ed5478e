"""The limits of ITU-R BT.1702 in cd/m2, on drawn thumbnails and through real video."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from animeflow.measures.broadcast_flash import COLUMNS, broadcast_flash, luminance_signal
from animeflow.measures.flash import measure_flash
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.measures import FlashSettings
from animeflow.settings.tree import Settings
from animeflow.shots.signals import analyse
from animeflow_tests.measures.test_flash import BLACK, FPS, RED, SECONDS, WHITE, Colour, grey, square_wave

SETTINGS = FlashSettings()
VIDEO = "0123456789abcdef"


def measured(frames: np.ndarray, **settings: float) -> dict[str, float]:
    times = np.arange(len(frames)) / FPS
    return broadcast_flash(frames, times, FlashSettings(**settings), color_transfer=1)


def screen(frames: np.ndarray, share: float, first: Colour, second: Colour, hz: float) -> np.ndarray:
    """`first` and `second` in turn on a share of the whole screen, the rest black."""
    cells = np.zeros(27 * 48, bool)
    cells[: round(share * cells.size)] = True
    for t, frame in enumerate(frames):
        frame[cells.reshape(27, 48)] = second if int(t * 2 * hz / FPS) % 2 else first
    return frames


def luminance(colour: Colour) -> float:
    """By the formula of the public analysers, written once more."""
    values = (413.435 * (0.002745 * value + 0.0189623) ** 2.2 for value in colour)
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), values, strict=True))


def test_the_display_has_a_white_of_200_and_a_black_of_7_hundredths() -> None:
    value = luminance_signal(SETTINGS).value
    assert float(value(np.array([255, 255, 255], np.uint8))) == pytest.approx(200.04, abs=0.01)
    assert float(value(np.array([0, 0, 0], np.uint8))) == pytest.approx(0.067, abs=0.001)
    for colour in ((12, 200, 99), RED, grey(127)):
        assert float(value(np.array(colour, np.uint8))) == pytest.approx(luminance(colour), rel=1e-5)


@pytest.mark.parametrize("hz", range(1, 13))
def test_a_black_and_white_square_wave_flashes_at_its_frequency(hz: int) -> None:
    found = measured(square_wave(BLACK, WHITE, hz))
    assert found["broadcast_flashes"] == hz
    assert found["broadcast_red_flashes"] == 0
    assert found["flash_area_max"] == 1.0


@pytest.mark.parametrize(
    ("first", "second", "general", "red"),
    [
        (grey(0), grey(85), 0, 0),  # 19.9 cd/m2 apart
        (grey(0), grey(86), 6, 0),  # 20.4
        (grey(229), grey(255), 6, 0),  # the darker 158.9 cd/m2
        (grey(230), grey(255), 0, 0),  # 160.4
        (grey(127), RED, 0, 6),  # 45.7 and 42.6
        (BLACK, (160, 0, 0), 0, 6),  # 15.7 cd/m2: a red of any luminance
        (BLACK, (80, 0, 0), 0, 6),
        (BLACK, (40, 0, 0), 0, 0),  # the room's light leaves no colour
        (grey(127), (255, 120, 120), 6, 0),
        ((0, 0, 255), RED, 6, 6),
        ((255, 90, 90), (255, 60, 60), 0, 0),
    ],
)
def test_the_limits_of_luminance_and_of_red(first: Colour, second: Colour, general: int, red: int) -> None:
    found = measured(square_wave(first, second, 6))
    assert (found["broadcast_flashes"], found["broadcast_red_flashes"]) == (general, red)


@pytest.mark.parametrize(("share", "expected"), [(0.20, 0), (0.24, 0), (0.25, 6), (0.26, 6), (0.30, 6)])
@pytest.mark.parametrize("colour", [WHITE, RED])
def test_a_quarter_of_the_screen_has_to_flash_together(share: float, expected: int, colour: Colour) -> None:
    found = measured(screen(np.zeros((FPS * SECONDS, 27, 48, 3), np.uint8), share, BLACK, colour, 6))
    assert max(found["broadcast_flashes"], found["broadcast_red_flashes"]) == expected
    assert found["flash_area_max"] == pytest.approx(share if expected else 0.0, abs=0.001)


def test_a_field_that_is_full_is_a_ninth_of_the_screen_and_no_broadcast_flash() -> None:
    """WCAG's 10-degree field flashes; of the screen it is 11 %."""
    frames = np.zeros((FPS * SECONDS, 27, 48, 3), np.uint8)
    frames[::2, :9, :16] = 255
    assert measured(frames)["broadcast_flashes"] == 0


def test_a_slow_ramp_accumulates_to_a_flash_and_a_small_flicker_never() -> None:
    steps = np.abs((np.arange(FPS * SECONDS) / FPS) % 1 * 2 - 1) * 255
    shape = (len(steps), 27, 48, 3)
    assert (
        measured(np.broadcast_to(steps[:, None, None, None].astype(np.uint8), shape))["broadcast_flashes"]
        == 1
    )
    levels = np.where(np.arange(FPS * SECONDS) % 2, 60, 80).astype(np.uint8)
    assert measured(np.broadcast_to(levels[:, None, None, None], shape))["broadcast_flashes"] == 0


def test_a_still_red_at_the_limit_of_saturation_does_not_flash_by_its_noise() -> None:
    noise = np.random.default_rng(3).integers(-6, 7, (FPS * SECONDS, 27, 48, 3))
    frames = np.clip(np.array([220, 80, 80]) + noise, 0, 255).astype(np.uint8)
    assert measured(frames)["broadcast_red_flashes"] == 0


def test_the_run_is_the_time_of_flashing_and_the_white_is_a_setting() -> None:
    frames = np.zeros((FPS * 4, 27, 48, 3), np.uint8)
    frames[FPS : FPS * 3] = np.resize(square_wave(BLACK, WHITE, 3), (FPS * 2, 27, 48, 3))
    found = measured(frames)
    assert found["longest_flashing_s"] == pytest.approx(
        2 - 4 / FPS, abs=0.01
    )  # from the first turn to the last
    wave = square_wave(grey(0), grey(100), 6)
    assert measured(wave)["broadcast_flashes"] == 6
    assert measured(wave, broadcast_white=100.0)["broadcast_flashes"] == 0


@pytest.mark.parametrize(("code", "name"), [(16, "PQ"), (18, "HLG")])
def test_an_hdr_source_has_no_broadcast_measure_and_says_why(code: int, name: str) -> None:
    frames = square_wave(BLACK, WHITE, 6)
    found = broadcast_flash(frames, np.arange(len(frames)) / FPS, SETTINGS, color_transfer=code)
    assert all(found[column] is None for column in COLUMNS)
    assert name in found["reason"]


def strobe(path: Path, first: str, second: str, hz: int, *words: str) -> Path:
    """Three seconds of 320x180 H.264 that show two colours in turn on the whole picture."""
    turn = f"if(lt(mod(floor(N*2*{hz}/{FPS}),2),1),{{}},{{}})"
    planes = (turn.format(a, b) for a, b in zip(first.split(), second.split(), strict=True))
    drawn = ":".join(f"{name}='{plane}'" for name, plane in zip("rgb", planes, strict=True))
    source = f"color=size=320x180:rate={FPS}:duration={SECONDS},format=gbrp,geq={drawn}"
    make = (
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        source,
        "-vf",
        "scale=out_color_matrix=bt709:out_range=tv",
    )
    coded = (
        "-c:v",
        "libx264",
        "-crf",
        "18",
        "-pix_fmt",
        "yuv420p",
        "-colorspace",
        "bt709",
        "-color_range",
        "tv",
    )
    subprocess.run([str(ffmpeg_path()), *make, *coded, *words, str(path)], check=True)
    return path


@pytest.mark.parametrize(
    ("first", "second", "hz", "wcag", "broadcast"),
    [
        ("0 0 0", "255 255 255", 3, (3, 0), (3, 0)),
        ("0 0 0", "255 255 255", 12, (12, 0), (12, 0)),
        ("0 0 0", "70 70 70", 6, (0, 0), (0, 0)),
        ("0 0 0", "100 100 100", 6, (6, 0), (6, 0)),
        ("127 127 127", "255 0 0", 6, (0, 6), (0, 6)),
        ("0 0 255", "255 0 0", 12, (12, 12), (12, 12)),
    ],
)
def test_a_strobe_in_a_real_video_is_measured_as_it_was_drawn(
    tmp_path: Path, first: str, second: str, hz: int, wcag: tuple[int, int], broadcast: tuple[int, int]
) -> None:
    path = strobe(tmp_path / "strobe.mkv", first, second, hz)
    signals, _ = analyse(path, video_id=VIDEO, settings=Settings().shots)
    clip = {"clip_id": f"{VIDEO}-0000000-0000072", "video_id": VIDEO, "start": 0, "end": FPS * SECONDS}
    (row,) = measure_flash(signals, [clip], SETTINGS, color_transfer=1).to_pylist()
    assert (row["general_flashes"], row["red_flashes"]) == wcag
    assert (row["broadcast_flashes"], row["broadcast_red_flashes"]) == broadcast
    assert row["reason"] is None
