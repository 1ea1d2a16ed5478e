"""The base of every settings section: frozen, strict, documented, and aware of what changes a result."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

NO_DIGEST: JsonDict = {"digest": False}


class Section(BaseModel):
    """A part of the settings tree. Unknown keys and bad ranges are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    def digest_view(self) -> dict[str, Any]:
        """The values that can change a result: fields marked `NO_DIGEST` (paths, threads, batches) are left out."""
        view: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            if _in_digest(field):
                view[name] = _plain(getattr(self, name))
        return view


def no_digest(default: Any, **kwargs: Any) -> Any:
    """A field that cannot change a result: a path, a number of threads, a batch size, a time limit."""
    return Field(default, json_schema_extra=NO_DIGEST, **kwargs)


def _in_digest(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return not (isinstance(extra, dict) and extra.get("digest") is False)


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value.digest_view()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
