from __future__ import annotations

import cv2
import numpy as np
import pytest

from animeflow.errors import SettingsError
from animeflow.sample import SHOT_KINDS, Style, draw_shot, recompose
from animeflow.sample.flash_rule import flash_intervals
from animeflow.sample.plates import look

KINDS = sorted(SHOT_KINDS)
PLANES = {"parallax", "water"}
BLURRED = {"whip"}
ACTION = {"whip", "smear"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_layers_of_every_kind_recompose_to_its_frames_exactly(kind, drawn):
    shot = drawn(kind)
    assert shot.frames.shape == (12, 108, 192, 3)
    assert np.array_equal(recompose(shot), shot.frames)


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawing_index_rises_exactly_when_the_composed_picture_changes(kind, drawn):
    shot = drawn(kind)
    changed = [not np.array_equal(a, b) for a, b in zip(shot.frames, shot.frames[1:], strict=False)]
    assert np.diff(shot.drawing).tolist() == [int(c) for c in changed]


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in PLANES | BLURRED])
def test_the_background_is_the_plate_through_the_camera(kind, drawn):
    shot = drawn(kind)
    for t in (0, 5, 11):
        assert np.array_equal(look(shot.plate, shot.camera[t], (192, 108)), shot.background[t])


@pytest.mark.parametrize("kind", sorted(PLANES))
def test_two_planes_or_water_cannot_be_explained_by_one_plate(kind, drawn):
    shot = drawn(kind)
    seen = np.stack([look(shot.plate, m, (192, 108)) for m in shot.camera])
    differs = np.abs(seen.astype(int) - shot.background).max(axis=-1) > 16
    assert differs.mean() > 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_visible_instances_add_up_to_the_characters_alpha(kind, drawn):
    shot = drawn(kind)
    total = sum(shot.instances) if shot.instances else np.zeros_like(shot.alpha)
    assert np.abs(total - shot.alpha).max() < 2 / 255
    assert shot.on_screen.any() == bool(shot.instances)


@pytest.mark.parametrize("kind", ["pan", "cross", "aura", "smoke", "water"])
def test_the_same_seed_draws_the_same_pixels_and_another_seed_another_picture(kind, drawn):
    shot = drawn(kind)
    again = draw_shot(kind, seed=5, size=(192, 108), frames=12)
    assert np.array_equal(shot.frames, again.frames)
    assert np.array_equal(shot.character, again.character)
    other = drawn(kind, seed=6)
    assert np.abs(shot.frames.astype(int) - other.frames).mean() > 8


@pytest.mark.parametrize(
    "kind", ["held_limb", "lipflap", "sparkles", "same_place_b", "sign", "strobe", "slowpan"]
)
def test_every_new_drawing_can_be_seen_to_be_one(kind):
    shot = draw_shot(kind, seed=11, frames=36)
    luma = [
        cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), (160, 90), interpolation=cv2.INTER_AREA)
        for f in shot.frames
    ]
    for t in range(1, 36):
        if shot.drawing[t] != shot.drawing[t - 1]:
            difference = np.abs(luma[t].astype(float) - luma[t - 1])
            assert cv2.resize(difference, (40, 22), interpolation=cv2.INTER_AREA).max() > 0.6, t


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ACTION | {"strobe"}])
def test_no_shot_but_the_strobe_and_the_action_comes_near_the_flash_limits(kind, drawn):
    shot = drawn(kind, frames=36)
    assert flash_intervals(shot.frames, shot.fps, contrast=0.09, area=0.225) == ()


def test_the_strobe_breaks_the_flash_limits_by_far(drawn):
    shot = drawn("strobe", frames=36)
    assert shot.flash and shot.flash[0][0] >= 4
    assert flash_intervals(shot.frames, shot.fps, contrast=0.15, area=0.5)


