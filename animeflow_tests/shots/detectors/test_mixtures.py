from __future__ import annotations

import numpy as np
import pytest

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.detectors.mixtures import proved_dissolves
from animeflow.shots.detectors.transitions import find_transitions
from animeflow_tests.shots.made import evidence, mixed, thumb

SETTINGS = TransitionSettings()
A, B = thumb(1), thumb(2)
WHITE = (200 + A // 5).astype(np.uint8)  # the same drawing, lit


def doubted(frames: int, start: int, end: int, value: float = 0.3) -> np.ndarray:
    """A network that sees every other frame of the transition, faintly."""
    many = np.zeros(frames)
    many[start:end:2] = value
    return many


def out_of_strobe(length: int) -> list[np.ndarray]:
    strobe = [A if t % 2 else WHITE for t in range(20 + length)]
    inside = [mixed(strobe[20 + t], B, (t + 1) / (length + 1)) for t in range(length)]
    return [*strobe[:20], *inside, *[B] * 20]


@pytest.mark.parametrize("length", [8, 12, 20, 31])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_dissolve_out_of_a_strobe_is_found_whatever_the_network_doubts(
    length: int, backwards: bool
) -> None:
    thumbs = out_of_strobe(length)[:: -1 if backwards else 1]
    many = doubted(len(thumbs), 20, 20 + length)
    (cut,) = find_transitions(evidence(thumbs, many_hot=many), SETTINGS)
    assert cut.kind == "dissolve"
    assert cut.transition == pytest.approx((20, 20 + length), abs=1)


def test_a_plain_dissolve_that_the_network_doubts_is_found() -> None:
    thumbs = [*[A] * 20, *[mixed(A, B, (t + 1) / 13) for t in range(12)], *[B] * 20]
    many = np.where((np.arange(52) > 21) & (np.arange(52) < 31), 0.3, 0.0)
    (cut,) = find_transitions(evidence(thumbs, many_hot=many), SETTINGS)
    assert cut.transition == (20, 32)


def brighter() -> list[np.ndarray]:
    lit = np.clip(A * 1.7, 0, 255).astype(np.uint8)
    return [*[A] * 20, *[mixed(A, lit, (t + 1) / 13) for t in range(12)], *[lit] * 20]


def cut_in_a_strobe() -> list[np.ndarray]:
    return [*[A if t % 2 else WHITE for t in range(26)], *[B if t % 2 else WHITE for t in range(26)]]


def wipe() -> list[np.ndarray]:
    def part(share: float) -> np.ndarray:
        out, edge = A.copy(), round(48 * share)
        out[:, :edge] = B[:, :edge]
        return out

    return [*[A] * 20, *[part((t + 1) / 13) for t in range(12)], *[B] * 20]


@pytest.mark.parametrize("thumbs", [brighter(), cut_in_a_strobe(), wipe(), [A] * 52])
def test_light_cuts_wipes_and_nothing_are_no_mixture(thumbs: list[np.ndarray]) -> None:
    assert not list(proved_dissolves(evidence(thumbs, many_hot=doubted(52, 20, 32, 0.45)), SETTINGS))


def test_a_network_that_sees_nothing_is_not_asked_twice() -> None:
    assert not list(
        proved_dissolves(evidence(out_of_strobe(12), many_hot=doubted(52, 20, 32, 0.2)), SETTINGS)
    )
