from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.sample.episode import draw_episode
from animeflow.settings.shots import AdaptiveDetector, FusedDetector, ShotsSettings, TransNetV2Detector
from animeflow.shots import detect
from animeflow.shots.detectors import detect_shots, fused, needs_network, shot_probabilities, transnetv2
from animeflow.shots.signals import analyse
from animeflow_tests.shots.made import VIDEO, evidence, mixed, scene, signals, thumb

SETTINGS = FusedDetector()
A, B = thumb(1), thumb(2)


def last_of_shot(frames: int, cut: int, value: float) -> np.ndarray:
    single = np.zeros(frames)
    single[cut - 1] = value
    return single


def cuts(thumbs: list[np.ndarray], **more: np.ndarray) -> list[int]:
    return [cut.frame for cut in fused.find(evidence(thumbs, **more), SETTINGS)]


def test_a_cut_is_found_without_the_network() -> None:
    assert cuts([*[A] * 12, *[B] * 12]) == [12]


def dull(picture: np.ndarray) -> np.ndarray:
    """A picture of little contrast: two of them differ by 16 levels."""
    return (128 + (picture.astype(int) - 128) // 4).astype(np.uint8)


def test_a_cut_between_the_bars_of_a_letterbox_is_found() -> None:
    thumbs = np.stack([dull(A)] * 12 + [dull(B)] * 12)
    thumbs[:, :5] = thumbs[:, -5:] = 0
    assert cuts(list(thumbs), single=last_of_shot(24, 12, 0.3)) == [12]


def test_two_dull_pictures_that_stand_still_need_no_network_and_moving_ones_do() -> None:
    moving = [np.roll(dull(A), t * 9, axis=1) for t in range(12)]
    assert cuts([*[dull(A)] * 12, *[dull(B)] * 12]) == [12]
    assert cuts([*moving, *[np.roll(dull(B), t * 9, axis=1) for t in range(12)]]) == []


def test_a_cut_within_one_palette_needs_a_word_of_the_network() -> None:
    near = np.clip(A.astype(int) + (thumb(3).astype(int) - 128) // 8, 0, 255).astype(np.uint8)
    thumbs = [*[A] * 12, *[near] * 12]
    assert cuts(thumbs) == []
    assert cuts(thumbs, single=last_of_shot(24, 12, 0.8)) == [12]


def test_the_network_alone_makes_no_cut() -> None:
    """It says cut in the middle of a strobe; nothing changed for good."""
    white = np.full_like(A, 250)
    strobe = [A if t % 2 else white for t in range(24)]
    thumbs = [*[A] * 12, *strobe, *[A] * 12]
    assert cuts(thumbs, single=np.full(48, 0.9)) == []


def test_a_flash_of_white_is_no_cut() -> None:
    assert cuts([*[A] * 12, *[np.full_like(A, 255)] * 4, *[A] * 12]) == []


@pytest.mark.parametrize(("belief", "found"), [(0.4, []), (0.8, [12])])
def test_a_light_that_stays_on_is_a_cut_only_where_the_network_is_sure(belief: float, found: list) -> None:
    lit = (A * 0.7 + 75).astype(np.uint8)
    assert cuts([*[A] * 12, *[lit] * 12], single=last_of_shot(24, 12, belief)) == found


def sure_of(frames: int, *cuts: int) -> np.ndarray:
    return np.maximum.reduce([last_of_shot(frames, cut, 0.9) for cut in cuts])


@pytest.mark.parametrize("length", [4, 5, 6, 8])
@pytest.mark.parametrize("seed", [2, 12, 22, 32, 42])
def test_an_insert_after_which_the_shot_returns_is_two_cuts(length: int, seed: int) -> None:
    thumbs = [*[A] * 24, *[thumb(seed)] * length, *[A] * 24]
    assert cuts(thumbs, single=sure_of(len(thumbs), 24, 24 + length)) == [24, 24 + length]


def test_two_shots_that_alternate_fast_are_cuts_each_time() -> None:
    thumbs = [*[A] * 12, *[B] * 5, *[A] * 4, *[B] * 4, *[A] * 12]
    assert cuts(thumbs, single=sure_of(len(thumbs), 12, 17, 21, 25)) == [12, 17, 21, 25]


@pytest.mark.parametrize(
    "inside",
    [
        [np.full_like(A, 255)] * 4,
        [np.full_like(A, 20)] * 5,
        [np.clip(A * 1.6, 0, 255).astype(np.uint8)] * 4,
        [255 - A] * 4,
        [B] * 1,
        [B] * 2,
        [thumb(3), thumb(4), thumb(5), thumb(6)],
    ],
)
def test_what_is_no_picture_of_its_own_is_no_insert_whatever_the_network_says(inside: list) -> None:
    """White and dark frames, lightning, a negative, one or two frames of anything, four pictures of one frame."""
    thumbs = [*[A] * 24, *inside, *[A] * 24]
    assert cuts(thumbs, single=sure_of(len(thumbs), 24, 24 + len(inside))) == []


def test_an_insert_needs_a_network_that_is_sure_of_both_ends() -> None:
    thumbs = [*[A] * 24, *[B] * 4, *[A] * 24]
    assert cuts(thumbs, single=sure_of(len(thumbs), 24)) == []


def test_a_fade_at_an_end_of_the_video_holds_no_cut() -> None:
    dark = np.zeros_like(A)
    begins = [mixed(dark, A, t / 12) for t in range(12)]
    thumbs = [*begins, *[A] * 20, *[B] * 20, *[mixed(dark, B, t / 8) for t in range(8, -1, -1)]]
    found = fused.detect(evidence(thumbs, single=np.full(len(thumbs), 0.9)), SETTINGS)
    assert [cut.frame for cut in found.cuts] == [32]
    assert found.fade_in == pytest.approx((0, 12), abs=1)
    assert found.fade_out == pytest.approx((52, 61), abs=1)


@pytest.mark.parametrize("hold", [1, 2, 6])
def test_a_fade_that_touches_the_fade_the_video_begins_or_ends_with_is_one_too(hold: int) -> None:
    up = [mixed(np.zeros_like(A), A, (t + 1) / 25) for t in range(24)]
    into_b = [mixed(np.zeros_like(A), B, (t + 1) / 25) for t in range(24)]
    thumbs = [*up, *[A] * hold, *up[::-1], *[np.zeros_like(A)] * 4, *into_b, *[B] * 36]
    begins, ends = (fused.detect(evidence(one), SETTINGS) for one in (thumbs, thumbs[::-1]))
    assert begins.fade_in == pytest.approx((0, 24), abs=1)
    assert [cut.transition for cut in begins.cuts] == [pytest.approx((24 + hold, 76 + hold), abs=1)]
    assert [cut.transition for cut in ends.cuts] == [pytest.approx((36, 88), abs=1)]
    assert ends.fade_out == pytest.approx((88 + hold, 112 + hold), abs=1)


def at_rate(film: list[np.ndarray], fps: int) -> list[np.ndarray]:
    """Film frames repeated to a higher rate."""
    return [film[t * 24 // fps] for t in range(len(film) * fps // 24)]


def cuts_at(fps: int, thumbs: list[np.ndarray], **more: np.ndarray) -> list[int]:
    return [cut.frame for cut in fused.find(evidence(thumbs, fps=fps, **more), SETTINGS)]


@pytest.mark.parametrize("fps", [30, 48, 60])
@pytest.mark.parametrize("light", [np.full_like(A, 255), (A * 0.3 + 178).astype(np.uint8), 255 - A])
@pytest.mark.parametrize("belief", [0.0, 0.9])
def test_a_flash_and_a_strobe_are_no_cuts_at_any_frame_rate(
    fps: int, light: np.ndarray, belief: float
) -> None:
    """3 film frames: 8 at 60 fps, where 6 frames are compared at 24."""
    flash = at_rate([*[A] * 24, *[light] * 3, *[A] * 24], fps)
    strobe = at_rate([*[A] * 16, *[*[light] * 3, *[A] * 5] * 6, *[A] * 16], fps)
    for thumbs in (flash, strobe):
        assert cuts_at(fps, thumbs, single=np.full(len(thumbs), belief)) == []


def test_shots_of_4_frames_between_which_the_first_returns_are_cuts_at_60_fps() -> None:
    thumbs = [*[A] * 30, *[B] * 8, *[A] * 30, *[thumb(3)] * 4, *[thumb(4)] * 4, *[B] * 30]
    assert cuts_at(60, thumbs) == [30, 38, 68, 72, 76]


def test_a_picture_that_one_frame_shows_for_5_seconds_is_a_shot() -> None:
    thumbs = [*[A] * 25, B, *[thumb(3)] * 40]
    times = np.concatenate([np.arange(26) / 24, 25 / 24 + 5 + np.arange(41) / 24])
    held = replace(evidence(thumbs), times=times)
    assert [cut.frame for cut in fused.find(held, SETTINGS)] == [25, 26]
    assert len(cuts(thumbs)) == 1


def test_a_cut_at_the_end_of_a_strobe_is_one() -> None:
    white = np.full_like(A, 250)
    thumbs = [*[A if t % 2 else white for t in range(24)], *[B] * 12]
    assert cuts(thumbs) == [24]


def test_a_fast_pan_is_no_cut() -> None:
    wide = scene(5, (48 + 3 * 30, 27))
    assert cuts([wide[:, 3 * t : 3 * t + 48] for t in range(30)], single=np.full(30, 0.3)) == []


def whip(seed: int, step: int, frames: int = 10) -> list[np.ndarray]:
    """A camera that stands, whips `frames` times `step` cells with the blur of an open shutter, and stands."""
    wide = scene(seed, (48 + step * frames, 27)).astype(float)
    blurred = np.mean([np.roll(wide, shift, axis=1) for shift in range(step)], axis=0)
    moving = [blurred[:, step * t : step * t + 48] for t in range(1, frames)]
    return [one.astype(np.uint8) for one in [*[wide[:, :48]] * 12, *moving, *[wide[:, -48:]] * 12]]


@pytest.mark.parametrize("seed", range(50, 58))
@pytest.mark.parametrize("hold", [1, 2])
def test_a_whip_pan_beyond_every_translation_is_no_cut(seed: int, hold: int) -> None:
    """On ones and on twos. Where it begins and ends it may pass for a cut, as it hides one; between it may not."""
    thumbs = [one for one in whip(seed, 12) for _ in range(hold)]
    found = fused.find(evidence(thumbs, single=np.full(len(thumbs), 0.05)), SETTINGS)
    assert not [cut.frame for cut in found if 13 * hold < cut.frame < 20 * hold]


def test_a_cut_out_of_a_whip_pan_is_one() -> None:
    thumbs = [*whip(50, 12)[:18], *[B] * 12]
    assert cuts(thumbs)[-1] == 18


def test_where_the_network_is_surest_beside_the_cut_the_pictures_place_it() -> None:
    """It says frame 14, where the new shot only moves on."""
    wide = scene(60, (48 + 8 * 20, 27))
    thumbs = [*[A] * 12, *[wide[:, 8 * t : 8 * t + 48] for t in range(20)]]
    single = np.maximum(last_of_shot(32, 12, 0.6), last_of_shot(32, 14, 0.9))
    assert cuts(thumbs, single=single)[0] == 12
    assert not {13, 14, 15} & set(cuts(thumbs, single=single))


def test_a_beam_that_goes_on_is_no_cut() -> None:
    dark = thumb(6) // 3
    lit = dark.copy()
    lit[:, 10:24] = np.minimum(lit[:, 10:24].astype(int) + 150, 255).astype(np.uint8)
    assert cuts([*[dark] * 12, *[lit] * 12], single=last_of_shot(24, 12, 0.6)) == []


def test_a_hard_cut_inside_a_transition_is_part_of_it() -> None:
    dark = np.zeros_like(A)
    out = [np.round(A * (1 - (t + 1) / 10)).astype(np.uint8) for t in range(10)]
    found = fused.find(evidence([*[A] * 20, *out, *[dark] * 3, *[B] * 20]), SETTINGS)
    assert [cut.kind for cut in found] == ["fade"]


@pytest.mark.parametrize("frame", [1, 3, 21, 23])
def test_what_is_left_of_a_shot_at_an_end_belongs_to_no_other(frame: int) -> None:
    assert cuts([*[A] * frame, *[B] * (24 - frame)]) == [frame]


def test_no_shot_is_shorter_than_allowed() -> None:
    thumbs = [*[A] * 12, *[B] * 2, *[thumb(3)] * 2, *[thumb(4)] * 12]
    found = cuts(thumbs)
    assert all(b - a >= SETTINGS.min_shot_frames for a, b in zip([0, *found], [*found, 28], strict=True))
    assert found


def test_the_network_alone_counts_a_run_of_probabilities_as_one_cut() -> None:
    single, many = np.zeros(40), np.zeros(40)
    single[9:12] = 0.8
    many[8:13] = 0.9
    single[30] = 0.9
    (soft, hard) = transnetv2.find(evidence([A] * 40, single=single, many_hot=many), TransNetV2Detector())
    assert (soft.kind, soft.transition) == ("dissolve", (8, 13))
    assert (hard.kind, hard.frame) == ("hard", 31)


def test_a_detector_that_needs_the_network_says_so() -> None:
    table = signals(10)
    with pytest.raises(ContractError, match="probabilities of a shot network"):
        detect_shots(table, shot_probabilities(table, None), SETTINGS)
    assert needs_network(SETTINGS)
    assert not needs_network(AdaptiveDetector())
    assert detect_shots(table, None, AdaptiveDetector()).ranges == [(0, 10)]
    assert detect_shots(table.slice(0, 0), None, SETTINGS).ranges == []


def test_probabilities_without_a_network_are_null_in_every_frame() -> None:
    table = shot_probabilities(signals(5), None)
    assert table["single"].null_count == table["many_hot"].null_count == 5
    assert table["frame"].to_pylist() == [0, 1, 2, 3, 4]


PLAN = [
    ("lipflap", 20, "cut"), ("pan", 26, "dissolve:8"), ("held_limb", 30, "cut"), ("same_place_a", 16, "cut"),
    ("same_place_b", 24, "fade:6"), ("cross", 20, "cut"), ("strobe", 20, "cut"), ("still", 12, "cut"),
]  # fmt: skip


@pytest.mark.slow
def test_the_shots_of_a_drawn_episode_are_found(tmp_path: Path) -> None:
    """With the real network: six hard cuts, one of them inside a place and palette, a strobe, a dissolve, a fade."""
    path = tmp_path / "episode.mkv"
    truth = draw_episode(path, seed=5, plan=PLAN, size=(320, 180), audio=False, subtitles=False, layers=False)
    found = detect(path)
    assert found["frames"] == truth.frames
    assert found["cuts"] == list(truth.cuts)
    assert [part["kind"] for part in found["transitions"]] == ["dissolve", "fade"]
    for part, true in zip(found["transitions"], truth.transitions, strict=True):
        assert (part["start"], part["end"]) == pytest.approx((true.start, true.end), abs=2)
    assert found["shots"][0] == {"start": 0, "end": 20}
    adaptive = ShotsSettings(detector=AdaptiveDetector())
    signal_table, _ = analyse(path, video_id=VIDEO, settings=adaptive)
    baseline = {cut.frame for cut in detect_shots(signal_table, None, adaptive.detector).cuts}
    assert baseline != set(truth.cuts)
