"""profile YAML < user YAML < environment < command line, with errors that name the file and the line."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from animeflow.errors import SettingsError
from animeflow.settings.tree import Settings

ENV_PREFIX = "ANIMEFLOW__"
_TOKEN = re.compile(
    r"(hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|ms-[0-9a-f]{8}-[0-9a-f-]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,})"
)
_TOKEN_STARTS = ("hf_", "sk-", "ms-", "AKIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_")
Path_ = tuple[str, ...]


@dataclass
class _Layer:
    """Values of one origin, with where each of them stands."""

    values: dict[str, Any]
    origin: str
    lines: dict[Path_, int] = field(default_factory=dict)


def profiles() -> list[str]:
    """Names of the shipped profiles."""
    folder = resources.files("animeflow.settings") / "profiles"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


def load(
    *,
    profile: str | None = None,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> Settings:
    """The resolved tree.

    `overrides` are `key=value` with dotted keys (the value is read as YAML); `values` a nested mapping that counts
    like the command line (Dagster's launchpad). `environment` defaults to the process's; a variable is written
    ANIMEFLOW__MEDIA__AV1__CRF=28.
    Raises SettingsError naming the origin (file and line, variable or option), the key and what is allowed.
    """
    layers = []
    user = _yaml_layer(_text_of(file), str(file)) if file else None
    name = profile or (user.values.get("profile") if user else None) or "embedded"
    # The defaults lie below, so that one option of a chosen kind can be set without naming the kind again.
    layers.append(_Layer(Settings().model_dump(mode="json"), "the defaults"))
    layers.append(_profile_layer(str(name)))
    if user:
        layers.append(user)
    layers.append(_environment_layer(os.environ if environment is None else environment))
    layers.extend(_override_layer(text) for text in overrides)
    if values:
        layers.append(_Layer(dict(values), "the run configuration"))
    return _resolve([*layers, _Layer({"profile": str(name)}, "the profile")])


def dump(settings: Settings) -> str:
    """The resolved tree as YAML, as it is saved next to the results."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def dump_changes(settings: Settings) -> str:
    """Only what differs from the tree's profile, as YAML: `load(file=)` of it gives the tree again.

    A file of the whole tree would tie a workspace to the defaults and keys of one release.
    """
    plain = load(profile=settings.profile, environment={}).model_dump(mode="json")
    changes = _changes(plain, settings.model_dump(mode="json"))
    return yaml.safe_dump({"profile": settings.profile, **changes}, sort_keys=False, allow_unicode=True)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in new.items():
        before = old.get(key)
        if value == before and key in old:
            continue
        nested = before if isinstance(value, Mapping) and isinstance(before, Mapping) else None
        if nested is not None and value.get("kind") == nested.get("kind"):
            found[key] = _changes(nested, value) | ({"kind": value["kind"]} if "kind" in value else {})
        else:
            found[key] = value
    return found


def _resolve(layers: Sequence[_Layer]) -> Settings:
    merged: dict[str, Any] = {}
    for layer in layers:
        _refuse_tokens(layer.values, layer, ())
        merged = _merge(merged, layer.values)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_explain(error, layers)) from None


def _profile_layer(name: str) -> _Layer:
    if name not in profiles():
        raise SettingsError(f"no profile {name!r}; there are: {', '.join(profiles())}")
    text = (resources.files("animeflow.settings") / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    return _yaml_layer(text, f"profile {name}")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{file}: not UTF-8 text (byte {error.start})", hint="save it as UTF-8"
        ) from error
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error


def _yaml_layer(text: str, origin: str) -> _Layer:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{origin}{where}: not valid YAML: {getattr(error, 'problem', error)}") from error
    if values is None:
        return _Layer({}, origin)
    if not isinstance(values, dict):
        raise SettingsError(f"{origin}, line 1: a settings file is a mapping of sections")
    lines: dict[Path_, int] = {}
    try:
        _lines(root, (), lines, origin)
    except RecursionError:
        raise SettingsError(f"{origin}: a value holds itself (an anchor & and its alias *)") from None
    return _Layer(values, origin, lines)


