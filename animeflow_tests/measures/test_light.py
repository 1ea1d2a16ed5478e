"""Points of the curves that their standards name, and strobes in real HDR videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.measures.flash import general_transitions, measure_flash, red_transitions
from animeflow.measures.light import BT2020, HLG, PQ, SRGB, light_of, pq_cd
from animeflow.media.probe.file import probe
from animeflow.settings.tree import Settings
from animeflow.shots.signals import analyse
from animeflow_tests.measures.test_broadcast_flash import SECONDS, VIDEO, strobe
from animeflow_tests.measures.test_flash import BLACK, FPS, RED, SETTINGS, WHITE, flashes, grey, square_wave


def of_grey(level: int, transfer: int, primaries: int = BT2020) -> float:
    return float(light_of(transfer, primaries).luminance(np.full((1, 1, 3), level, np.uint8))[0, 0])


@pytest.mark.parametrize(("code", "cd"), [(0.0, 0), (0.508, 100), (0.581, 203), (0.752, 1000), (1.0, 10_000)])
def test_pq_gives_the_levels_of_its_standard(code: float, cd: float) -> None:
    """Report BT.2408 table 1: 58 % is 203 cd/m2; BT.2100: 100 cd/m2 is 0.508, 1000 cd/m2 is 0.752."""
    assert float(pq_cd(np.array(code))) == pytest.approx(cd, rel=0.01)


@pytest.mark.parametrize(("transfer", "white"), [(PQ, 0.581), (HLG, 0.75)])
def test_diffuse_white_is_one_and_black_none(transfer: int, white: float) -> None:
    assert of_grey(round(255 * white), transfer) == pytest.approx(1, rel=0.03)
    assert of_grey(0, transfer) == 0


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("primaries", [1, BT2020])
def test_a_grey_is_a_grey_in_other_primaries(transfer: int, primaries: int) -> None:
    light = light_of(transfer, primaries)
    thumb = np.full((1, 1, 3), 150, np.uint8)
    for plane in light.linear(thumb):
        np.testing.assert_allclose(plane, light.luminance(thumb), rtol=1e-3)


@pytest.mark.parametrize("transfer", [None, 1, 2, 13])
def test_all_else_is_read_as_srgb(transfer: int | None) -> None:
    assert light_of(transfer, BT2020) is SRGB


@pytest.mark.parametrize(
    ("first", "second", "as_srgb", "as_pq"),
    [
        (grey(120), grey(140), 0, 6),  # 68 and 149 cd/m2
        (grey(180), WHITE, 6, 0),  # two highlights: the darker is above 0.8 of white
        (BLACK, grey(150), 6, 6),
    ],
)
def test_a_strobe_counts_by_its_light(
    first: tuple[int, int, int], second: tuple[int, int, int], as_srgb: int, as_pq: int
) -> None:
    wave = square_wave(first, second, 6)
    assert flashes(wave, general_transitions) == as_srgb
    light = light_of(PQ, BT2020)
    assert flashes(wave, lambda thumbs, settings: general_transitions(thumbs, settings, light)) == as_pq


@pytest.mark.parametrize("primaries", [1, BT2020])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_red_strobe_is_red_in_hdr(transfer: int, primaries: int) -> None:
    wave, light = square_wave(BLACK, RED, 6), light_of(transfer, primaries)
    assert flashes(wave, lambda thumbs, settings: red_transitions(thumbs, settings, light)) == 6


@pytest.mark.parametrize(
    ("code", "levels", "expected"),
    [
        (1, ("120 120 120", "140 140 140"), 0),
        (PQ, ("120 120 120", "140 140 140"), 6),
        (PQ, ("180 180 180", "255 255 255"), 0),
        (HLG, ("0 0 0", "150 150 150"), 6),
        (HLG, ("215 215 215", "255 255 255"), 0),
    ],
)
def test_a_strobe_in_a_real_video_is_read_by_its_transfer(
    tmp_path: Path, code: int, levels: tuple[str, str], expected: int
) -> None:
    named = f"setparams=color_trc={code}:color_primaries={BT2020}"
    path = strobe(
        tmp_path / "strobe.mkv", *levels, 6, "-vf", f"scale=out_color_matrix=bt709:out_range=tv,{named}"
    )
    video = probe(path).video
    assert (video.color_transfer, video.color_primaries) == (code, BT2020)
    signals, _ = analyse(path, video_id=VIDEO, settings=Settings().shots)
    clip = {"clip_id": f"{VIDEO}-0000000-0000072", "video_id": VIDEO, "start": 0, "end": FPS * SECONDS}
    (row,) = measure_flash(
        signals, [clip], SETTINGS, color_transfer=code, color_primaries=video.color_primaries
    ).to_pylist()
    assert row["general_flashes"] == expected
    assert (row["broadcast_flashes"] is None) == (code in (PQ, HLG))
