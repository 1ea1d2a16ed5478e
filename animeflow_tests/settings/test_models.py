"""The section `models`: kinds are chosen by type, foreign options are errors, what changes no result is marked."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from animeflow.models import TASKS, adapters
from animeflow.settings import models as settings
from animeflow.settings.models import ModelsSettings

KINDS = [
    value
    for value in vars(settings).values()
    if isinstance(value, type) and issubclass(value, BaseModel) and "kind" in value.model_fields
]
SECTIONS = [*KINDS, settings.WeightSettings, ModelsSettings]


def test_the_kind_chooses_the_class():
    tree = ModelsSettings.model_validate({"inpaint": {"kind": "navier_stokes", "radius_px": 2}})
    assert tree.inpaint == settings.NavierStokes(radius_px=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"inpaint": {"kind": "lama"}},
        {"segment": {"kind": "modnet"}},
        {"segment": {"kind": "u2netp", "short_side_px": 512}},
        {"matte": {"kind": "modnet", "short_side_px": 500}},
        {"device": "gpu"},
        {"weights": {"huggingface_token_env": "hf_aBcDeF"}},
        {"batch": 0},
    ],
)
def test_an_unknown_kind_a_foreign_option_and_a_bad_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        ModelsSettings.model_validate(wrong)


def test_every_kind_that_can_be_set_has_an_adapter_with_these_options():
    registered = {adapter.options_model for task in TASKS for adapter in adapters(task).values()}
    assert registered == {kind for kind in KINDS if kind is not settings.Plugin}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.__name__)
def test_every_field_is_described(section):
    assert [
        name for name, field in section.model_fields.items() if not field.description and name != "kind"
    ] == []


def test_paths_batch_and_time_limits_are_no_part_of_the_digest():
    view = ModelsSettings().digest_view()
    assert {"weights", "batch", "lease_timeout_s"}.isdisjoint(view)
    assert {"device", "dtype", "shots", "text", "segment"} <= set(view)


def test_settings_are_read_only():
    with pytest.raises(ValidationError):
        ModelsSettings().batch = 4