def _lines(node: yaml.Node | None, path: Path_, lines: dict[Path_, int], origin: str) -> None:
    """The line of every key. SettingsError for a key that stands twice: YAML would take the last without a word."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here, line = (*path, str(key.value)), key.start_mark.line + 1
            if here in lines:
                raise SettingsError(
                    f"{origin}, line {line}: {'.'.join(here)} stands in line {lines[here]} already"
                )
            lines[here] = line
            _lines(value, here, lines, origin)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _lines(value, (*path, str(number)), lines, origin)


def _environment_layer(environment: Mapping[str, str]) -> _Layer:
    values: dict[str, Any] = {}
    for name, text in sorted(environment.items()):
        if name.startswith(ENV_PREFIX):
            _put(values, name.removeprefix(ENV_PREFIX).lower().split("__"), _scalar(text, f"variable {name}"))
    return _Layer(values, "the environment")


def _override_layer(text: str) -> _Layer:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingsError(
            f"--set {'…' if _secret(text) else text!r}: write it as key=value, like --set media.av1.encoder.crf=28"
        )
    # What looks like a secret is never said again: then the key alone is the origin.
    values, origin = dict[str, Any](), f"--set {key}" if _secret(value) else f"--set {text}"
    _put(values, key.strip().split("."), _scalar(value, origin))
    return _Layer(values, origin)


def _scalar(text: str, origin: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{origin}: the value is not valid YAML") from error


def _put(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for word in path[:-1]:
        values = values.setdefault(word, {})
    values[path[-1]] = value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; a mapping of another `kind` replaces the old one whole."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        nested = old if isinstance(old, Mapping) and isinstance(value, Mapping) else None
        if nested is not None and value.get("kind", nested.get("kind")) == nested.get("kind"):
            merged[key] = _merge(nested, value)
        else:
            merged[key] = value
    return merged


def _refuse_tokens(value: Any, layer: _Layer, path: Path_) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_tokens(item, layer, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_tokens(item, layer, path)
    elif isinstance(value, str) and _TOKEN.search(value):
        raise SettingsError(
            f"{_where(layer, path)}: {'.'.join(path)} looks like a secret",
            hint="keep tokens in environment variables and name the variable here (token_env)",
        )


def _secret(text: str) -> bool:
    """Whether a text begins like a token, however short, or holds a whole one."""
    return bool(_TOKEN.search(text)) or text.strip(" '\"").startswith(_TOKEN_STARTS)


def _explain(error: ValidationError, layers: Sequence[_Layer]) -> str:
    first = error.errors()[0]
    path = tuple(str(word) for word in first["loc"])
    origin = next((layer for layer in reversed(layers) if _reaches(layer, path)), None)
    where = _where(origin, path) if origin else "the settings"
    if named := _fields_named(first, path):
        text = _between_fields(first, path, named, layers)
    elif first["type"] == "extra_forbidden":
        text = f"{where}: unknown key {'.'.join(path)}{_suggest(path)}"
    else:
        value = _shown(first.get("input"))
        text = f"{where}: {'.'.join(path)} = {value}: {first['msg'].lower()}{_or_null(path)}"
    more = len(error.errors()) - 1
    return f"{text} (and {more} more)" if more else text


def _fields_named(error: Mapping[str, Any], section: Path_) -> dict[str, Any]:
    """{key inside the section: its value} of the fields that a rule between fields speaks of."""
    given, node = error.get("input"), _model_at(section)
    if not isinstance(given, Mapping) or node is None:
        return {}
    found: dict[str, Any] = {}
    for word in re.findall(r"[a-z]\w*(?:\.[a-z]\w*)*", error["msg"]):
        value: Any = given
        model: Any = node
        for key in word.split("."):
            if (
                not (isinstance(model, type) and issubclass(model, BaseModel))
                or key not in model.model_fields
            ):
                break
            field = model.model_fields[key]
            value = value[key] if isinstance(value, Mapping) and key in value else field.get_default()
            model = field.annotation
        else:
            found[word] = value
    return found


def _between_fields(
    error: Mapping[str, Any], section: Path_, named: Mapping[str, Any], layers: Sequence[_Layer]
) -> str:
    """Each field with its value, where the strongest of them was set, and the rule."""
    paths = [(*section, *word.split(".")) for word in named]
    places = [(layer, path) for layer in reversed(layers) for path in paths if _reaches(layer, path)]
    where = _where(*places[0]) if places else "the settings"
    said = [f"{'.'.join(path)}: {_shown(value)}" for path, value in zip(paths, named.values(), strict=True)]
    return f"{where}: {', '.join(said)}: {error['msg'].removeprefix('Value error, ')}"


def _shown(value: Any) -> str:
    """A value as one would write it in YAML, on one line; never a secret."""
    if _secret(str(value)):
        return "…"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    try:
        text = yaml.safe_dump(
            value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
        )
    except yaml.YAMLError:
        return repr(value)
    return text.removesuffix("\n").removesuffix("\n...")


def _tidy(path: Path_, values: Mapping[str, Any]) -> Path_:
    """The part of a pydantic location that is keys of the mapping (a tagged union adds its tag)."""
    found: list[str] = []
    node: Any = values
    for word in path:
        if isinstance(node, Mapping) and word in node:
            found.append(word)
            node = node[word]
    return tuple(found)


def _reaches(layer: _Layer, path: Path_) -> bool:
    found = _tidy(path, layer.values)
    return bool(found) and found[-1] == path[-1]


def _where(layer: _Layer, path: Path_) -> str:
    line = layer.lines.get(_tidy(path, layer.values))
    return f"{layer.origin}, line {line}" if line else layer.origin


def _model_at(path: Path_) -> type[BaseModel] | None:
    """The section of the tree at a path; None where there is none, or several kinds of one."""
    node: Any = Settings
    for word in path:
        if not (isinstance(node, type) and issubclass(node, BaseModel)) or word not in node.model_fields:
            return None
        node = node.model_fields[word].annotation
    return node if isinstance(node, type) and issubclass(node, BaseModel) else None


def _or_null(path: Path_) -> str:
    """What pydantic leaves out of the values that are allowed."""
    node = _model_at(path[:-1])
    field = node.model_fields.get(path[-1]) if path and node is not None else None
    return " or null" if field is not None and type(None) in get_args(field.annotation) else ""


def _suggest(path: Path_) -> str:
    node = _model_at(path[:-1])
    if node is None:
        return ""
    near = difflib.get_close_matches(path[-1], node.model_fields, 1)
    return f"; did you mean {near[0]}?" if near else f"; allowed here: {', '.join(node.model_fields)}"
