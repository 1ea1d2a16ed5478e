from __future__ import annotations

import numpy as np
import pytest

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.detectors.transitions import find_dissolves, find_fades, find_transitions, runs
from animeflow_tests.shots.made import evidence, thumb

SETTINGS = TransitionSettings()
A, B = thumb(1), thumb(2)


def mixed(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    return np.round(first * (1 - share) + second * share).astype(np.uint8)


def dissolve(length: int) -> list[np.ndarray]:
    return [mixed(A, B, (t + 1) / (length + 1)) for t in range(length)]


def marked(frames: int, start: int, end: int, value: float = 0.9) -> np.ndarray:
    many = np.zeros(frames)
    many[start:end] = value
    return many


@pytest.mark.parametrize("length", [6, 10, 18, 40])
@pytest.mark.parametrize("off", [(0, 0), (2, -1), (-1, 2)])
def test_the_ends_of_a_dissolve_come_from_its_mixture(length: int, off: tuple[int, int]) -> None:
    """Whatever the network marks, within three frames."""
    thumbs = [*[A] * 30, *dissolve(length), *[B] * 30]
    many = marked(len(thumbs), 30 + off[0], 30 + length + off[1])
    (cut,) = find_dissolves(evidence(thumbs, many_hot=many), SETTINGS)
    assert cut.transition == (30, 30 + length)
    assert cut.frame == 30 + length // 2
    assert cut.kind == "dissolve"


@pytest.mark.parametrize("many", [marked(70, 33, 34), marked(70, 30, 40, 0.4)])
def test_one_marked_frame_or_a_doubtful_mark_is_no_dissolve(many: np.ndarray) -> None:
    thumbs = [*[A] * 30, *dissolve(10), *[B] * 30]
    assert not list(find_dissolves(evidence(thumbs, many_hot=many), SETTINGS))


def test_where_nothing_changes_or_nothing_comes_before_there_is_no_dissolve() -> None:
    assert not list(find_dissolves(evidence([A] * 60, many_hot=marked(60, 20, 40)), SETTINGS))
    thumbs = [*dissolve(10), *[B] * 20]
    assert not list(find_dissolves(evidence(thumbs, many_hot=marked(30, 0, 10)), SETTINGS))


def fade(out: int, black: int, back: int) -> list[np.ndarray]:
    dark = np.zeros_like(A)
    return [
        *[A] * 20,
        *[mixed(A, dark, (t + 1) / out) for t in range(out)],
        *[dark] * black,
        *[mixed(dark, B, (t + 1) / (back + 1)) for t in range(back)],
        *[B] * 20,
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


def test_a_video_that_begins_in_black_begins_with_no_transition() -> None:
    assert not list(find_fades(evidence(fade(0, 10, 12)[20:]), SETTINGS))
    assert not list(find_fades(evidence(fade(12, 10, 0)[:-20]), SETTINGS))


def test_a_dark_scene_is_no_fade() -> None:
    thumbs = [*[A] * 20, *[(A // 12) for _ in range(20)], *[B] * 20]
    assert not list(find_fades(evidence(thumbs), SETTINGS))


def test_a_fade_is_not_found_again_as_a_dissolve() -> None:
    thumbs = fade(12, 4, 12)
    many = marked(len(thumbs), 20, 48)
    assert [cut.kind for cut in find_transitions(evidence(thumbs, many_hot=many), SETTINGS)] == ["fade"]


def test_runs_reach_the_ends_of_the_array() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(3, bool)) == []
