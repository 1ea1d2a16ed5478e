from __future__ import annotations

import numpy as np
import pytest

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.detectors.transitions import find_dissolves, find_transitions
from animeflow_tests.shots.detectors.test_fades import fade
from animeflow_tests.shots.made import evidence, mixed, scene, thumb

SETTINGS = TransitionSettings()
A, B = thumb(1), thumb(2)


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


@pytest.mark.parametrize("gap", [1, 3, 6])
@pytest.mark.parametrize("length", [16, 24, 36])
def test_a_dissolve_that_the_network_loses_in_its_midst_is_one(length: int, gap: int) -> None:
    thumbs = [*[A] * 20, *dissolve(length), *[B] * 20]
    many = marked(len(thumbs), 20, 20 + length)
    many[20 + length // 2 : 20 + length // 2 + gap] = 0.2
    assert [cut.transition for cut in find_transitions(evidence(thumbs, many_hot=many), SETTINGS)] == [
        (20, 20 + length)
    ]


@pytest.mark.parametrize(
    ("fps", "length", "seen"), [(24, 48, (11, 48)), (24, 72, (20, 50)), (60, 150, (30, 120))]
)
def test_a_slow_dissolve_of_which_the_network_sees_a_part_is_found_whole(
    fps: int, length: int, seen: tuple[int, int]
) -> None:
    thumbs = [*[A] * 40, *dissolve(length), *[B] * 40]
    many = marked(len(thumbs), 40 + seen[0], 40 + seen[1])
    (cut,) = find_dissolves(evidence(thumbs, many_hot=many, fps=fps), SETTINGS)
    assert cut.transition == pytest.approx((40, 40 + length), abs=1 if fps == 24 else 2)


def test_a_slow_dissolve_that_the_network_doubts_is_found_whole_too() -> None:
    thumbs = [*[A] * 90, *dissolve(60), *[B] * 90]
    many = marked(len(thumbs), 101, 150, 0.4)
    (cut,) = find_transitions(evidence(thumbs, many_hot=many, fps=60), SETTINGS)
    assert cut.transition == pytest.approx((90, 150), abs=1)


def test_a_camera_that_pans_beside_a_dissolve_is_not_part_of_it() -> None:
    wide = scene(5, (48 + 110, 27))
    views = [wide[:, t : t + 48] for t in range(110)]
    shares = [*[0.0] * 40, *((t + 1) / 19 for t in range(18)), *[1.0] * 40]
    thumbs = [
        mixed(view, np.roll(view[::-1], 7, axis=1), share) for view, share in zip(views, shares, strict=False)
    ]
    (cut,) = find_dissolves(evidence(thumbs, many_hot=marked(98, 40, 58)), SETTINGS)
    assert cut.transition == pytest.approx((40, 58), abs=3)


def test_two_dissolves_with_a_short_shot_between_them_stay_two() -> None:
    other = thumb(7)
    into = [mixed(A, other, (t + 1) / 11) for t in range(10)]
    out_of = [mixed(other, B, (t + 1) / 11) for t in range(10)]
    thumbs = [*[A] * 20, *into, *[other] * 5, *out_of, *[B] * 20]
    many = marked(len(thumbs), 20, 30) + marked(len(thumbs), 35, 45)
    assert [cut.transition for cut in find_dissolves(evidence(thumbs, many_hot=many), SETTINGS)] == [
        (20, 30),
        (35, 45),
    ]


def test_an_eased_dissolve_is_one_and_a_run_of_shots_that_the_network_marks_is_none() -> None:
    shares = np.linspace(0, 1, 14)[1:-1]
    eased = [mixed(A, B, float(share)) for share in 3 * shares**2 - 2 * shares**3]
    thumbs = [*[A] * 30, *eased, *[B] * 30]
    assert len(list(find_dissolves(evidence(thumbs, many_hot=marked(72, 30, 42)), SETTINGS))) == 1
    fast = [*[A] * 30, *[thumb(3)] * 4, *[thumb(4)] * 4, *[thumb(5)] * 4, *[B] * 30]
    assert not list(find_dissolves(evidence(fast, many_hot=marked(72, 30, 42)), SETTINGS))


@pytest.mark.parametrize("many", [marked(70, 33, 34), marked(70, 30, 40, 0.4)])
def test_one_marked_frame_or_a_doubtful_mark_is_no_dissolve(many: np.ndarray) -> None:
    thumbs = [*[A] * 30, *dissolve(10), *[B] * 30]
    assert not list(find_dissolves(evidence(thumbs, many_hot=many), SETTINGS))


def test_where_nothing_changes_or_nothing_comes_before_there_is_no_dissolve() -> None:
    assert not list(find_dissolves(evidence([A] * 60, many_hot=marked(60, 20, 40)), SETTINGS))
    thumbs = [*dissolve(10), *[B] * 20]
    assert not list(find_dissolves(evidence(thumbs, many_hot=marked(30, 0, 10)), SETTINGS))


def test_a_fade_is_not_found_again_as_a_dissolve() -> None:
    thumbs = fade(12, 4, 12)
    many = marked(len(thumbs), 20, 48)
    assert [cut.kind for cut in find_transitions(evidence(thumbs, many_hot=many), SETTINGS)] == ["fade"]
