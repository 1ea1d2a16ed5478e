"""Which kinds of model exist for each task. A kind is a class; registering checks what it declares."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from animeflow.errors import ContractError, SettingsError
from animeflow.models.base import Adapter
from animeflow.models.weights import WeightStore

TASKS = (
    "shots", "text", "score", "segment", "matte", "inpaint", "track", "flow", "embed", "caption", "action",
    "expression", "pose", "separate", "transcribe",
)  # fmt: skip
ENTRY_POINTS = "animeflow.adapters"
DECLARED = {"licence": str, "weights": tuple, "requirements": tuple, "options_model": type}
METHODS = ("load", "close", "tiny", "vram_bytes")

A = TypeVar("A", bound=type[Adapter])

_kinds: dict[tuple[str, str], type[Adapter]] = {}
_discovered: set[str] = set()


def register(task: str, kind: str) -> Callable[[A], A]:
    """Class decorator: the adapter is `kind` of `task`.

    Raises ContractError at import where the task is unknown, the kind is taken, or the class lacks licence, weights,
    requirements, options_model, load, close, tiny or vram_bytes.
    """

    def check(adapter: A) -> A:
        problems = missing_declarations(adapter)
        if task not in TASKS:
            problems.append(f"task {task!r} is not one of {', '.join(TASKS)}")
        if _kinds.get((task, kind), adapter).__qualname__ != adapter.__qualname__:
            problems.append(f"kind {kind!r} is already {_kinds[task, kind].__qualname__}")
        if problems:
            raise ContractError(f"adapter {adapter.__qualname__} ({task}/{kind}): {'; '.join(problems)}")
        adapter.task, adapter.kind = task, kind
        _kinds[task, kind] = adapter
        return adapter

    return check


def missing_declarations(adapter: type) -> list[str]:
    """What an adapter class does not declare, in words."""
    problems = [
        f"{name} is missing or no {wanted.__name__}"
        for name, wanted in DECLARED.items()
        if not isinstance(getattr(adapter, name, None), wanted)
    ]
    for name in METHODS:
        method = getattr(adapter, name, None)
        if not callable(method) or getattr(method, "__isabstractmethod__", False):
            problems.append(f"{name}() is missing")
    if getattr(adapter, "licence", None) == "":
        problems.append("licence is empty")
    return problems


def adapters(task: str) -> Mapping[str, type[Adapter]]:
    """All kinds of a task by name: ours (one module per kind) and those of other packages."""
    discover(task)
    return {kind: adapter for (of, kind), adapter in sorted(_kinds.items()) if of == task}


def all_adapters() -> list[type[Adapter]]:
    """Every registered adapter, in the order of the tasks."""
    return [adapter for task in TASKS for adapter in adapters(task).values()]


def discover(task: str) -> None:
    """Import the modules of a task's folder, and the entry points of other packages, once."""
    if task not in TASKS:
        raise ContractError(f"no task {task!r}", hint=f"known: {', '.join(TASKS)}")
    if task in _discovered:
        return
    folder = importlib.import_module(f"animeflow.models.{task}")
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
    if ENTRY_POINTS not in _discovered:
        for point in metadata.entry_points(group=ENTRY_POINTS):
            point.load()
        _discovered.add(ENTRY_POINTS)
    _discovered.add(task)


def create(config: BaseModel, *, task: str, store: WeightStore | None = None, threads: int = 1) -> Any:
    """The adapter that a settings union chose, not yet loaded; it fulfils the Protocol of `task`.

    Raises SettingsError where the kind does not exist for the task or a plugin refuses its options.
    """
    kind, options = chosen(config)
    known = adapters(task)
    if kind not in known:
        raise SettingsError(f"models.{task}: no kind {kind!r}", hint=f"known: {', '.join(known) or 'none'}")
    adapter = known[kind]
    if isinstance(options, dict):
        try:
            options = adapter.options_model(**options)
        except ValidationError as error:
            raise SettingsError(f"models.{task}: options of {kind!r}: {error}") from error
    return adapter(options, store=store, threads=threads)


def chosen(config: BaseModel) -> tuple[str, BaseModel | dict[str, Any]]:
    """Name and options of a settings value; of a plugin, the name and dict it carries."""
    kind = getattr(config, "kind", None)
    if kind == "plugin":
        return config.name, dict(config.options)  # type: ignore[attr-defined]
    if not isinstance(kind, str):
        raise ContractError(f"{type(config).__name__} has no kind")
    return kind, config