def test_a_still_shot_is_one_drawing_and_a_pan_is_new_in_every_frame(drawn):
    assert drawn("still").drawing[-1] == 0
    assert drawn("landscape").drawing[-1] == 0
    pan = drawn("pan")
    assert pan.drawing[-1] == 11
    assert pan.cel_drawing.tolist() == [t // 2 for t in range(12)]


def test_cels_are_held_on_ones_twos_and_threes(drawn):
    assert drawn("fast").cel_drawing.tolist() == list(range(12))
    assert drawn("cross").drawing.tolist() == [t // 2 for t in range(12)]
    assert drawn("held_limb").drawing.tolist() == [t // 3 for t in range(12)]


def test_the_style_can_set_the_pattern_of_held_frames():
    shot = draw_shot("held_limb", seed=5, size=(192, 108), frames=10, style=Style(hold=(1, 4)))
    assert shot.drawing.tolist() == [0, 1, 1, 1, 1, 2, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("kind", "speed"), [("pan", 7.6), ("longpan", 15.0), ("slowpan", 0.44), ("tilt", 3.0), ("fast", 34.0)]
)
def test_cameras_move_at_their_stated_speed_on_a_frame_640_px_wide(kind, speed, drawn):
    shot = drawn(kind)
    assert shot.motion[1:4] * 640 / 192 == pytest.approx(speed, rel=1e-6)


def test_a_whip_pan_blurs_the_plate_by_its_own_speed_and_crosses_a_width_of_the_frame():
    shot = draw_shot("whip", seed=5, size=(192, 108))
    moving = shot.motion > 0
    travel = np.abs(shot.camera[-1, 0, 2] - shot.camera[0, 0, 2])
    assert 7 <= moving.sum() <= 13 and 192 <= travel <= 1.6 * 192 + 1
    sharp = np.asarray([cv2.Laplacian(frame, cv2.CV_32F).std() for frame in shot.background])
    fastest = int(np.argmax(shot.motion))
    assert sharp[fastest] < 0.7 * sharp[0] and sharp[0] == pytest.approx(sharp[2])
    for t in (0, len(sharp) - 1):  # before and after it is the plate
        assert np.array_equal(look(shot.plate, shot.camera[t], (192, 108)), shot.background[t])
    assert np.array_equal(np.diff(shot.cel_drawing), [int(t % 3 == 0) for t in range(1, 36)])


@pytest.mark.parametrize("seed", range(4))
def test_a_smear_is_seen_for_one_frame_and_reaches_where_the_limb_has_been(seed):
    shot = draw_shot("smear", seed=seed, size=(192, 108), frames=16)
    runs = np.bincount(shot.cel_drawing)
    assert runs[0] == 6 and runs[1] == 1
    areas = (shot.character[..., 3] > 127).mean(axis=(1, 2))
    held, smeared = areas[0], areas[6]
    assert smeared > 1.03 * held


def test_the_zoom_ends_at_1_35(drawn):
    camera = drawn("zoom").camera
    assert camera[0, 0, 0] / camera[-1, 0, 0] == pytest.approx(1.35)


def test_the_two_walkers_overlap_while_they_cross():
    shot = draw_shot("cross", seed=5, size=(192, 108))
    assert len(shot.instances) == 2
    columns = [[set(np.flatnonzero(frame.max(axis=0) > 0.5)) for frame in alpha] for alpha in shot.instances]
    together = [bool(a & b) for a, b in zip(*columns, strict=True)]
    assert any(together) and not together[0] and not together[-1]


def test_the_walker_before_the_plain_wall_wears_the_colour_of_the_wall(drawn):
    shot = drawn("flat")
    inside = cv2.erode(shot.character[5, ..., 3], np.ones((3, 3))) == 255
    difference = np.abs(shot.character[5, ..., :3].astype(int) - shot.background[5]).max(axis=-1)
    assert (difference[inside] < 16).mean() > 0.12


def test_the_beam_is_on_in_three_fifths_of_the_frames(drawn):
    shot = drawn("shake", frames=20)
    lit = shot.effect_mask.any(axis=(1, 2))
    assert lit.sum() == 12 and not lit[0] and not lit[-1]


def test_smoke_covers_and_light_adds(drawn):
    smoke, aura, glow = drawn("smoke"), drawn("aura"), drawn("glow")
    assert (smoke.effect_blend, aura.effect_blend, glow.effect_blend) == ("over", "add", "screen")
    assert smoke.effect_alpha.max() <= 0.83 and smoke.effect_mask.mean() > 0.2
    assert not aura.effect_alpha.any()


def test_the_aura_hugs_the_character(drawn):
    shot = drawn("aura")
    near = cv2.dilate(shot.character[6, ..., 3], np.ones((9, 9))) > 0
    light = shot.effect[6].max(axis=-1)
    assert light[near].mean() > 6 * light[~near].mean()


def test_both_shots_of_a_place_share_it_but_for_the_stand_of_the_camera(drawn):
    first, second = drawn("same_place_a"), drawn("same_place_b")
    assert np.array_equal(first.plate, second.plate)
    assert not np.array_equal(first.camera[0], second.camera[0])


def test_a_shot_with_grain_is_its_layers_plus_grain():
    shot = draw_shot("still", seed=5, size=(192, 108), frames=4, style=Style(grain=4.0))
    assert shot.drawing[-1] == 0
    noise = shot.frames[0].astype(int) - shot.frames[1]
    assert 3 < noise.std() / np.sqrt(2) < 5
    assert np.array_equal(recompose(shot), shot.frames)


def test_truth_arrays_cannot_be_written_to(drawn):
    with pytest.raises(ValueError, match="read-only"):
        drawn("still").frames[0, 0, 0] = 1


def test_an_unknown_kind_and_bad_sizes_are_refused():
    with pytest.raises(SettingsError, match="moonwalk"):
        draw_shot("moonwalk", seed=1)
    with pytest.raises(SettingsError, match="even"):
        draw_shot("pan", seed=1, size=(191, 108))
    with pytest.raises(SettingsError, match="at least one"):
        draw_shot("pan", seed=1, frames=0)
    with pytest.raises(SettingsError, match="grain"):
        Style(grain=99)


def test_a_shot_of_one_frame_can_be_drawn():
    for kind in ("pan", "longpan", "aura", "subtitles"):
        assert draw_shot(kind, seed=2, size=(64, 36), frames=1).frames.shape == (1, 36, 64, 3)
