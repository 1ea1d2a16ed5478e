from __future__ import annotations

import numpy as np
import pytest

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.detectors.fades import edge_fades, find_fades
from animeflow_tests.shots.made import evidence, mixed, scene, thumb

SETTINGS = TransitionSettings()
A, B = thumb(1), thumb(2)
WHITE = 255


def fade(
    out: int, flat: int, back: int, *, to: int | tuple[int, ...] = 0, after: np.ndarray = B
) -> list[np.ndarray]:
    """A x20, `out` frames towards the grey level or colour `to`, `flat` of it, `back` frames out of it, `after` x20."""
    ground = np.full_like(A, to)
    return [
        *[A] * 20,
        *[mixed(A, ground, (t + 1) / out) for t in range(out)],
        *[ground] * flat,
        *[mixed(ground, after, (t + 1) / (back + 1)) for t in range(back)],
        *[after] * 20,
    ]


@pytest.mark.parametrize(("out", "black", "back"), [(8, 0, 8), (12, 10, 6), (24, 3, 24), (6, 12, 12)])
def test_a_fade_through_black_reaches_from_the_first_darker_frame_to_the_last(
    out: int, black: int, back: int
) -> None:
    (cut,) = find_fades(evidence(fade(out, black, back)), SETTINGS)
    assert cut.transition is not None
    assert cut.kind == "fade"
    assert cut.transition[0] == pytest.approx(20, abs=1)
    assert cut.transition[1] == pytest.approx(20 + out + black + back, abs=1)


def test_a_fade_may_end_in_a_hard_cut() -> None:
    (cut,) = find_fades(evidence(fade(10, 6, 0)), SETTINGS)
    assert cut.transition == pytest.approx((20, 36), abs=1)


def test_a_black_shot_between_hard_cuts_is_no_fade() -> None:
    thumbs = [*[A] * 20, *[np.zeros_like(A)] * 12, *[B] * 20]
    assert not list(find_fades(evidence(thumbs), SETTINGS))


