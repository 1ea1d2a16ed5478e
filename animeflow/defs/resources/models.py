"""The models of a stage: declared before it runs (their fingerprints are part of its input), loaded at first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from animeflow.defs.wanted import Wanted
from animeflow.models.base import Adapter
from animeflow.models.cache import MODELS
from animeflow.models.device import CPU, Device, apply_threads, candidates, divide_threads, lease
from animeflow.models.optional import Maybe, load_if_present
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
    """The models that one stage asks for by name.

    A model is loaded once per process and shared; those of other groups are released first. A GPU is leased from the
    first load to `close`.
    """

    group: str = ""
    settings: ModelsSettings = field(default_factory=ModelsSettings)
    threads: int = 1
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    _leased: ExitStack = field(default_factory=ExitStack, repr=False)
    _device: Device | None = None

    @cached_property
    def store(self) -> WeightStore:
        """Where weights are found."""
        return WeightStore(self.settings.weights)

    @cached_property
    def adapters(self) -> dict[str, Adapter]:
        """The chosen adapters, not loaded: kind, licence and fingerprint are known without any weights file."""
        return {
            name: create(wanted.config, task=wanted.task, store=self.store, threads=self.threads)
            for name, wanted in self.wanted.items()
            if wanted.config is not None
        }

    @cached_property
    def absent(self) -> dict[str, str]:
        """Optional models whose weights cannot be had here, and why, in one line."""
        found = {
            name: self._why_absent(adapter)
            for name, adapter in self.adapters.items()
            if self.wanted[name].optional
        }
        return {name: why for name, why in found.items() if why}

    @property
    def fingerprints(self) -> dict[str, str]:
        """What of the models goes into the input digest: weights that arrive later make the stage run again."""
        return {
            name: f"{adapter.fingerprint}{' absent' if name in self.absent else ''}"
            for name, adapter in self.adapters.items()
        }

    @cached_property
    def device_type(self) -> str:
        """`cpu` or `cuda`: what the settings lead to on this machine. Asked only where a model is chosen."""
        return candidates(self.settings.device)[0].type if self.adapters else CPU.type

    def get(self, name: str) -> Any:
        """The loaded adapter. Raises WeightsMissing, LicenceRefused, SettingsError or DeviceBusy."""
        wanted = self.wanted[name]
        assert wanted.config is not None, f"{name}: no kind is chosen in {wanted.setting}"
        for other in GROUPS:
            if other != self.group:
                MODELS.release(other)
        return MODELS.get(
            wanted.config,
            task=wanted.task,
            group=self.group,
            store=self.store,
            device=self._lease(),
            dtype=self.settings.dtype,
            threads=divide_threads(self.threads, wanted.at_once),
        )

    def maybe(self, name: str) -> Maybe[Any]:
        """The loaded adapter of an optional model, or why there is none."""
        wanted = self.wanted[name]
        return load_if_present(wanted.config, lambda: self.get(name), setting=wanted.setting)

    def close(self) -> None:
        """Give the device back; the models stay loaded for the next file of this process."""
        self._leased.close()
        self._device = None

    def release(self) -> None:
        """Give the device and the models back: no two stages of a shard share one, and each keeps what it touched."""
        self.close()
        MODELS.release(self.group)

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
