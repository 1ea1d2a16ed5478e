"""The settings tree as a Dagster config schema, and a run configuration back as nested settings values.

Every field is optional: what the launchpad leaves out comes from the workspace's settings.yaml, the environment and the
profile. So the default that the code knows stands in the description, not in the schema, where it would override them.
A choice by `kind` is a selector: `{fused: {threshold: 0.4}}` stands for `{kind: fused, threshold: 0.4}`.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import dagster as dg
from dagster import Array, EnumValue, Noneable, Permissive, Selector, Shape
from dagster import Enum as ConfigEnum
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

SCALARS: dict[Any, Any] = {bool: dg.Bool, int: dg.Int, float: dg.Float, str: dg.String, Path: dg.String}


def config_of(model: type[BaseModel]) -> Shape:
    """The config type of a settings section, nested sections included."""
    fields = {
        name: dg.Field(
            _type(field.annotation, f"{model.__name__}.{name}"), is_required=False, description=_text(field)
        )
        for name, field in model.model_fields.items()
        if name != "kind"
    }
    return Shape(fields)


def to_values(model: type[BaseModel], config: Mapping[str, Any]) -> dict[str, Any]:
    """Run configuration of `config_of(model)` as nested settings values: selectors become `kind`."""
    return {name: _value(model.model_fields[name].annotation, item) for name, item in config.items()}


def to_config(section: BaseModel) -> dict[str, Any]:
    """The run configuration that stands for a section: `to_values` of it gives the section's values."""
    fields = type(section).model_fields
    return {
        name: _config(field.annotation, getattr(section, name))
        for name, field in fields.items()
        if name != "kind"
    }


def _type(annotation: Any, where: str) -> Any:
    bare, members = _strip(annotation)
    if len(members) > 1 and all(_is_model(member) for member in members):
        return _optional(
            annotation, Selector({_kind(m): dg.Field(config_of(m), is_required=False) for m in members})
        )
    return _optional(annotation, _plain_type(bare, where))


def _plain_type(bare: Any, where: str) -> Any:
    origin, args = get_origin(bare), get_args(bare)
    if _is_model(bare):
        return (
            Selector({_kind(bare): dg.Field(config_of(bare), is_required=False)})
            if _kind(bare)
            else config_of(bare)
        )
    if origin is Literal and all(isinstance(word, str) for word in args):
        return ConfigEnum(_enum_name(where, args), [EnumValue(word) for word in args])
    if origin is Literal:  # a choice of Dagster's holds words alone; the settings refuse other numbers
        return SCALARS[type(args[0])]
    if origin in (tuple, list):
        return Array(_type(args[0], where))
    if origin is dict or bare is dict:
        return Permissive()
    if bare in SCALARS:
        return SCALARS[bare]
    if isinstance(bare, type) and issubclass(bare, Enum):
        return dg.String
    return dg.Any


def _value(annotation: Any, item: Any) -> Any:
    bare, members = _strip(annotation)
    if item is None:
        return None
    if any(_is_model(member) and _kind(member) for member in members):
        ((kind, inside),) = item.items()
        chosen = next(member for member in members if _is_model(member) and _kind(member) == kind)
        return {"kind": kind, **to_values(chosen, inside or {})}
    if _is_model(bare):
        return to_values(bare, item)
    if get_origin(bare) in (tuple, list):
        return [_value(get_args(bare)[0], part) for part in item]
    return item


def _config(annotation: Any, value: Any) -> Any:
    if isinstance(value, BaseModel):
        kind = _kind(type(value))
        return {kind: to_config(value)} if kind else to_config(value)
    if isinstance(value, tuple | list):
        return [_config(annotation, item) for item in value]
    if isinstance(value, dict):
        return {str(key): _config(annotation, item) for key, item in value.items()}
    return str(value) if isinstance(value, Path) else value


def _strip(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The annotation without Annotated and None, and its alternatives."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        members = tuple(_strip(arg)[0] for arg in get_args(annotation) if arg is not type(None))
        return (members[0] if len(members) == 1 else annotation), members
    return annotation, (annotation,)


def _optional(annotation: Any, config_type: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    nullable = get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation)
    return Noneable(config_type) if nullable else config_type


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kind(model: type[BaseModel]) -> str | None:
    """The word that names this alternative of a tagged union, None for an ordinary section."""
    field = model.model_fields.get("kind")
    words = (
        get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()
    )
    return str(words[0]) if len(words) == 1 else None


def _enum_name(where: str, words: tuple[Any, ...]) -> str:
    """Dagster wants one name per set of values."""
    return "".join(part.title() for part in where.replace("_", ".").split(".")) + f"Of{len(words)}"


def _text(field: FieldInfo) -> str:
    default = field.default
    parts = [field.description or ""]
    limits = [str(item) for item in field.metadata if type(item).__name__ in ("Ge", "Gt", "Le", "Lt")]
    if limits:
        parts.append(f"[{', '.join(limits)}]")
    if default is not PydanticUndefined and not isinstance(default, BaseModel):
        parts.append(f"(default: {default})")
    return " ".join(part for part in parts if part)
