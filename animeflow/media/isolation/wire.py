"""Messages between this process and its decoding worker: JSON with raw parts beside it. No pickle: a worker that a
hostile file has taken over must not be able to run code here.

A message is `AFW1`, the length of its JSON (uint32), the JSON, and the parts whose lengths `parts` of the JSON names.
Values travel as JSON; arrays and bytes as parts; Arrow tables as IPC streams; paths, fractions and tuples as what they
are; dataclasses and settings of this package by name, rebuilt by their own constructors.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from animeflow.errors import ContractError

MAGIC = b"AFW1"
HEAD = struct.Struct("<4sI")
MAX_JSON_BYTES = 1 << 30
TAG = "$"
ROOM = "animeflow."  # classes of this package alone are rebuilt

Buffer = bytes | bytearray | memoryview


def encode(kind: str, value: Any) -> list[Buffer]:
    """A message as the buffers to write one after the other."""
    packer = _Packer()
    body = packer.pack(value)
    parts = packer.parts
    text = json.dumps({"kind": kind, "body": body, "parts": [len(part) for part in parts]}).encode()
    return [HEAD.pack(MAGIC, len(text)) + text, *parts]


def json_length(head: Buffer) -> int:
    """Length of the JSON that follows these eight bytes. Raises ContractError for anything else than a message."""
    magic, length = HEAD.unpack(head)
    if magic != MAGIC or length > MAX_JSON_BYTES:
        raise ContractError("what came from the worker is no message")
    return int(length)


def decode(body: Any, parts: Sequence[bytearray]) -> Any:
    """The value of a message. Raises ContractError where it cannot be read."""
    return _Unpacker(parts).unpack(body)


def read_head(text: Buffer, *, max_bytes: int) -> tuple[str, Any, list[int]]:
    """(kind, body, lengths of the parts) of the JSON of a message, checked."""
    try:
        found = json.loads(bytes(text))
        kind, body, parts = str(found["kind"]), found["body"], [int(length) for length in found["parts"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(f"what came from the worker is no message: {error}") from error
    if any(length < 0 for length in parts) or sum(parts) > max_bytes:
        raise ContractError(f"the worker sent a message of {sum(parts)} bytes, more than {max_bytes}")
    return kind, body, parts


def function_named(name: str) -> Callable[..., Any]:
    """The function `package.module:function`. Only this process's own code names functions, never a worker."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), attribute)
    return found


class _Packer:
    def __init__(self) -> None:
        self.parts: list[Buffer] = []

    def pack(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, Mapping):
            return {TAG: "map", "v": [[self.pack(k), self.pack(v)] for k, v in value.items()]}
        if isinstance(value, list):
            return [self.pack(item) for item in value]
        if isinstance(value, tuple):
            return {TAG: "tuple", "v": [self.pack(item) for item in value]}
        return self._special(value)

    def _special(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                raise ContractError("an array of objects cannot go to or from a worker")
            flat = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
            return {TAG: "array", "type": value.dtype.str, "shape": list(value.shape), "v": self._part(flat)}
        if isinstance(value, bytes | bytearray):
            return {TAG: "bytes", "v": self._part(bytes(value))}
        if isinstance(value, pa.Table):
            return {TAG: "table", "v": self._part(_ipc(value))}
        if isinstance(value, Path):
            return {TAG: "path", "v": str(value)}
        if isinstance(value, Fraction):
            return {TAG: "fraction", "v": [value.numerator, value.denominator]}
        if isinstance(value, BaseModel):
            fields = {name: getattr(value, name) for name in type(value).model_fields}
            return {TAG: "model", "of": _name(type(value)), "v": self.pack(fields)}
        if isinstance(value, str | int | float | np.generic):  # enums, numpy's numbers
            return _plain(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
            return {TAG: "data", "of": _name(type(value)), "v": self.pack(fields)}
        raise ContractError(f"a {type(value).__name__} cannot go to or from a worker")

    def _part(self, data: Any) -> int:
        view = memoryview(data)
        self.parts.append(view.cast("B") if view.nbytes else b"")
        return len(self.parts) - 1


class _Unpacker:
    def __init__(self, parts: Sequence[bytearray]) -> None:
        self._parts = parts

    def unpack(self, body: Any) -> Any:
        if isinstance(body, list):
            return [self.unpack(item) for item in body]
        if not isinstance(body, dict):
            return body
        try:
            return getattr(self, f"_{body[TAG]}")(body)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise ContractError(f"a value from a worker cannot be read: {error!r}") from error

    def _map(self, body: Any) -> dict[Any, Any]:
        return {self.unpack(key): self.unpack(value) for key, value in body["v"]}

    def _tuple(self, body: Any) -> tuple[Any, ...]:
        return tuple(self.unpack(item) for item in body["v"])

    def _array(self, body: Any) -> np.ndarray:
        kind = np.dtype(body["type"])
        if kind.hasobject:
            raise ContractError("an array of objects cannot come from a worker")
        data = self._parts[body["v"]]
        return np.frombuffer(data, kind).reshape(body["shape"]) if data else np.empty(body["shape"], kind)

    def _bytes(self, body: Any) -> bytes:
        return bytes(self._parts[body["v"]])

    def _table(self, body: Any) -> pa.Table:
        with pa.ipc.open_stream(pa.py_buffer(self._parts[body["v"]])) as stream:
            table = stream.read_all()
        table.validate(full=True)
        return table

    def _path(self, body: Any) -> Path:
        return Path(body["v"])

    def _fraction(self, body: Any) -> Fraction:
        return Fraction(*body["v"])

    def _model(self, body: Any) -> Any:
        return _class(body["of"], lambda found: issubclass(found, BaseModel)).model_validate(
            self._map(body["v"])
        )

    def _data(self, body: Any) -> Any:
        return _class(body["of"], dataclasses.is_dataclass)(**self._map(body["v"]))


def _ipc(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _plain(value: Any) -> Any:
    """The JSON value of a subclass of str or a number."""
    if isinstance(value, np.generic):
        return value.item()
    return next(kind(value) for kind in (str, int, float) if isinstance(value, kind))


def _name(kind: type) -> str:
    if not kind.__module__.startswith(ROOM):
        raise ContractError(f"{kind.__module__}.{kind.__qualname__} cannot go to or from a worker")
    return f"{kind.__module__}:{kind.__qualname__}"


def _class(name: str, allowed: Callable[[Any], bool]) -> Any:
    module, _, attribute = name.partition(":")
    found = getattr(import_module(module), attribute) if module.startswith(ROOM) else None
    if not isinstance(found, type) or not allowed(found):
        raise ContractError(f"{name!r} cannot come from a worker")
    return found
