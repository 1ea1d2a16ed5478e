"""Telea and Navier-Stokes: a gradient goes on through the hole."""

from __future__ import annotations

import numpy as np
import pytest

from animeflow.models.inpaint.navier_stokes import NavierStokes
from animeflow.models.inpaint.telea import Telea
from animeflow.settings import models as settings


def gradient() -> np.ndarray:
    ramp = np.linspace(20, 220, 96).astype(np.uint8)
    return np.stack([np.tile(ramp, (64, 1))] * 3, axis=-1)


@pytest.mark.parametrize("kind", [Telea, NavierStokes])
def test_a_gradient_goes_on_through_the_hole(kind):
    model = kind()
    model.load()
    frame = gradient()
    mask = np.zeros((64, 96), bool)
    mask[24:40, 40:52] = True
    holed = np.where(mask[..., None], np.uint8(255), frame)
    got = model.fill(holed, mask)
    assert np.abs(got.astype(int) - frame)[mask].mean() < 6
    assert (got[~mask] == frame[~mask]).all()


def test_a_hole_at_the_border_and_several_holes_are_filled():
    model = Telea()
    model.load()
    mask = np.zeros((64, 96), np.uint8)
    mask[:10, :10] = mask[60:, 90:] = 1
    holed = gradient()
    holed[mask == 1] = 255
    got = model.fill(holed, mask)
    assert np.abs(got.astype(int) - gradient())[mask == 1].max() < 40


def test_the_radius_is_an_option_of_the_fingerprint():
    assert Telea(settings.Telea(radius_px=3)).fingerprint != Telea().fingerprint
    assert Telea().fingerprint != NavierStokes().fingerprint
