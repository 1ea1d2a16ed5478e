"""What is said of a wrong setting: where it was set, its key as it was given, and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from animeflow.errors import SettingsError
from animeflow.settings.tree import Settings

_TOKEN = re.compile(
    r"(hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|ms-[0-9a-f]{8}-[0-9a-f-]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,})"
)
_TOKEN_STARTS = ("hf_", "sk-", "ms-", "AKIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_")
# What pydantic calls a value where keys of its own are expected.
_NO_GROUP = ("model_type", "model_attributes_type", "dict_type")
_OURS = "Value error, "  # what pydantic puts before the words of our own rules
_ABSENT = object()
Path_ = tuple[str, ...]


@dataclass
class Layer:
    """Values of one origin, with where each of them stands."""

    values: dict[str, Any]
    origin: str
    lines: dict[Path_, int] = field(default_factory=dict)
    origins: dict[Path_, str] = field(
        default_factory=dict
    )  # of single keys, where they have one of their own


def refuse_tokens(value: Any, layer: Layer, path: Path_) -> None:
    """SettingsError where a text of the layer looks like a secret."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            refuse_tokens(item, layer, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_tokens(item, layer, path)
    elif isinstance(value, str) and _TOKEN.search(value):
        raise SettingsError(
            f"{_where(layer, path)}: {'.'.join(path)} looks like a secret",
            hint="keep tokens in environment variables and name the variable here (token_env)",
        )


def is_secret(text: str) -> bool:
    """Whether a text begins like a token, however short, or holds a whole one."""
    return bool(_TOKEN.search(text)) or text.strip(" '\"").startswith(_TOKEN_STARTS)


def explain(error: ValidationError, layers: Sequence[Layer], merged: Mapping[str, Any]) -> str:
    """The first error and how many more there are: those of options and variables come before the lines of a file."""
    said = sorted((_fault(one, layers, merged) for one in error.errors()), key=itemgetter(0))
    text, more = said[0][1], len(said) - 1
    return f"{text} (and {more} more)" if more else text


def _fault(error: Mapping[str, Any], layers: Sequence[Layer], merged: Mapping[str, Any]) -> tuple[int, str]:
    """One error: its line (0 where it stands in no file) and its text."""
    path = _keys(error["loc"], merged)
    named = _fields_named(error, path, merged)
    paths = [(*path, *word.split(".")) for word in named] or [path]
    layer, at = _place(layers, paths)
    where = _where(layer, at)
    if named:
        text = _between_fields(error, where, dict(zip(paths, named.values(), strict=True)))
    elif error["type"] == "extra_forbidden":
        text = f"{where}: unknown key {'.'.join(path)}{_suggest(path, merged)}"
    else:
        text = (
            f"{where}: {'.'.join(path)} = {_shown(error.get('input'))}: {_rule(error, path, layer, merged)}"
        )
    return _line(layer, at), text


def _rule(error: Mapping[str, Any], path: Path_, layer: Layer, merged: Mapping[str, Any]) -> str:
    """What is allowed, in our words where pydantic's speak of classes."""
    if error["type"] in _NO_GROUP:
        written = "KEY: VALUE inside it" if layer.lines else f"{'.'.join(path)}.KEY=VALUE"
        return f"is a group of settings; write {written}"
    message = str(error["msg"]).removeprefix(_OURS)
    more = "" if error["type"] == "value_error" else _or_null(path, merged)  # our own rules say all
    return f"{message[:1].lower()}{message[1:]}{more}"


def _fields_named(error: Mapping[str, Any], section: Path_, merged: Mapping[str, Any]) -> dict[str, Any]:
    """{key inside the section: its value} of the fields that a rule between fields speaks of."""
    given, node = error.get("input"), _model_at(section, merged)
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


def _between_fields(error: Mapping[str, Any], where: str, named: Mapping[Path_, Any]) -> str:
    """Each field with its value, where the strongest of them was set, and the rule."""
    said = [f"{'.'.join(path)}: {_shown(value)}" for path, value in named.items()]
    return f"{where}: {', '.join(said)}: {error['msg'].removeprefix(_OURS)}"


def _shown(value: Any) -> str:
    """A value as one would write it in YAML, on one line; never a secret."""
    if is_secret(str(value)):
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


def _keys(location: Sequence[str | int], merged: Mapping[str, Any]) -> Path_:
    """The keys of a pydantic location. It also names the kind where one of several was chosen, which nobody wrote."""
    found: list[str] = []
    node: Any = merged
    for word in location:
        if isinstance(node, Mapping) and word not in node and word == node.get("kind"):
            continue
        found.append(str(word))
        node = _inside(node, str(word))
    return _as_given(tuple(found), merged)


