"""Loaded models of this process: a model is loaded once, shared by the stages that use it, and released by group."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from animeflow.models.base import Adapter, DType
from animeflow.models.device import CPU, Device, free_device_memory
from animeflow.models.registry import create
from animeflow.models.weights import WeightStore

Key = tuple[str, str, Device, DType, int]


@dataclass
class Entry:
    """A loaded adapter and the groups that hold it."""

    adapter: Adapter
    groups: set[str] = field(default_factory=set)


class ModelCache:
    """Adapters by task, fingerprint, device, precision and threads. Safe between threads; a load blocks the others."""

    def __init__(self) -> None:
        self._entries: dict[Key, Entry] = {}
        self._lock = threading.RLock()

    def get(
        self,
        config: BaseModel,
        *,
        task: str,
        group: str,
        store: WeightStore | None = None,
        device: Device = CPU,
        dtype: DType = "float32",
        threads: int = 1,
    ) -> Any:
        """The loaded adapter that `config` chose, held by `group` until `release(group)`."""
        adapter = create(config, task=task, store=store, threads=threads)
        key = (task, adapter.fingerprint, device, dtype, threads)
        with self._lock:
            if key not in self._entries:
                adapter.load(device, dtype)
                self._entries[key] = Entry(adapter)
            entry = self._entries[key]
            entry.groups.add(group)
            return entry.adapter

    def release(self, group: str) -> int:
        """Give up what `group` holds; models that nobody else holds are closed. Returns how many."""
        with self._lock:
            for entry in self._entries.values():
                entry.groups.discard(group)
            unused = [key for key, entry in self._entries.items() if not entry.groups]
            for key in unused:
                self._entries.pop(key).adapter.close()
        if unused:
            free_device_memory()
        return len(unused)

    def __len__(self) -> int:
        return len(self._entries)


MODELS = ModelCache()
"""The cache of this process."""
