"""A model that a stage can do without: there, or absent with the reason that goes beside its nulls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from animeflow.errors import ContractError, LicenceRefused, SettingsError, WeightsMissing
from animeflow.models.registry import chosen

T = TypeVar("T")
NO_KIND = "none"


@dataclass(frozen=True)
class Maybe(Generic[T]):
    """Exactly one of `model` and `reason` is there; `kind` is `none` where nothing was chosen."""

    kind: str
    model: T | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.model is None) == (self.reason is None):
            raise ContractError(f"model {self.kind!r} is either loaded or absent with a reason")


def load_if_present(config: BaseModel | None, load: Callable[[], Any], *, setting: str) -> Maybe[Any]:
    """What `load` gives, or why there is nothing: no kind chosen in `setting`, or no weights, package or licence."""
    if config is None:
        return Maybe(NO_KIND, reason=f"no model is chosen in {setting}")
    kind, _ = chosen(config)
    try:
        return Maybe(kind, model=load())
    except (WeightsMissing, LicenceRefused, SettingsError) as error:
        return Maybe(kind, reason=str(error))