def _as_given(path: Path_, merged: Mapping[str, Any]) -> Path_:
    """The key by its old name, one section up, where it was given so (`media.av1.crf` is `encoder.crf` there)."""
    section, word = path[:-2], path[-1:]
    model, node = _model_at(section, merged), _value_at(section, merged)
    if model is None or not isinstance(node, Mapping) or not word or word[0] in model.model_fields:
        return path
    return (*section, *word) if word[0] in node else path


def _value_at(path: Path_, values: Mapping[str, Any]) -> Any:
    """What stands at a path; `_ABSENT` where nothing does."""
    node: Any = values
    for word in path:
        node = _inside(node, word)
    return node


def _inside(node: Any, word: str) -> Any:
    """The value at a key or a place of a list; `_ABSENT` where there is none."""
    if isinstance(node, Mapping):
        return node.get(word, _ABSENT)
    if isinstance(node, list | tuple) and word.isdecimal() and int(word) < len(node):
        return node[int(word)]
    return _ABSENT


def _place(layers: Sequence[Layer], paths: Sequence[Path_]) -> tuple[Layer, Path_]:
    """The strongest layer that sets one of these; where none does (a key is missing), what is around it."""
    for up in range(max(map(len, paths)) + 1):
        for layer in reversed(layers):
            for path in paths:
                if _reaches(layer, around := path[: max(len(path) - up, 0)]):
                    return layer, around
    return Layer({}, "the settings"), ()


def _reaches(layer: Layer, path: Path_) -> bool:
    return bool(path) and _value_at(path, layer.values) is not _ABSENT


def _where(layer: Layer, path: Path_) -> str:
    line = _line(layer, path)
    around = (layer.origins.get(path[:length]) for length in range(len(path), 0, -1))
    origin = next((one for one in around if one), layer.origin)
    return f"{origin}, line {line}" if line else origin


def _line(layer: Layer, path: Path_) -> int:
    """The line of a key of a file, or of what is around it; 0 where the layer is no file."""
    found = (layer.lines.get(path[:length]) for length in range(len(path), 0, -1))
    return next((line for line in found if line), 0)


def _model_at(path: Path_, merged: Mapping[str, Any]) -> type[BaseModel] | None:
    """The section of the tree at a path, where there are several kinds the chosen one; None where there is none."""
    kinds = _kinds_at(path, merged)
    if len(kinds) < 2:
        return kinds[0] if kinds else None
    chosen = _inside(_value_at(path, merged), "kind")
    return next((kind for kind in kinds if _tag(kind) == chosen), None)


def _kinds_at(path: Path_, merged: Mapping[str, Any]) -> list[type[BaseModel]]:
    """All sections that may stand at a path: none, one, or one per kind."""
    if not path:
        return [Settings]
    around = _model_at(path[:-1], merged)
    field = around.model_fields.get(path[-1]) if around is not None else None
    return [] if field is None else _sections(field.annotation)


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """The sections of `Section`, `Section | None` and `Section | OtherSection`; none of a list of sections."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) not in (Union, UnionType, Annotated):
        return []
    return [section for part in get_args(annotation) for section in _sections(part)]


def _tag(section: type[BaseModel]) -> str:
    """The word that chooses a section of several kinds."""
    return str(get_args(section.model_fields["kind"].annotation)[0])


def _or_null(path: Path_, merged: Mapping[str, Any]) -> str:
    """What pydantic leaves out of the values that are allowed."""
    node = _model_at(path[:-1], merged)
    field = node.model_fields.get(path[-1]) if path and node is not None else None
    return " or null" if field is not None and type(None) in get_args(field.annotation) else ""


def _suggest(path: Path_, merged: Mapping[str, Any]) -> str:
    """The nearest key; else all keys, and of which other kind the word is one."""
    node = _model_at(path[:-1], merged)
    if node is None:
        return ""
    keys, word = ", ".join(node.model_fields), path[-1]
    others = [_tag(kind) for kind in _kinds_at(path[:-1], merged) if word in kind.model_fields]
    if others:  # no slip of the hand: the nearest key would mislead
        return f"; kind {_tag(node)} has {keys}; {word} is a key of kind {' and '.join(others)}"
    near = difflib.get_close_matches(word, node.model_fields, 1)
    return f"; did you mean {near[0]}?" if near else f"; allowed here: {keys}"