def test_a_dark_scene_is_no_fade() -> None:
    thumbs = [*[A] * 20, *[(A // 12) for _ in range(20)], *[B] * 20]
    assert not list(find_fades(evidence(thumbs), SETTINGS))


@pytest.mark.parametrize(("out", "white", "back"), [(8, 2, 8), (12, 10, 6), (6, 4, 0), (0, 3, 12)])
def test_a_fade_through_white_is_found_like_one_through_black(out: int, white: int, back: int) -> None:
    (cut,) = find_fades(
        evidence(fade(out, white, back, to=WHITE) if out else flash(white, back, B)), SETTINGS
    )
    assert cut.kind == "fade"
    assert cut.transition == pytest.approx((20, 20 + out + white + back), abs=2)


def flash(white: int, back: int, after: np.ndarray) -> list[np.ndarray]:
    """A, then white at once, then slowly another picture or the same."""
    return fade(1, white - 1, back, to=WHITE, after=after)


@pytest.mark.parametrize("frames", [fade(8, 3, 8, to=WHITE, after=A), flash(4, 10, A)])
def test_a_flash_to_white_and_back_to_the_same_picture_is_no_fade(frames: list[np.ndarray]) -> None:
    assert not list(find_fades(evidence(frames), SETTINGS))


def test_a_dip_to_black_and_back_to_the_same_picture_is_a_fade() -> None:
    assert list(find_fades(evidence(fade(8, 3, 8, after=A)), SETTINGS))


TINTED_BLACK, RED = (2, 14, 30), (190, 20, 25)


@pytest.mark.parametrize("colour", [TINTED_BLACK, RED])
@pytest.mark.parametrize(("out", "flat", "back"), [(8, 3, 8), (12, 10, 6), (6, 4, 0)])
def test_a_fade_through_any_one_colour_is_found(
    colour: tuple[int, ...], out: int, flat: int, back: int
) -> None:
    (cut,) = find_fades(evidence(fade(out, flat, back, to=colour)), SETTINGS)
    assert cut.kind == "fade"
    assert cut.transition == pytest.approx((20, 20 + out + flat + back), abs=2)


def test_a_picture_that_goes_one_colour_and_comes_back_is_no_fade() -> None:
    assert not list(find_fades(evidence(fade(8, 3, 8, to=RED, after=A)), SETTINGS))


@pytest.mark.parametrize("grows", [True, False])
def test_what_comes_in_front_of_a_plain_wall_is_no_fade(grows: bool) -> None:
    wall = np.full_like(A, (120, 140, 90))
    shown = []
    for t in range(1, 25):
        picture = wall.copy()
        rows = slice(14 - t // 2, 14 + t // 2) if grows else slice(3, 25)
        columns = slice(24 - t, 24 + t) if grows else slice(0, 2 * t)
        picture[rows, columns] = A[rows, columns]
        shown.append(picture)
    assert not list(find_fades(evidence([*[B] * 20, *[wall] * 8, *shown, *[shown[-1]] * 20]), SETTINGS))


def test_a_bright_scene_is_no_fade() -> None:
    bright = [255 - A // 12 for _ in range(20)]
    assert not list(find_fades(evidence([*[A] * 20, *bright, *[B] * 20]), SETTINGS))


@pytest.mark.parametrize("ground", [0, WHITE])
@pytest.mark.parametrize(("flat", "slope"), [(10, 12), (1, 20), (120, 8)])
def test_a_video_may_begin_and_end_with_a_fade(ground: int, flat: int, slope: int) -> None:
    begins = fade(1, flat - 1, slope, to=ground)[20:]
    into, out = edge_fades(evidence(begins), SETTINGS)
    assert into == pytest.approx((0, flat + slope), abs=1)
    assert out is None
    into, out = edge_fades(evidence(begins[::-1]), SETTINGS)
    assert into is None
    assert out == pytest.approx((20, 20 + flat + slope), abs=1)


def test_a_fade_whose_first_frame_is_no_longer_black_is_seen_by_its_picture() -> None:
    begins = [mixed(np.zeros_like(B), B, (t + 2) / 13) for t in range(11)]
    into, _ = edge_fades(evidence([*begins, *[B] * 20]), SETTINGS)
    assert into == pytest.approx((0, 11), abs=1)
    unlike = [thumb(30 + t) // (13 - t) for t in range(11)]
    assert edge_fades(evidence([*unlike, *[B] * 20]), SETTINGS) == (None, None)


@pytest.mark.parametrize(
    "frames",
    [
        [*[np.zeros_like(A)] * 12, *[A] * 20],
        [*[np.zeros_like(A)] * 30],
        [*[A] * 30],
        [*[A] * 20, *[np.zeros_like(A)] * 12],
    ],
)
def test_black_that_ends_at_once_is_no_fade(frames: list[np.ndarray]) -> None:
    assert edge_fades(evidence(frames), SETTINGS) == (None, None)


def test_a_light_that_comes_and_goes_is_two_fades_and_what_stands_between() -> None:
    frames = [np.round(A * (1 - abs(t - 15) / 15)).astype(np.uint8) for t in range(31)]
    assert edge_fades(evidence(frames), SETTINGS) == ((0, 15), (16, 31))


def slow_fade(picture: np.ndarray, fps: float, seconds: float) -> list[np.ndarray]:
    """A tenth of a second of black, a fade into the picture, two seconds of it."""
    black, slope = round(fps / 10), round(seconds * fps)
    levels = [*[0.0] * black, *((t + 1) / (slope + 1) for t in range(slope)), *[1.0] * round(2 * fps)]
    return [np.round(picture * level).astype(np.uint8) for level in levels]


@pytest.mark.parametrize("fps", [12, 24, 60, 120])
@pytest.mark.parametrize("seconds", [1, 2.5, 4])
@pytest.mark.parametrize("brightest", [255, 60])
def test_a_slow_fade_is_found_whole_at_every_frame_rate_and_in_a_night_picture(
    fps: float, seconds: float, brightest: int
) -> None:
    """Near its end one step of a fade of 4 s is 1 % of the level at 24 fps, and 0.2 % at 120."""
    frames = slow_fade((A * (brightest / 255)).astype(np.uint8), fps, seconds)
    full, near = round(fps / 10) + round(seconds * fps), max(1, 0.02 * seconds * fps)
    into, _ = edge_fades(evidence(frames, fps=fps), SETTINGS)
    _, out = edge_fades(evidence(frames[::-1], fps=fps), SETTINGS)
    (through,) = find_fades(evidence([*frames[::-1], *frames], fps=fps), SETTINGS)
    assert into == pytest.approx((0, full), abs=near)
    assert out == pytest.approx((len(frames) - full, len(frames)), abs=near)
    assert through.transition == pytest.approx((len(frames) - full, len(frames) + full), abs=near)


def test_a_slow_fade_is_found_under_drawings_on_twos_at_60_fps_and_under_grain() -> None:
    film = slow_fade(A, 24, 3)
    held = [film[int(t * 24 / 60) // 2 * 2] for t in range(len(film) * 60 // 24)]
    grain = np.random.default_rng(1)
    held = [np.clip(one + grain.normal(0, 4, one.shape), 0, 255).astype(np.uint8) for one in held]
    into, _ = edge_fades(evidence(held, fps=60), SETTINGS)
    assert into == pytest.approx((0, 185), abs=6)


def carried(spread: float) -> list[np.ndarray]:
    """A lamp that is carried through a black street for 4 s and lights more of it all the time."""
    rows, columns = np.mgrid[0:27, 0:48]
    aways = (np.hypot(rows - 13, columns - 47 * t / 95) / (4 + spread * t / 95) for t in range(96))
    return [np.round(A * np.exp(-(away[..., None] ** 2))).astype(np.uint8) for away in aways]


def swept() -> list[np.ndarray]:
    """Light that comes over a black street from one side in 4 s."""
    columns = np.arange(48)[None, :, None]
    return [np.round(A * np.clip((t - 2 * columns) / 12, 0, 1)).astype(np.uint8) for t in range(96)]


@pytest.mark.parametrize("lit", [carried(16), carried(30), swept()])
def test_a_light_that_moves_through_a_dark_scene_is_no_slow_fade(lit: list[np.ndarray]) -> None:
    frames = [*[np.zeros_like(A)] * 24, *lit, *[lit[-1]] * 48]
    (into, out) = edge_fades(evidence(frames), SETTINGS)
    assert into is None or into[1] <= 24 + 54
    assert out is None


@pytest.mark.parametrize("cells", [0.1, 0.3, 0.5])
def test_a_camera_may_pan_under_a_slow_fade(cells: float) -> None:
    wide = scene(5, (48 + int(120 * cells) + 1, 27))
    views = (wide[:, int(cells * t) : int(cells * t) + 48] for t in range(120))
    frames = [np.round(view * min(1, max(0, t - 2) / 73)).astype(np.uint8) for t, view in enumerate(views)]
    into, _ = edge_fades(evidence(frames), SETTINGS)
    assert into == pytest.approx((0, 75), abs=3)


@pytest.mark.parametrize("noise", [0.5, 3.0])
def test_a_dark_scene_that_is_held_under_grain_is_no_fade(noise: float) -> None:
    """Its level is that of the limit of black: some frames pass for black."""
    grain = np.random.default_rng(2)
    dark = A * (SETTINGS.black / float(A.mean()))
    drift = [1 + 0.1 * np.sin(t / 20) for t in range(240)]
    held = [
        np.clip(dark * by + grain.normal(0, noise, A.shape), 0, 255).round().astype(np.uint8) for by in drift
    ]
    assert edge_fades(evidence(held), SETTINGS) == (None, None)
    assert not list(find_fades(evidence([*[B] * 20, *held, *[B] * 20]), SETTINGS))


def test_a_scene_that_brightens_slowly_after_a_fade_is_not_part_of_it() -> None:
    rise = [*np.linspace(0, 0.5, 13), *np.linspace(0.5, 0.8, 96)]
    frames = [np.round(A * by).astype(np.uint8) for by in [0, 0, 0, *rise, *[0.8] * 24]]
    into, _ = edge_fades(evidence(frames), SETTINGS)
    assert into == pytest.approx((0, 15), abs=1)


def test_a_fade_may_stay_black_for_longer_than_a_transition_is() -> None:
    (cut,) = find_fades(evidence(fade(24, 3 * SETTINGS.max_frames, 24)), SETTINGS)
    assert cut.transition == pytest.approx((20, 68 + 3 * SETTINGS.max_frames), abs=1)


def test_a_dark_scene_that_gets_darker_after_a_hard_cut_is_no_fade_of_what_was_before() -> None:
    """As in a real clip: 114 levels, then 5.6, 4.5, 3.3, 3.0, 2.0, 1.3."""
    dark = [
        np.clip(level + (A > 200) * 50 * (level > 2), 0, 255).astype(np.uint8) for level in (6, 5, 4, 3, 2, 1)
    ]
    frames = [*[A] * 20, *dark, *[np.zeros_like(A)] * 20, *[B] * 20]
    assert not list(find_fades(evidence(frames), SETTINGS))
