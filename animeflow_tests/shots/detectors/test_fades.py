from __future__ import annotations

import numpy as np
import pytest

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.detectors.fades import edge_fades, find_fades
from animeflow_tests.shots.made import evidence, mixed, thumb

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
