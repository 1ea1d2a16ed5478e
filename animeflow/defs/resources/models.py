"""The models of a stage: declared before it runs (their fingerprints are part of its input), loaded at first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from animeflow.models.base import Adapter
from animeflow.models.cache import MODELS
from animeflow.models.device import CPU, Device, apply_threads, candidates, lease
from animeflow.models.registry import create
from animeflow.models.weights import WeightStore
from animeflow.settings.models import ModelsSettings
from animeflow.settings.tree import Settings
from animeflow.tables.stages import GROUPS


def cpu_threads(settings: Settings) -> int:
    """CPU threads that the whole process may use."""
    return settings.run.threads or os.cpu_count() or 1


@dataclass
class Models:
    """The models that one stage asks for by name; {name: (task, the settings value that chose a kind)}.

    A model is loaded once per process and shared; those of other groups are released first. A GPU is leased from the
    first load to `close`.
    """

    group: str = ""
    settings: ModelsSettings = field(default_factory=ModelsSettings)
    threads: int = 1
    wanted: Mapping[str, tuple[str, BaseModel]] = field(default_factory=dict)
    optional: tuple[
        str, ...
    ] = ()  # names without which the stage still runs: `get` gives None where weights are absent
    _leased: ExitStack = field(default_factory=ExitStack, repr=False)
    _device: Device | None = None

    @cached_property
    def store(self) -> WeightStore:
        """Where weights are found."""
        return WeightStore(self.settings.weights)

    @cached_property
    def adapters(self) -> dict[str, Adapter]:
        """The adapters, not loaded: kind, licence and fingerprint are known without any weights file."""
        return {
            name: create(config, task=task, store=self.store, threads=self.threads)
            for name, (task, config) in self.wanted.items()
        }

    @cached_property
    def absent(self) -> dict[str, str]:
        """Optional models whose weights cannot be had here, and why, in one line."""
        found = {}
        for name in self.optional:
            if name in self.wanted and (why := self._why_absent(self.adapters[name])):
                found[name] = why
        return found

    @property
    def fingerprints(self) -> dict[str, str]:
        """What of the models goes into the input digest: weights that arrive later make the stage run again."""
        return {
            name: f"{adapter.fingerprint}{' absent' if name in self.absent else ''}"
            for name, adapter in self.adapters.items()
        }

    @cached_property
    def device_type(self) -> str:
        """`cpu` or `cuda`: what the settings lead to on this machine. Asked only where a model is wanted."""
        return candidates(self.settings.device)[0].type if self.wanted else CPU.type

    def get(self, name: str) -> Any:
        """The loaded adapter; None for one that is not wanted, or optional and absent.

        Raises WeightsMissing, LicenceRefused or DeviceBusy.
        """
        if name not in self.wanted or name in self.absent:
            return None
        task, config = self.wanted[name]
        for other in GROUPS:
            if other != self.group:
                MODELS.release(other)
        return MODELS.get(
            config,
            task=task,
            group=self.group,
            store=self.store,
            device=self._lease(),
            dtype=self.settings.dtype,
            threads=self.threads,
        )

    def close(self) -> None:
        """Give the device back; the models stay loaded for the next stage of the group."""
        self._leased.close()
        self._device = None

    def _why_absent(self, adapter: Adapter) -> str:
        for state in self.store.list(adapter.weights) if adapter.weights else ():
            if not state.commercial and not self.settings.weights.accept_noncommercial:
                return f"licence: weights {state.id} are under {state.licence}, which was not accepted"
            if state.path is None and self.settings.weights.offline:
                return f"weights_missing: {state.id} (animeflow weights fetch {state.id})"
        return ""

    def _lease(self) -> Device:
        if self._device is None:
            devices = candidates(self.settings.device)
            self._device = self._leased.enter_context(lease(devices, timeout_s=self.settings.lease_timeout_s))
            apply_threads(self.threads)
        return self._device
