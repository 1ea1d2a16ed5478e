"""profile YAML < user YAML < environment < command line, with errors that name the file and the line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from animeflow.errors import SettingsError
from animeflow.settings.blame import Layer, Path_, explain, is_secret, refuse_tokens
from animeflow.settings.tree import Settings

ENV_PREFIX = "ANIMEFLOW__"


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
    layers.append(Layer(Settings().model_dump(mode="json"), "the defaults"))
    layers.append(_profile_layer(str(name)))
    if user:
        layers.append(user)
    layers.append(_environment_layer(os.environ if environment is None else environment))
    layers.extend(_override_layer(text) for text in overrides)
    if values:
        layers.append(Layer(dict(values), "the run configuration"))
    return _resolve([*layers, Layer({"profile": str(name)}, "the profile")])


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


def _resolve(layers: Sequence[Layer]) -> Settings:
    merged: dict[str, Any] = {}
    for layer in layers:
        refuse_tokens(layer.values, layer, ())
        merged = _merge(merged, layer.values)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(explain(error, layers, merged)) from None


def _profile_layer(name: str) -> Layer:
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


def _yaml_layer(text: str, origin: str) -> Layer:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{origin}{where}: not valid YAML: {getattr(error, 'problem', error)}") from error
    if values is None:
        return Layer({}, origin)
    if not isinstance(values, dict):
        raise SettingsError(f"{origin}, line 1: a settings file is a mapping of sections")
    lines: dict[Path_, int] = {}
    try:
        _lines(root, (), lines, origin)
    except RecursionError:
        raise SettingsError(f"{origin}: a value holds itself (an anchor & and its alias *)") from None
    return Layer(values, origin, lines)


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


def _environment_layer(environment: Mapping[str, str]) -> Layer:
    values: dict[str, Any] = {}
    origins: dict[Path_, str] = {}
    for name, text in sorted(environment.items()):
        if name.startswith(ENV_PREFIX):
            path = tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))
            origins[path] = f"variable {name}"
            _put(values, path, _scalar(text, origins[path]))
    return Layer(values, "the environment", origins=origins)


def _override_layer(text: str) -> Layer:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingsError(
            f"--set {'…' if is_secret(text) else text!r}: write it as key=value, like --set media.av1.encoder.crf=28"
        )
    # What looks like a secret is never said again: then the key alone is the origin.
    values, origin = dict[str, Any](), f"--set {key}" if is_secret(value) else f"--set {text}"
    _put(values, key.strip().split("."), _scalar(value, origin))
    return Layer(values, origin)


def _scalar(text: str, origin: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{origin}: the value is not valid YAML") from error


def _put(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for depth, word in enumerate(path[:-1], 1):
        values = values.setdefault(word, {})
        if not isinstance(values, dict):
            group = ".".join(path[:depth])
            raise SettingsError(
                f"the environment sets {group} to a value and {'.'.join(path)} too; "
                f"{group} is a group of settings: unset {ENV_PREFIX}{'__'.join(path[:depth]).upper()}"
            )
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
