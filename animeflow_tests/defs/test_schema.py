"""Settings as run configuration: whatever the settings take, Dagster takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import dagster as dg
import pytest
from pydantic import BaseModel

from animeflow.defs.resources.schema import config_of, to_config, to_values
from animeflow.settings.load import load
from animeflow.settings.tree import Settings


def choices(model: type[BaseModel] = Settings, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of every setting that is one of several words or numbers."""
    for name, field in model.model_fields.items():
        if get_origin(field.annotation) is tuple:
            continue
        for member in (field.annotation, *get_args(field.annotation)):
            if get_origin(member) is Literal and name != "kind":
                yield from ((f"{path}{name}", value) for value in get_args(member))
            elif (
                isinstance(member, type)
                and issubclass(member, BaseModel)
                and "kind" not in member.model_fields
            ):
                yield from choices(member, f"{path}{name}.")


def test_there_are_choices_of_words_and_of_numbers() -> None:
    assert {type(value) for _, value in choices()} == {str, int}


@pytest.mark.parametrize(("key", "value"), [pytest.param(*one, id=f"{one[0]}={one[1]}") for one in choices()])
def test_every_choice_of_the_settings_passes_through_the_run_configuration(key: str, value: Any) -> None:
    @dg.op(config_schema=config_of(Settings))
    def takes() -> None: ...

    @dg.job
    def job() -> None:
        takes()

    wanted: dict[str, Any] = {}
    inner = wanted
    *groups, last = key.split(".")
    for group in groups:
        inner = inner.setdefault(group, {})
    inner[last] = value
    if key == "media.clips.preset":
        inner["codec"] = "h264"  # of which it is one
    config = {
        name: part for name, part in to_config(load(environment={}, values=wanted)).items() if name in wanted
    }
    assert dg.validate_run_config(job, {"ops": {"takes": {"config": config}}})
    again = load(environment={}, values=to_values(Settings, config))
    for group in groups:
        again = getattr(again, group)
    assert getattr(again, last) == value
